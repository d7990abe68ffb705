"""Builds the wheels of plugins/ into wheels/; run once, with the environment of commit 26e6d57 (see README.md)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
EPOCH = "1795996800"  # 2026-11-30: the wheels are the same bytes whoever builds them


def main() -> None:
    """Build each plugin in a copy, so that nothing is left beside its sources."""
    for source in sorted((HERE / "plugins").iterdir()):
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / source.name
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("tests", "__pycache__"))
            code = f"from setuptools import build_meta; build_meta.build_wheel({str(HERE / 'wheels')!r})"
            environ = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
            subprocess.run([sys.executable, "-c", code], cwd=copy, env=environ, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
