"""Build the two wheels, ``consentcore`` and ``consentcore-resource``, into ``dist/`` or the folder that is named.

The second one is the part that an API installs: ``consentcore.resource`` and what it stands on, laid beside the files
of ``distributions/consentcore-resource`` and built there. Its files are those of the first one to the letter, so that
an environment that has both, in whatever order they came, has what each of them needs.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESOURCE = ROOT / "distributions" / "consentcore-resource"
RESOURCE_PARTS = ("__init__.py", "hosts.py", "py.typed", "jose", "resource")
"""Of ``consentcore/``. The first one imports nothing before somebody makes the server's application."""
NOT_SOURCE = shutil.ignore_patterns(
    ".git", ".venv", ".uv", ".*_cache", "__pycache__", "*.egg-info", "build", "dist", "var", "_build", ".demo"
)


class CommandError(Exception):
    """A command has failed. The text shows what it wrote."""


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run to the end and return stdout.

    :raises CommandError: when it does not end with 0.
    """
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        shown = " ".join(Path(str(part)).name for part in command)
        raise CommandError(f"{shown}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def build_server(work: Path) -> Path:
    """The wheel ``consentcore``: sdist, then the wheel from the sdist, in a copy, since a build leaves files behind."""
    source = work / "server"
    shutil.copytree(ROOT, source, ignore=NOT_SOURCE, symlinks=True)
    return _built(source, work / "server-dist")


def build_resource(work: Path) -> Path:
    """The wheel ``consentcore-resource``, by the same way."""
    source = work / "resource"
    shutil.copytree(RESOURCE, source)
    shutil.copy2(ROOT / "LICENSE", source)
    package = source / "consentcore"
    package.mkdir()
    for name in RESOURCE_PARTS:
        part = ROOT / "consentcore" / name
        if part.is_dir():
            shutil.copytree(part, package / name, ignore=NOT_SOURCE)
        else:
            shutil.copy2(part, package)
    return _built(source, work / "resource-dist")


def build_in(source: Path, target: Path) -> Path:
    """The wheel of a package of which only the wheel is wanted, built in its own folder."""
    run(sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", target, cwd=source)
    (wheel,) = target.glob("*.whl")
    return wheel


def _built(source: Path, target: Path) -> Path:
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", target, cwd=source)
    (wheel,) = target.glob("*.whl")
    return wheel


def main() -> int:
    """Exit 0 with both wheels in place, 1 with the reason."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="consentcore-wheel-") as folder:
        try:
            for build in (build_server, build_resource):
                print(shutil.copy2(build(Path(folder)), target))
        except CommandError as error:
            print(f"wheel: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
