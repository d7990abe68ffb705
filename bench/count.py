"""How many SQL statements and durable commits an operation takes: counted in this process, one after another.

The storage reports each statement and commit of its protocol verbs to a listener; what goes past the verbs
(units of work, the ORM) is seen by an event of SQLAlchemy and counted as ``other``. On PostgreSQL the write-ahead
log is read before and after as well.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.operations import Operation
from bench.servers import Failed
from bench.wire import Answer

if TYPE_CHECKING:
    from consentcore.runtime import Runtime

REPEATS = 20


@dataclass(frozen=True)
class Cost:
    """Per operation. ``wal_bytes`` is None where there is no way to see it."""

    reads: float
    writes: float
    commits: float
    other: float
    wal_bytes: float | None = None


def costs(runtime: Runtime, operations: Iterable[Operation], wal_url: str = "") -> dict[str, Cost]:
    """Run each operation through the application in this process.

    :param wal_url: the PostgreSQL database whose log is read, on a server on which nothing else happens.
    :raises Failed: when the storage cannot be listened to, or an operation fails.
    """
    from sqlalchemy import Engine, event

    from consentcore.app import app_from_runtime

    seen: Counter[str] = Counter()
    listen = getattr(runtime.storage, "listen", None)
    if listen is None:
        raise Failed("the storage has no listen(): its statements cannot be counted")
    listen(lambda kind, _sql: seen.update((kind,)))

    def count_other(*_: object) -> None:
        seen["other"] += 1

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pyramid, about pkg_resources
        app = app_from_runtime(runtime)
    event.listen(Engine, "before_cursor_execute", count_other)
    try:
        return {operation.name: _cost(app, operation, seen, wal_url) for operation in operations}
    finally:
        event.remove(Engine, "before_cursor_execute", count_other)


def _cost(app: Any, operation: Operation, seen: Counter[str], wal_url: str) -> Cost:
    _ask(app, operation)  # what is made at first use is not the operation's
    seen.clear()
    _repeat(app, operation)
    reads, writes, commits, other = (seen[kind] / REPEATS for kind in ("read", "write", "commit", "other"))
    return Cost(reads, writes, commits, other, _wal_bytes(app, operation, wal_url) if wal_url else None)


def _wal_bytes(app: Any, operation: Operation, url: str) -> float:
    """The least of three rounds: now and then a page is logged whole, or a background process writes."""
    import psycopg

    found = []
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(3):
            before = connection.execute("SELECT pg_current_wal_insert_lsn()").fetchone()
            _repeat(app, operation)
            after = connection.execute("SELECT pg_current_wal_insert_lsn() - %s::pg_lsn", before).fetchone()
            found.append(float(after[0]) if after else 0.0)
    return min(found) / REPEATS


def _repeat(app: Any, operation: Operation) -> None:
    for _ in range(REPEATS):
        _ask(app, operation)


def _ask(app: Any, operation: Operation) -> None:
    from webob import Request

    raw = operation.next()
    if raw is None:
        raise Failed(f"{operation.name}: nothing left to count with")
    response = Request.from_bytes(raw).get_response(app)
    location = response.headers.get("Location", "")
    problem = operation.accept(Answer(response.status_int, location, response.body))
    if problem:
        raise Failed(f"{problem}: {response.status} {response.body[:200]!r}")
