"""The floor: a bare Pyramid application on the same server, with the database reached by its driver alone.

``python -m bench.floor FILE`` serves it; the JSON in FILE has ``url`` (of the database), ``mode``, ``workers`` and
``threads``.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

GRANTS = 1000
TOKENS = 10_000
TABLES = (
    "CREATE TABLE floor_grant (id INTEGER PRIMARY KEY, client_id TEXT, owner_id TEXT, state TEXT)",
    "CREATE TABLE floor_token (hash {bytes} PRIMARY KEY, grant_id INTEGER, scopes TEXT, expires_at BIGINT)",
)
SELECT = (
    "SELECT t.scopes, t.expires_at, g.client_id, g.owner_id, g.state FROM floor_token t "
    "JOIN floor_grant g ON g.id = t.grant_id WHERE t.hash = {mark}"
)
INSERT = (
    "INSERT INTO floor_token (hash, grant_id, scopes, expires_at) VALUES ({mark}, {mark}, {mark}, {mark})"
)
INSERT_GRANT = (
    "INSERT INTO floor_grant (id, client_id, owner_id, state) VALUES ({mark}, {mark}, {mark}, {mark})"
)


class Driver(ABC):
    """The least that can be done to a database: one connection a thread, statements as text."""

    mark: str
    bytes_type: str
    begin: str

    def __init__(self) -> None:
        self._local = threading.local()
        self._select, self._insert = (text.format(mark=self.mark) for text in (SELECT, INSERT))
        self._number = secrets.randbelow(TOKENS)

    @abstractmethod
    def connect(self) -> Any:
        """A connection in autocommit."""

    def seed(self) -> None:
        """Make and fill the tables."""
        connection = self.connect()
        cursor = connection.cursor()
        for text in TABLES:
            cursor.execute(text.format(bytes=self.bytes_type))
        cursor.execute(self.begin)
        owners = [(number, f"client{number}", f"owner{number}", "active") for number in range(GRANTS)]
        cursor.executemany(INSERT_GRANT.format(mark=self.mark), owners)
        cursor.executemany(self._insert, [self._row(_hash(number), number) for number in range(TOKENS)])
        cursor.execute("COMMIT")
        connection.close()

    def select(self) -> Sequence[Any]:
        """One indexed look-up in two tables."""
        cursor = self._cursor()
        cursor.execute(self._select, (self._next(),))
        found: Sequence[Any] = cursor.fetchall()[0]
        return found

    def select_and_insert(self) -> Sequence[Any]:
        """The same and one new row, in one transaction."""
        cursor = self._cursor()
        cursor.execute(self.begin)
        cursor.execute(self._select, (self._next(),))
        found: Sequence[Any] = cursor.fetchall()[0]
        cursor.execute(self._insert, self._row(secrets.token_bytes(32), self._number))
        cursor.execute("COMMIT")
        return found

    def insert(self) -> None:
        """One new row, in autocommit."""
        self._cursor().execute(self._insert, self._row(secrets.token_bytes(32), self._number))

    def _cursor(self) -> Any:
        found = getattr(self._local, "cursor", None)
        if found is None:
            self._local.connection = self.connect()
            found = self._local.cursor = self._local.connection.cursor()
        return found

    def _next(self) -> bytes:
        self._number = (self._number + 7919) % TOKENS
        return _hash(self._number)

    @staticmethod
    def _row(key: bytes, number: int) -> tuple[bytes, int, str, int]:
        return key, number % GRANTS, "sites.read comfort.read", 1_900_000_000_000


class Sqlite(Driver):
    """SQLite with the durability of the product."""

    mark, bytes_type, begin = "?", "BLOB", "BEGIN IMMEDIATE"

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=5, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection


class Postgres(Driver):
    """PostgreSQL through psycopg."""

    mark, bytes_type, begin = "%s", "BYTEA", "BEGIN"

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def connect(self) -> Any:
        import psycopg

        return psycopg.connect(self._url, autocommit=True)


def driver(url: str) -> Driver:
    """The driver for ``sqlite:///path`` or a PostgreSQL URL."""
    if url.startswith("sqlite:///"):
        return Sqlite(url.removeprefix("sqlite:///"))
    return Postgres(url)


def driver_us(call: Callable[[], object], seconds: float = 0.3) -> float:
    """Median microseconds of one call after another in this thread."""
    from bench.stats import percentile

    times = []
    until = time.perf_counter() + seconds
    while (started := time.perf_counter()) < until:
        call()
        times.append(time.perf_counter() - started)
    return percentile(sorted(times), 0.5) * 1e6


def build(settings_file: str) -> Any:
    """Make the WSGI application, as the server's children do."""
    from pyramid.config import Configurator

    database = driver(json.loads(Path(settings_file).read_text())["url"])
    config = Configurator()
    for name, call in (
        ("bare", lambda: ("sites.read comfort.read", 1_900_000_000_000, "client1", "owner1", "active")),
        ("raw1", database.select),
        ("raw2", database.select_and_insert),
    ):
        config.add_route(name, f"/{name}")
        config.add_view(_view(call), route_name=name)
    return config.make_wsgi_app()


def _view(call: Callable[[], Sequence[Any]]) -> Callable[[Request], Response]:
    from pyramid.response import Response

    def view(request: Request) -> Response:
        fields = dict(parse_qsl(request.body.decode()))
        scope, expires_at, client_id, owner_id, state = call()
        members = {
            "active": state == "active",
            "scope": scope,
            "exp": expires_at,
            "client_id": client_id,
            "sub": owner_id,
            "asked_by": fields["client_id"],
        }
        return Response(body=json.dumps(members).encode(), headerlist=[("Content-Type", "application/json")])

    return view


def _hash(number: int) -> bytes:
    return number.to_bytes(4, "big") * 8


def main(settings_file: str) -> int:
    """Serve until SIGTERM, with consentcore's own supervisor and front."""
    from consentcore.server.options import ServeOptions
    from consentcore.server.supervisor import serve

    members = json.loads(Path(settings_file).read_text())
    return serve(
        ServeOptions(
            ini=settings_file,
            port=0,
            mode=members["mode"],
            workers=members["workers"],
            threads=members["threads"],
            app="bench.floor:build",
        )
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
