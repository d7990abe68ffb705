"""Building a program of ``tests/interop`` with Maven."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.support.missing import missing

INTEROP = Path(__file__).parents[1] / "interop"


def java_command(name: str, folder: Path, main: str) -> list[str]:
    """Build it into ``folder``; what starts it. A loud skip where Java, Maven or the libraries cannot be had, a failure
    in CI.

    :param main: its main class.
    """
    java, maven = shutil.which("java"), shutil.which("mvn")
    why = "Java or Maven is missing"
    if java and maven:
        here = folder / name
        shutil.copytree(INTEROP / name, here, ignore=shutil.ignore_patterns("target"))
        wanted = ("compile", "dependency:build-classpath", "-Dmdep.outputFile=target/classpath")
        built = subprocess.run(
            [maven, "-q", "-B", *wanted], cwd=here, capture_output=True, text=True, check=False
        )
        if built.returncode == 0:
            path = f"{here / 'target' / 'classes'}{os.pathsep}{(here / 'target' / 'classpath').read_text().strip()}"
            return [java, "-cp", path, main]
        why = f"Maven cannot build tests/interop/{name}: {(built.stdout + built.stderr)[-500:]}"
    return missing(why, "REQUIRE_JAVA")
