"""Deliveries: the worker's end of the outbox."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Integer, Select, bindparam, select

from consentcore.api import (
    Delivery,
    Notice,
    Settlement,
)
from consentcore_sqlalchemy.claims import Claims
from consentcore_sqlalchemy.driver import Driver
from consentcore_sqlalchemy.engine import Database
from consentcore_sqlalchemy.expanding import InOneStatement, RowByRow
from consentcore_sqlalchemy.rows.deliveries import DELIVERIES
from consentcore_sqlalchemy.rows.notices import NOTICE, NOTICES
from consentcore_sqlalchemy.settling import AllAtOnce, OneByOne
from consentcore_sqlalchemy.tables import notice


class SqlOutbox:
    """:class:`consentcore.api.OutboxStorage` in SQL."""

    def __init__(self, database: Database, driver: Driver) -> None:
        self._driver = driver
        self._unexpanded = driver.prepare(_unexpanded())
        self._claims = Claims(database, driver)
        self._expanding = (RowByRow if database.is_sqlite else InOneStatement)(database, driver)
        self._settling = (OneByOne if database.is_sqlite else AllAtOnce)(database, driver)

    def waiting(self, now: int, *, lease_ms: int, notifiers: Sequence[str]) -> bool:
        return self._claims.waiting(now, lease_ms, notifiers)

    def unexpanded(self, limit: int, skip: int = 0) -> Sequence[Notice]:
        rows = self._driver.rows(self._unexpanded, {"limit": limit, "skip": skip})
        return [NOTICES.read(row) for row in rows]

    def expand_all(
        self, deliveries: Mapping[str, Sequence[Delivery]], now: int, *, again: bool = False
    ) -> int:
        return self._expanding.expand(deliveries, now, again=again)

    def claim_deliveries(
        self,
        now: int,
        *,
        limit: int,
        lease_ms: int,
        notifiers: Sequence[str],
        per_target: int | None = None,
        busy: Collection[tuple[str, str]] = (),
    ) -> Sequence[Delivery]:
        rows = self._claims.claim(
            now, limit=limit, lease_ms=lease_ms, notifiers=notifiers, per_target=per_target, busy=busy
        )
        return sorted(map(DELIVERIES.read, rows), key=lambda item: (item.next_at, item.delivery_id))

    def settle_all(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        return self._settling.settle(settlements)


def _unexpanded() -> Select[Any]:
    waiting = select(*NOTICE).where(notice.c.expanded_at.is_(None))
    limit, skip = bindparam("limit", type_=Integer), bindparam("skip", type_=Integer)
    return waiting.order_by(notice.c.occurred_at, notice.c.notice_id).limit(limit).offset(skip)
