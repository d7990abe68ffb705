"""A real PostgreSQL for tests: the server that CONSENTCORE_TEST_PG_URL names, or one of our own.

Our own is that of ``postgres_server.py``. Without any of these the tests that need it are skipped, loudly; with
REQUIRE_PG=1, and in CI, they fail. One that is there and does not start is a failure always.

Fixtures: ``postgres_server`` (one a test process), ``empty_postgres_url`` (a new database), ``postgres_url`` (a new
database with consentcore's tables).
"""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.support.missing import missing
from tests.support.postgres_server import NAMED, NoServer, Server, programs

SETTINGS = ("fsync=off", "max_connections=200", "autovacuum=off", "shared_buffers=32MB")


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
    """A server process of our own in a temporary folder.

    :raises NotRunning: when it cannot be run.
    """

    def __init__(self, programs: Path) -> None:
        self._server = Server(programs, SETTINGS)
        self.folder = self._server.folder
        super().__init__(self._server.url, "postgres")

    def initialise(self) -> None:
        self._server.initialise()

    def start(self) -> None:
        self._server.start()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends it orderly, SIGQUIT as a crash would."""
        self._server.stop(how)

    def remove(self) -> None:
        self._server.remove()


def storage_at(url: str, **settings: Any) -> Any:
    """The SQL storage on a database, with few connections."""
    from consentcore.api import Secret
    from consentcore.testing.fakes import fixed_keys
    from consentcore_sqlalchemy.settings import SqlSettings
    from consentcore_sqlalchemy.storage import SqlStorage

    return SqlStorage(SqlSettings(url=Secret(url), **settings), fixed_keys())


@contextmanager
def running_server() -> Iterator[Databases]:
    """A server for the time of the block.

    :raises Unavailable: there is none, or it does not run.
    """
    named = os.environ.get(NAMED, "")
    if named:
        parts = urlsplit(named)
        database = parts.path.lstrip("/") or "postgres"
        server = Databases(urlunsplit(parts._replace(path="/{}")), database)
        yield server
        server.drop_migrated()
        return
    with own_server() as own:
        yield own


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """One of our own, whatever is named.

    :raises Unavailable: when there is none, or none runs.
    """
    own = OwnServer(programs())
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
        missing(f"PostgreSQL: {error}", "REQUIRE_PG")


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
