"""The databases that are measured: SQLite in a temporary folder, and a PostgreSQL with durable settings."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from bench.processes import cpu_seconds, tree
from bench.servers import Failed
from tests.support.postgres_server import NAMED, Unavailable, running

__all__ = ["NAMED", "Database", "Unavailable", "postgresql", "sqlite"]

SETTINGS = ("shared_buffers=128MB", "jit=off")
"""Durable ones, unlike those of the tests."""


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
    """Two databases on the server that CONSENTCORE_TEST_PG_URL names, or on one of our own, beside ``folder`` where
    PostgreSQL's user gets there.

    :raises Unavailable: there is none that runs.
    :raises Failed: the one that is named cannot be reached.
    """
    named = os.environ.get(NAMED, "")
    if named:
        parts = urlsplit(named)
        url = urlunsplit(parts._replace(path="/{}"))
        with _databases(url, parts.path.lstrip("/") or "postgres", None) as found:
            yield found
        return
    where = folder.parent
    with running(SETTINGS, where) as own:
        if own.folder.parent != where.resolve():
            print(f"PostgreSQL's data is in {own.folder.parent}: {where} is private", file=sys.stderr)
        with _databases(own.url, "postgres", lambda: _cpu(own.pid)) as found:
            yield found


def _cpu(pid: int) -> float:
    """Seconds of CPU of all processes of a server, ended ones included."""
    return cpu_seconds([pid], waited_for=True) + cpu_seconds(tree(pid)[1:])


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
