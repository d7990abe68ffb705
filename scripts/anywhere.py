"""The README's two commands where people really have them: ``make anywhere``.

A copy of this tree goes into a private folder whose path has blanks and letters beyond ASCII, with an empty home and
umask 077. There ``make demo`` has to come up, answer and end, and ``make test`` has to pass (a part of it that has
PostgreSQL, processes and installed plugins in it), twice in a row, the second time without any network: as the user who
calls this and, when that is root, as *nobody* too, who may install nothing.

Exit code: 0 when all of it held, 1 when something did not, 2 for wrong use, 75 when it cannot be tried here.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import os
import pwd
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "Größe & Zoë's (α)/consent core"
TESTS = (  # what has to do with places, users and processes; the rest is the same anywhere
    "tests/support/test_postgres_server.py",
    "tests/plugins/consentcore_sqlalchemy/test_engine_postgres.py",
    "tests/plugins/consentcore_sqlalchemy/test_schema.py",
    "tests/unit/keys",
    "tests/unit/settings/test_ini.py",
    "tests/upgrade/test_old_plugins.py",
    "tests/acceptance",
    "tests/functional/test_demo.py",
    "tests/functional/test_file_owners.py",
    "tests/test_packaging.py",
)
NOT_TRIED = 75
START_S, STOP_S = 900.0, 60.0  # the first start installs everything
KEPT = re.compile(
    r"PATH|PYTHON|BOOTSTRAP|LANG|(PIP|UV|SSL|CURL|REQUESTS)_\w+|https?_proxy|no_proxy", re.IGNORECASE
)
"""What an environment needs to reach a package registry; everything else is left behind."""
OFF = {"UV_OFFLINE": "1", "PIP_NO_INDEX": "1"} | dict.fromkeys(
    ("http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9"
)
"""No network for well-behaved programs, where the kernel does not take it away from all."""
SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CLONE_NEWNET = 0x40000000
IS_UP = struct.pack("16sh", b"lo", 0x41)  # IFF_UP | IFF_RUNNING


class Broken(Exception):
    """Something did not hold; the text says what."""


def main() -> int:
    """Try it; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--here", action="store_true", help="in this folder, once, as it is")
    if parser.parse_args().here:
        return _try_here()
    try:
        nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        isolated = _can(_leave_network)
        if os.geteuid() == 0 and not isolated:
            _say("the kernel keeps the network here: without a network means without one for pip and uv")
    except KeyError:
        _say("NOT TRIED: there is no user nobody here")
        return NOT_TRIED
    for user in (None, nobody) if nobody else (None,):
        base = Path(tempfile.mkdtemp(prefix="anywhere-"))
        try:
            if not all(_try(base, user, offline=offline, isolated=isolated) for offline in (False, True)):
                return 1
        finally:
            shutil.rmtree(base, ignore_errors=True)
    _say("both commands hold")
    return 0


def _try(base: Path, user: pwd.struct_passwd | None, *, offline: bool, isolated: bool) -> bool:
    """One user, one time: a process of its own, without what it may not have."""
    tree, home = base / FOLDER, base / "home"
    if not tree.exists():
        _copy(tree)
        home.mkdir()
        if user is not None:
            for path in (base, *base.rglob("*")):
                os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    environ = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)} | {
        "HOME": str(home)
    }
    if user is not None:
        environ["PATH"] = SYSTEM  # the Python of whoever calls this may be out of reach
    if offline and not isolated:
        environ |= OFF

    def prepare() -> None:
        if offline and isolated:
            _leave_network()
        if user is not None:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
        os.umask(0o077)

    who = user.pw_name if user else pwd.getpwuid(os.geteuid()).pw_name
    _say(f"{who}, {'without a network' if offline else 'for the first time'}, in {tree}")
    command = ["python3", "scripts/anywhere.py", "--here"]
    # Between fork and exec there is one thread only: nothing else runs in this process.
    done = subprocess.run(command, cwd=tree, env=environ, preexec_fn=prepare, check=False)
    return done.returncode == 0


def _try_here() -> int:
    try:
        _demo()
        _test()
    except Broken as error:
        _say(f"BROKEN: {error}")
        return 1
    return 0


def _demo() -> None:
    """``make demo`` comes up, answers, and ends orderly when it is asked to."""
    began = time.monotonic()
    with subprocess.Popen(
        ["make", "demo"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        said: list[str] = []
        reader = threading.Thread(target=_keep, args=(process, said), daemon=True)
        reader.start()
        try:
            _wait(lambda: "Mail that was sent" in "".join(said), process, said)
            for page in re.findall(r"(?:Open|Look|sent:) +(http://127\.0\.0\.1:\S+)", "".join(said)):
                with _direct().open(page, timeout=30) as answer:
                    answer.read()
        except OSError as error:
            raise Broken(f"the demo does not answer: {error}") from error
        finally:
            os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C on a terminal does
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                said.append("it did not end")
        reader.join()
    if "Traceback" in "".join(said) or "did not end" in said[-1]:
        raise Broken("".join(said))
    _say(f"make demo came up, answered and ended: {time.monotonic() - began:.0f} s")


def _test() -> None:
    began = time.monotonic()
    chosen = f"-rs -p no:cacheprovider {' '.join(TESTS)}"
    environ = {**os.environ, "REQUIRE_PG": "1"}
    done = subprocess.run(["make", "test", f"PYTEST_ARGS={chosen}"], env=environ, check=False)
    if done.returncode:
        raise Broken(f"make test ended with {done.returncode}")
    _say(f"make test: {time.monotonic() - began:.0f} s")


def _keep(process: subprocess.Popen[str], said: list[str]) -> None:
    assert process.stdout is not None
    said.extend(process.stdout)


def _wait(seen: Callable[[], bool], process: subprocess.Popen[str], said: list[str]) -> None:
    deadline = time.monotonic() + START_S
    while not seen():
        if process.poll() is not None or time.monotonic() > deadline:
            raise Broken(f"the demo did not come up:\n{''.join(said)}")
        time.sleep(0.1)


def _direct() -> urllib.request.OpenerDirector:
    """Loopback is asked without a proxy."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _leave_network() -> None:
    """Have no network but loopback.

    :raises OSError: where that is not allowed.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    with socket.socket() as sock:
        fcntl.ioctl(sock, 0x8914, IS_UP)  # SIOCSIFFLAGS


def _can(do: Callable[[], None]) -> bool:
    """Whether something may be done, tried in a process of its own."""
    try:
        subprocess.run(["true"], preexec_fn=do, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _copy(tree: Path) -> None:
    """The files of this tree that belong to it, as a fresh clone has them: with changes, without what was built."""
    listed = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, names):
        source, target = ROOT / name, tree / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def _say(line: str) -> None:
    print(f"anywhere: {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
