"""Build the wheels and use them as an operator and the maker of an API do: clean environments, no checkout in sight.

Catches what an editable install hides: a package or template that is missing from a wheel, and a library that the code
imports but ``install_requires`` does not name (the environment gets nothing else). What stands, stays in ``dist/``.
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

from build_wheels import CommandError, build_resource, build_server, run
from play_examples import PlayError, build_examples, play

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
UV = ROOT / ".uv" / "bin" / "uv"
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0
PAGES = ("/livez", "/readyz", "/login", "/.well-known/oauth-authorization-server")
RESOURCE_BRINGS = {"consentcore-resource", "joserfc", "cryptography", "cffi", "pycparser", "idna"}
INSTALLERS = {"pip", "setuptools"}
"""What an environment has of its own."""


class SmokeError(Exception):
    """Something that works in the checkout does not work from the wheel."""


def check_content(wheel: Path) -> None:
    """Nothing in the wheel may claim an import name that is not ours."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    strangers = {name.split("/")[0] for name in names if not re.match(r"consentcore(_[a-z0-9]+)*[-/]", name)}
    if strangers:
        raise SmokeError(f"the wheel holds top-level names that are not ours: {', '.join(sorted(strangers))}")
    if not any(name.startswith("consentcore_templates/") and name.endswith(".jinja2") for name in names):
        raise SmokeError("the wheel holds no templates; see [options.package_data] in setup.cfg")


def check_same(server: Path, resource: Path) -> None:
    """What both wheels hold has to be the same: whichever is installed last overwrites the other's."""
    with zipfile.ZipFile(server) as whole, zipfile.ZipFile(resource) as part:
        names = [name for name in part.namelist() if ".dist-info/" not in name]
        differing = [name for name in names if whole.read(name) != part.read(name)]
    if differing:
        raise SmokeError(f"the wheels differ in {', '.join(differing)}")


def constraints(work: Path) -> Path:
    """The locked versions. Without hashes: a wheel just built has none in the lock, and one hash demands all."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^([A-Za-z0-9][^\s;]*==[^\s;]+(?: ; [^\\\n]+)?)", lock, flags=re.MULTILINE)
    written = work / "constraints.txt"
    written.write_text("\n".join(pins) + "\n", encoding="utf-8")
    return written


def environment(venv: Path) -> Path:
    """Make an environment that is empty; returns its bin folder."""
    if UV.exists():
        run("sh", ROOT / "scripts" / "uv.sh", "venv", "-q", "--python", sys.executable, venv, cwd=venv.parent)
    else:
        run(sys.executable, "-m", "venv", venv, cwd=venv.parent)
    return venv / "bin"


def install(wheel: Path, bin_folder: Path, *options: str | Path) -> None:
    """Install a wheel and, unless ``options`` say otherwise, what it asks for."""
    if UV.exists():
        uv = ("sh", ROOT / "scripts" / "uv.sh", "pip", "install", "-q", "--python", bin_folder / "python")
        run(*uv, *options, wheel, cwd=wheel.parent)
    else:
        run(bin_folder / "python", "-m", "pip", "install", "-q", *options, wheel, cwd=wheel.parent)


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


def clean_environ(bin_folder: Path) -> dict[str, str]:
    """This process's, without what leads back to the checkout."""
    env = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PYTHON", "CONSENTCORE_", "VIRTUAL_ENV"))
    }
    env["PATH"] = f"{bin_folder}{os.pathsep}{env.get('PATH', '')}"
    return env


def check_site(bin_folder: Path, site: Path) -> None:
    """The server, as an operator sets it up."""
    site.mkdir()
    ini = site / "development.ini"
    text = (ROOT / "development.ini").read_text(encoding="utf-8")
    # Port 0: the smoke test must not collide with a server that somebody runs.
    ini.write_text(re.sub(r"(?m)^listen\s*=.*$", "listen = 127.0.0.1:0", text), encoding="utf-8")
    env = clean_environ(bin_folder)
    check_commands(bin_folder / "consentcore", ini, env)
    check_server(bin_folder / "consentcore", ini, env)


def check_resource(bin_folder: Path, work: Path) -> set[str]:
    """Have tokens checked by what is installed; returns the names of what that is."""
    script = shutil.copy2(ROOT / "scripts" / "check_resource.py", work)
    return set(run(bin_folder / "python", "-I", script, cwd=work, env=clean_environ(bin_folder)).split())


def smoke(work: Path) -> list[Path]:
    """Run all steps in ``work``; returns the wheels."""
    server, resource = build_server(work), build_resource(work)
    check_content(server)
    check_same(server, resource)
    pins = constraints(work)
    operator, api = environment(work / "operator"), environment(work / "api")
    install(server, operator, "-c", pins)
    check_site(operator, work / "site")
    print(
        f"wheel: {server.name} ({server.stat().st_size // 1024} kB) installs, initialises, serves and stops"
    )
    examples = work / "examples"
    examples.mkdir()
    for example in build_examples(examples):
        install(example, operator, "--no-deps")
    play([operator / "consentcore"], work / "acme", clean_environ(operator))
    print("wheel: the plugins of examples/ are installed beside it, chosen by an INI, and used")
    install(resource, api, "-c", pins)
    if more := check_resource(api, work) - RESOURCE_BRINGS - INSTALLERS:
        raise SmokeError(f"{resource.name} brings {', '.join(sorted(more))}")
    print(
        f"wheel: {resource.name} ({resource.stat().st_size // 1024} kB) asks and verifies, and brings no server"
    )
    # Both in one environment, in either order.
    install(server, api, "--no-deps")
    install(resource, operator, "--no-deps")
    for bin_folder in (api, operator):
        check_resource(bin_folder, work)
    run(operator / "consentcore", "--help", cwd=work, env=clean_environ(operator))
    return [server, resource]


def main() -> int:
    """Exit 0 when the wheels work, 1 with the reason when not."""
    with tempfile.TemporaryDirectory(prefix="consentcore-wheel-") as folder:
        try:
            for wheel in smoke(Path(folder)):
                DIST.mkdir(exist_ok=True)
                shutil.copy2(wheel, DIST)
        except (SmokeError, PlayError, CommandError, subprocess.TimeoutExpired) as error:
            print(f"wheel: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
