"""How PostgreSQL finds what an operation asks for: the plans of its statements, and what it really went through."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from bench.servers import Failed

if TYPE_CHECKING:
    from collections.abc import Callable

SMALL = 1000
"""Rows of a table below which going through all of it is right."""
ENDS_S = 30.0
BYTES = ("_hash", "_seal", "nonce", "sealed_access")
"""What the names of parameters end in that are bytes."""
_NAMED = re.compile(r"%\((\w+)\)s")
PLANNED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


@dataclass(frozen=True)
class Statement:
    """What was sent.

    :ivar parameters: None where only their names are known: the plan is then the one that a prepared statement keeps.
    """

    text: str
    parameters: Any = None


@contextmanager
def recorded(storage: Any) -> Iterator[list[Statement]]:
    """Collect the statements that a storage sends inside the block: those that it tells of, and those of cursors."""
    found: list[Statement] = []
    execute, inside = psycopg.Cursor.execute, True

    def told(_kind: str, text: str) -> None:
        if inside and text:
            found.append(Statement(text))

    def recording(self: Any, query: Any, params: Any = None, **how: Any) -> Any:
        text = query.decode() if isinstance(query, bytes) else str(query)
        if text.lstrip().upper().startswith(PLANNED):
            found.append(Statement(text, params or {}))
        return execute(self, query, params, **how)

    storage.listen(told)
    psycopg.Cursor.execute = recording  # type: ignore[method-assign]  # only while it is listened to
    try:
        yield found
    finally:
        psycopg.Cursor.execute = execute  # type: ignore[method-assign]  # as it was
        inside = False


def scans(connection: psycopg.Connection[Any], statement: Statement) -> list[str]:
    """Large tables that the plan of a statement goes through from end to end."""
    if statement.parameters is None:
        row = connection.execute(
            f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {_numbered(statement.text)}"
        ).fetchone()
    else:
        row = connection.execute(f"EXPLAIN (FORMAT JSON) {statement.text}", statement.parameters).fetchone()
    assert row is not None
    plan = row[0] if isinstance(row[0], list) else json.loads(row[0])
    sizes = rows_of(connection)
    found = {
        node["Relation Name"]
        for node in _nodes(plan[0]["Plan"])
        if node["Node Type"] in {"Seq Scan", "Parallel Seq Scan"}
    }
    return sorted(name for name in found if sizes.get(name, 0) > SMALL)


def _numbered(text: str) -> str:
    """A statement with ``$1`` in the place of ``%(name)s``; bytes have no cast of their own in it."""
    numbers: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        place = f"${numbers.setdefault(found[1], len(numbers) + 1)}"
        return f"{place}::bytea" if found[1].endswith(BYTES) else place

    return _NAMED.sub(number, text).replace("%%", "%")


def rows_of(connection: psycopg.Connection[Any]) -> Mapping[str, int]:
    """Rows of each table, as ANALYZE has counted them."""
    rows = connection.execute(
        "SELECT relname, reltuples::bigint FROM pg_class WHERE relkind = 'r'"
    ).fetchall()
    return dict(rows)


def read_through(
    connection: psycopg.Connection[Any], work: Callable[[], object], close: Callable[[], object]
) -> list[str]:
    """Large tables that were gone through from end to end while ``work`` was done, by whatever plan it came to.

    :param close: ends the connections that ``work`` uses: what a server process has counted is there for all when it
        ends, and some seconds late before.
    """
    sizes = rows_of(connection)
    close()
    before = _counted(connection)
    work()
    close()
    after = _counted(connection)
    read = (name for name, count in after.items() if count > before.get(name, 0))
    return sorted(name for name in read if sizes.get(name, 0) > SMALL)


def _counted(connection: psycopg.Connection[Any]) -> Mapping[str, int]:
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'"
    )
    until = time.monotonic() + ENDS_S
    while (row := connection.execute(others).fetchone()) and row[0]:
        if time.monotonic() > until:
            raise Failed("somebody else uses the database that is measured")
        time.sleep(0.02)
    connection.execute("SELECT pg_stat_force_next_flush()")
    connection.execute("SELECT pg_stat_clear_snapshot()")
    rows = connection.execute("SELECT relname, seq_scan FROM pg_stat_user_tables").fetchall()
    return dict(rows)


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)
