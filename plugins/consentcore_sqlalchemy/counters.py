"""Counters in fixed windows. Each verb is a transaction of its own, outside any request's."""

from __future__ import annotations

import hashlib

from sqlalchemy import Insert, LargeBinary, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from consentcore_sqlalchemy.driver import Driver
from consentcore_sqlalchemy.rows.common import Values
from consentcore_sqlalchemy.tables import counter


class SqlCounters:
    """:class:`consentcore.api.CounterStorage` in SQL."""

    def __init__(self, driver: Driver, *, is_sqlite: bool) -> None:
        self._driver = driver
        self._hit = driver.prepare(_hit(is_sqlite))
        same = (
            counter.c.key_hash == bindparam("key_hash", type_=LargeBinary),
            counter.c.window_ms == bindparam("window_ms", type_=counter.c.window_ms.type),
            counter.c.window_start == bindparam("window_start", type_=counter.c.window_start.type),
        )
        self._count = driver.prepare(select(counter.c.hits).where(*same))
        self._reset = driver.prepare(delete(counter).where(same[0]))

    def hit(self, key: str, now: int, window_ms: int) -> int:
        row = self._driver.row(self._hit, {**_window(key, now, window_ms), "ends_at": _end(now, window_ms)})
        assert row is not None, "the statement returns what it wrote"
        return int(row[0])

    def count(self, key: str, now: int, window_ms: int) -> int:
        row = self._driver.row(self._count, _window(key, now, window_ms))
        return int(row[0]) if row else 0

    def reset(self, key: str) -> None:
        self._driver.change(self._reset, {"key_hash": _digest(key)})


def _hit(is_sqlite: bool) -> Insert:
    new = (sqlite.insert if is_sqlite else postgresql.insert)(counter).values(
        key_hash=bindparam("key_hash", type_=LargeBinary),
        window_ms=bindparam("window_ms"),
        window_start=bindparam("window_start"),
        hits=1,
        ends_at=bindparam("ends_at"),
    )
    counted = new.on_conflict_do_update(
        index_elements=["key_hash", "window_ms", "window_start"], set_={"hits": counter.c.hits + 1}
    )
    return counted.returning(counter.c.hits)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _window(key: str, now: int, window_ms: int) -> Values:
    return {"key_hash": _digest(key), "window_ms": window_ms, "window_start": now - now % window_ms}


def _end(now: int, window_ms: int) -> int:
    return now - now % window_ms + window_ms
