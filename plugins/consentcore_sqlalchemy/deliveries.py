"""Deliveries: the worker's end of the outbox."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select, update

from consentcore.api import (
    Delivery,
    Notice,
    Settlement,
)
from consentcore_sqlalchemy.claims import Claims
from consentcore_sqlalchemy.driver import Driver
from consentcore_sqlalchemy.engine import Database
from consentcore_sqlalchemy.rows.deliveries import DELIVERIES
from consentcore_sqlalchemy.rows.notices import NOTICE, NOTICES
from consentcore_sqlalchemy.settling import AllAtOnce, OneByOne
from consentcore_sqlalchemy.tables import delivery, notice
from consentcore_sqlalchemy.work import Mode, Work, transaction


class SqlOutbox:
    """:class:`consentcore.api.OutboxStorage` in SQL."""

    def __init__(self, database: Database, driver: Driver) -> None:
        self._database = database
        self._claims = Claims(database, driver)
        self._settling = (OneByOne if database.is_sqlite else AllAtOnce)(database, driver)

    def waiting(self, now: int, *, lease_ms: int, notifiers: Sequence[str]) -> bool:
        return self._claims.waiting(now, lease_ms, notifiers)

    def unexpanded(self, limit: int, skip: int = 0) -> Sequence[Notice]:
        waiting = select(*NOTICE).where(notice.c.expanded_at.is_(None))
        page = waiting.order_by(notice.c.occurred_at, notice.c.notice_id).limit(limit).offset(skip)
        with transaction(self._database, Mode.READ) as work:
            return [NOTICES.read(row) for row in work.rows(page)]

    def expand_all(
        self, deliveries: Mapping[str, Sequence[Delivery]], now: int, *, again: bool = False
    ) -> int:
        mine = select(notice.c.notice_id, notice.c.expanded_at).where(
            notice.c.notice_id.in_(list(deliveries))
        )
        if not again:
            mine = mine.where(notice.c.expanded_at.is_(None))
        with transaction(self._database, Mode.WRITE) as work:
            if not work.is_sqlite:
                mine = mine.with_for_update(skip_locked=not again)
            found = work.rows(mine)
            _store(work, {row.notice_id: deliveries[row.notice_id] for row in found}, now)
        return sum(row.expanded_at is None for row in found)

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


def _store(work: Work, deliveries: Mapping[str, Sequence[Delivery]], now: int) -> None:
    """Store what is not there yet, and mark the notices expanded."""
    rows = [DELIVERIES.values(one) for theirs in deliveries.values() for one in theirs]
    new = work.upsert(delivery).on_conflict_do_nothing(index_elements=["notice_id", "notifier", "target"])
    if rows:
        work.write_all(new, rows)
    fresh = (notice.c.notice_id.in_(list(deliveries)), notice.c.expanded_at.is_(None))
    work.write(update(notice).where(*fresh).values(expanded_at=now))
