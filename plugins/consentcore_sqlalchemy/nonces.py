"""Erasing nonces of rotations whose grace is over, a stretch of the table of families each time.

No index leads to them: a refresh would have to write into it, and into every other index of the row besides, for which
the database takes a seventh longer. So they are looked for, but never in more of the table than one look may take.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    cast,
    func,
    literal,
    literal_column,
    select,
    update,
)
from sqlalchemy.types import UserDefinedType

from consentcore_sqlalchemy.tables import code

if TYPE_CHECKING:
    from consentcore_sqlalchemy.work import Work

STRETCH = {"postgresql": 8192, "sqlite": 50_000}
"""What one look takes at least: pages of 8 kB (some 80,000 families), and rows of SQLite. A smaller table is gone
through as a whole."""
LOOKS = 60
"""After so many looks, an hour of a worker, the whole table has been gone through, however large it is."""


class _Tid(UserDefinedType[str]):
    """Where a row lies in a table of PostgreSQL."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "TID"


class NonceSweep:
    """Goes through the table, and begins again where it ends.

    :param is_sqlite: else PostgreSQL.
    """

    def __init__(self, *, is_sqlite: bool) -> None:
        self._is_sqlite = is_sqlite
        self._least = STRETCH["sqlite" if is_sqlite else "postgresql"]
        self._next: int | None = None

    def forget(self, work: Work, now: int, limit: int) -> int:
        """Erase at most ``limit``; how many were. A stretch that may hold more is looked at again by the next call."""
        size = int(work.scalar(self._size()) or 0)
        stretch = max(self._least, -(-size // LOOKS))
        if size <= stretch:
            self._next = 0
        elif self._next is None or self._next >= size:
            # Anywhere: workers that are started anew often would see the beginning only.
            self._next = random.randrange(size) if self._next is None else 0  # noqa: S311 - nothing secret
        erased = self._erase(work, self._next, self._next + stretch, now, limit)
        if erased < limit:
            self._next += stretch
        return erased

    def _size(self) -> Select[Any]:
        """Pages of the table, or the highest number of a row."""
        if self._is_sqlite:
            return select(func.max(literal_column("rowid", BigInteger))).select_from(code)
        pages = func.pg_relation_size(code.name) / func.current_setting("block_size").cast(BigInteger)
        return select(pages)

    def _within(self, start: int, end: int) -> ColumnElement[bool]:
        if self._is_sqlite:
            row: ColumnElement[int] = literal_column("rowid", BigInteger)
            return and_(row > start, row <= end)
        place: ColumnElement[str] = literal_column("ctid", _Tid())
        return and_(place >= _page(start), place < _page(end))

    def _erase(self, work: Work, start: int, end: int, now: int, limit: int) -> int:
        stale = (
            select(code.c.code_hash)
            .where(self._within(start, end), code.c.nonce.is_not(None), code.c.grace_until <= now)
            .limit(limit)
        )
        if not self._is_sqlite:
            stale = stale.with_for_update(skip_locked=True)
        forget = update(code).where(code.c.code_hash.in_(stale.scalar_subquery()))
        return work.write(forget.values(nonce=None, nonce_key_id=None, sealed_access=None))


def _page(number: int) -> ColumnElement[str]:
    return cast(literal(f"({number},0)"), _Tid())
