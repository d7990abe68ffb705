"""Erasing nonces of rotations whose grace is over, a stretch of the families each time.

No index leads to them: a refresh would have to write into it, and into every other index of the row besides, for which
the database takes a seventh longer. So they are looked for, in the order of the key, but never among more rows than one
look may take. It asks for nothing but the key, which every engine has.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, select, update

from consentcore_sqlalchemy.tables import code

if TYPE_CHECKING:
    from consentcore_sqlalchemy.work import Work

STRETCH = 20_000
"""How many families one look takes at least; where there are fewer, all of them are looked at each time."""
LOOKS = 60
"""After so many looks, an hour of a worker, all have been looked at, however many they are."""


class NonceSweep:
    """Goes through the families by their key, and begins again where they end."""

    def __init__(self) -> None:
        self._after: bytes | None = None
        self._passed = 0
        self._of_last_pass = 0

    def forget(self, work: Work, now: int, limit: int) -> int:
        """Erase at most ``limit``; how many were. A stretch that may hold more is looked at again by the next call."""
        stretch = max(STRETCH, -(-self._of_last_pass // LOOKS))
        if self._after is None:
            # Anywhere: workers that are started anew often would see the beginning only.
            anywhere = random.randbytes(32)  # noqa: S311 - a place to begin at, no secret
            self._after = anywhere if self._more_than(work, b"", stretch) else b""
        end = self._more_than(work, self._after, stretch)
        erased = self._erase(work, self._after, end, now, limit)
        if erased < limit:
            self._go_on(end, stretch)
        return erased

    def _go_on(self, end: bytes | None, stretch: int) -> None:
        self._passed += stretch
        if end is None:
            self._of_last_pass, self._passed = self._passed, 0
        self._after = end or b""

    @staticmethod
    def _more_than(work: Work, after: bytes, count: int) -> bytes | None:
        """The key of the last of so many families behind this one; None where there are not more than those."""
        keys = select(code.c.code_hash).where(code.c.code_hash > after).order_by(code.c.code_hash)
        found = [row[0] for row in work.rows(keys.offset(count - 1).limit(2))]
        return bytes(found[0]) if len(found) > 1 else None

    @staticmethod
    def _erase(work: Work, after: bytes, end: bytes | None, now: int, limit: int) -> int:
        within: ColumnElement[bool] = code.c.code_hash > after
        if end is not None:
            within = and_(within, code.c.code_hash <= end)
        stale = (
            select(code.c.code_hash)
            .where(within, code.c.nonce.is_not(None), code.c.grace_until <= now)
            .limit(limit)
        )
        if not work.is_sqlite:
            stale = stale.with_for_update(skip_locked=True)
        forget = update(code).where(code.c.code_hash.in_(stale.scalar_subquery()))
        return work.write(forget.values(nonce=None, nonce_key_id=None, sealed_access=None))
