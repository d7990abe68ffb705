"""Build the wheel and use it the way an operator does: clean environment, no checkout in sight.

Catches what an editable install hides: a package or template that is missing from the wheel, and a library that
the code imports but ``install_requires`` does not name (the environment gets nothing else).
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = ROOT / ".uv" / "bin" / "uv"
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0
PAGES = ("/livez", "/readyz", "/login", "/.well-known/oauth-authorization-server")
NOT_SOURCE = shutil.ignore_patterns(
    ".git", ".venv", ".uv", ".*_cache", "__pycache__", "*.egg-info", "build", "dist", "var", "_build", ".demo"
)


class SmokeError(Exception):
    """Something that works in the checkout does not work from the wheel."""


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run to the end and return stdout; a failure shows what the command wrote."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        shown = " ".join(Path(str(part)).name for part in command)
        raise SmokeError(f"{shown}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def build(work: Path) -> Path:
    """Build sdist, then the wheel from the sdist, in a copy: a build leaves files behind, the tree is shared."""
    source = work / "source"
    shutil.copytree(ROOT, source, ignore=NOT_SOURCE, symlinks=True)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", work / "dist", cwd=source)
    (wheel,) = (work / "dist").glob("*.whl")
    return wheel


def check_content(wheel: Path) -> None:
    """Nothing in the wheel may claim an import name that is not ours."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    strangers = {name.split("/")[0] for name in names if not re.match(r"consentcore(_[a-z]+)*[-/]", name)}
    if strangers:
        raise SmokeError(f"the wheel holds top-level names that are not ours: {', '.join(sorted(strangers))}")
    if not any(name.startswith("consentcore_templates/") and name.endswith(".jinja2") for name in names):
        raise SmokeError("the wheel holds no templates; see [options.package_data] in setup.cfg")


def install(wheel: Path, work: Path) -> Path:
    """Install the wheel and what it asks for, at the locked versions; returns the environment's bin folder."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    # Constraints without hashes: the wheel just built has none in the lock, and one hash demands all.
    pins = re.findall(r"^([A-Za-z0-9][^\s;]*==[^\s;]+(?: ; [^\\\n]+)?)", lock, flags=re.MULTILINE)
    constraints = work / "constraints.txt"
    constraints.write_text("\n".join(pins) + "\n", encoding="utf-8")
    venv = work / "venv"
    if UV.exists():
        uv = ("sh", ROOT / "scripts" / "uv.sh")
        python = venv / "bin" / "python"
        run(*uv, "venv", "-q", "--python", sys.executable, venv, cwd=work)
        run(*uv, "pip", "install", "-q", "--python", python, "-c", constraints, wheel, cwd=work)
    else:
        run(sys.executable, "-m", "venv", venv, cwd=work)
        run(venv / "bin" / "python", "-m", "pip", "install", "-q", "-c", constraints, wheel, cwd=work)
    return venv / "bin"


def bundled_plugins() -> list[str]:
    """The names under which setup.cfg registers the bundled plugins."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = config["options.entry_points"]["consentcore.plugins"].split("\n")
    return [line.split("=")[0].strip() for line in lines if line.strip()]


def check_commands(consentcore: Path, ini: Path, env: dict[str, str]) -> None:
    """The commands that an operator types first."""
    run(consentcore, "--help", cwd=ini.parent, env=env)
    listed = run(consentcore, "plugins", "list", cwd=ini.parent, env=env)
    missing = [name for name in bundled_plugins() if name not in listed]
    if missing:
        raise SmokeError(f"plugins list does not show {', '.join(missing)}:\n{listed}")
    run(consentcore, "init", "-c", ini, cwd=ini.parent, env=env)
    run(consentcore, "init", "-c", ini, cwd=ini.parent, env=env)


def wait_for_address(log: Path, server: subprocess.Popen[bytes]) -> str:
    """The address that the server says it listens on."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and server.poll() is None:
        found = re.search(r"listening on (http://\S+)", log.read_text(encoding="utf-8", errors="replace"))
        if found:
            return found.group(1).rstrip("/")
        time.sleep(0.1)
    raise SmokeError(f"serve did not come up:\n{log.read_text(encoding='utf-8', errors='replace')}")


def check_server(consentcore: Path, ini: Path, env: dict[str, str]) -> None:
    """Serve, ask for a page of every kind, stop with SIGTERM."""
    log = ini.parent / "serve.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [consentcore, "serve", "-c", ini],
            cwd=ini.parent,
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        address = wait_for_address(log, server)
        for page in PAGES:
            with urllib.request.urlopen(address + page, timeout=10) as answer:  # noqa: S310 - our own loopback address
                if answer.status != 200:
                    raise SmokeError(f"GET {page}: {answer.status}")
        server.send_signal(signal.SIGTERM)
        if server.wait(STOP_TIMEOUT_S) != 0:
            raise SmokeError(
                f"serve ended with {server.returncode} after SIGTERM:\n{log.read_text(encoding='utf-8')}"
            )
    except OSError as error:
        shown = log.read_text(encoding="utf-8", errors="replace")
        raise SmokeError(f"{page}: {error}\n{shown}") from error
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()


def smoke(work: Path) -> None:
    """Run all steps in ``work``."""
    wheel = build(work)
    check_content(wheel)
    bin_folder = install(wheel, work)
    site = work / "site"
    site.mkdir()
    ini = site / "development.ini"
    text = (ROOT / "development.ini").read_text(encoding="utf-8")
    # Port 0: the smoke test must not collide with a server that somebody runs.
    ini.write_text(re.sub(r"(?m)^listen\s*=.*$", "listen = 127.0.0.1:0", text), encoding="utf-8")
    env = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PYTHON", "CONSENTCORE_", "VIRTUAL_ENV"))
    }
    env["PATH"] = f"{bin_folder}{os.pathsep}{env.get('PATH', '')}"
    check_commands(bin_folder / "consentcore", ini, env)
    check_server(bin_folder / "consentcore", ini, env)
    print(f"wheel: {wheel.name} ({wheel.stat().st_size // 1024} kB) installs, initialises, serves and stops")


def main() -> int:
    """Exit 0 when the wheel works, 1 with the reason when not."""
    with tempfile.TemporaryDirectory(prefix="consentcore-wheel-") as folder:
        try:
            smoke(Path(folder))
        except (SmokeError, subprocess.TimeoutExpired) as error:
            print(f"wheel: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
