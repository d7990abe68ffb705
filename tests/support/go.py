"""Building a program of ``tests/interop`` with Go."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.support.missing import missing

INTEROP = Path(__file__).parents[1] / "interop"


def go_program(name: str, folder: Path) -> Path:
    """Build it into ``folder``. A loud skip where Go or its modules cannot be had, a failure in CI."""
    go, made = shutil.which("go"), folder / name
    why = "Go is missing"
    if go:
        environ = {**os.environ, "GOFLAGS": "-mod=readonly"}
        built = subprocess.run(
            [go, "build", "-o", str(made), "."],
            cwd=INTEROP / name,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        if built.returncode == 0:
            return made
        why = f"Go cannot build tests/interop/{name}: {built.stderr[-500:]}"
    return missing(why, "REQUIRE_GO")
