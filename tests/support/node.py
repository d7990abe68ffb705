"""Running a script on Node.js: the machine's, or the one that ``scripts/ensure_node.sh`` has put into ``.node``."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.missing import missing

ROOT = Path(__file__).parents[2]
INTEROP = ROOT / "tests" / "interop"


def node_program() -> str:
    """The program to start. A loud skip where something is missing, a failure in CI."""
    own = ROOT / ".node" / "bin" / "node"
    node = str(own) if own.exists() else shutil.which("node")
    if node and (INTEROP / "node_modules" / ".stamp").exists():
        return node
    return missing("Node.js or the packages of tests/interop: sh scripts/ensure_node.sh", "REQUIRE_NODE")


@contextmanager
def node_process(script: str, *arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """A running script of ``tests/interop`` with pipes for its input and output; ended with the block."""
    process = subprocess.Popen(
        [node_program(), str(INTEROP / script), *arguments],
        cwd=INTEROP,
        env={**os.environ, "NODE_NO_WARNINGS": "1", **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()
