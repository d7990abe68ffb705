"""Deliveries: the worker's end of the outbox."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, and_, case, func, literal_column, or_, select, tuple_, update

from consentcore.api import (
    UNDELIVERED,
    Attempt,
    Delivery,
    DeliveryState,
    Notice,
    NoticeKind,
    OutboxStats,
    Settlement,
)
from consentcore_sqlalchemy.claims import PENDING, Claims
from consentcore_sqlalchemy.driver import Driver
from consentcore_sqlalchemy.engine import Database
from consentcore_sqlalchemy.rows.deliveries import ATTEMPTS, DELIVERIES
from consentcore_sqlalchemy.rows.notices import NOTICE, NOTICES
from consentcore_sqlalchemy.settling import AllAtOnce, OneByOne
from consentcore_sqlalchemy.tables import delivery, delivery_attempt, notice
from consentcore_sqlalchemy.work import Mode, Work, transaction

_DEAD: ColumnElement[str] = literal_column("'dead'")


_NEWNESS = (delivery.c.created_at, delivery.c.delivery_id)


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

    def expand(self, notice_id: str, deliveries: Sequence[Delivery], now: int) -> None:
        with transaction(self._database, Mode.WRITE) as work:
            if work.locked(select(notice.c.notice_id).where(notice.c.notice_id == notice_id)) is not None:
                _store(work, {notice_id: deliveries}, now)

    def expand_all(self, deliveries: Mapping[str, Sequence[Delivery]], now: int) -> int:
        mine = select(notice.c.notice_id).where(
            notice.c.notice_id.in_(list(deliveries)), notice.c.expanded_at.is_(None)
        )
        with transaction(self._database, Mode.WRITE) as work:
            if not work.is_sqlite:
                mine = mine.with_for_update(skip_locked=True)
            found = [row[0] for row in work.rows(mine)]
            _store(work, {notice_id: deliveries[notice_id] for notice_id in found}, now)
        return len(found)

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

    def settle(self, settlement: Settlement) -> bool:
        return self.settle_all([settlement])[0]

    def settle_all(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        return self._settling.settle(settlements)

    def deliveries(
        self,
        *,
        notice_id: str = "",
        client_id: str = "",
        target: str = "",
        kind: NoticeKind | None = None,
        state: DeliveryState | None = None,
        undelivered: bool = False,
        since: int | None = None,
        until: int | None = None,
        after: str = "",
        limit: int = 100,
    ) -> Sequence[Delivery]:
        wanted = [
            *([delivery.c.notice_id == notice_id] if notice_id else []),
            *([notice.c.client_id == client_id] if client_id else []),
            *([delivery.c.target == target] if target else []),
            *([notice.c.kind == kind.value] if kind is not None else []),
            *([delivery.c.state == state.value] if state is not None else []),
            *([delivery.c.state.in_(sorted(UNDELIVERED))] if undelivered else []),
            *([delivery.c.created_at >= since] if since is not None else []),
            *([delivery.c.created_at < until] if until is not None else []),
        ]
        page = select(delivery).where(*wanted)
        if client_id or kind is not None:
            page = page.join(notice, notice.c.notice_id == delivery.c.notice_id)
        page = page.order_by(delivery.c.created_at.desc(), delivery.c.delivery_id.desc()).limit(limit)
        with transaction(self._database, Mode.READ) as work:
            if after:
                last = work.first(select(*_NEWNESS).where(delivery.c.delivery_id == after))
                if last is None:
                    return []
                page = page.where(tuple_(*_NEWNESS) < tuple_(last.created_at, last.delivery_id))
            return [DELIVERIES.read(row) for row in work.rows(page)]

    def delivery(self, delivery_id: str) -> Delivery | None:
        with transaction(self._database, Mode.READ) as work:
            row = work.first(select(delivery).where(delivery.c.delivery_id == delivery_id))
        return DELIVERIES.read(row) if row else None

    def backlog(self, target: str) -> Mapping[DeliveryState, int]:
        states = select(delivery.c.state, func.count().label("number")).where(delivery.c.target == target)
        with transaction(self._database, Mode.READ) as work:
            rows = work.rows(states.group_by(delivery.c.state))
        return {DeliveryState(row.state): row.number for row in rows}

    def attempts(self, delivery_id: str) -> Sequence[Attempt]:
        theirs = select(delivery_attempt).where(delivery_attempt.c.delivery_id == delivery_id)
        with transaction(self._database, Mode.READ) as work:
            return [ATTEMPTS.read(row) for row in work.rows(theirs.order_by(delivery_attempt.c.number))]

    def attempts_of(self, delivery_ids: Sequence[str]) -> Mapping[str, Sequence[Attempt]]:
        theirs = select(delivery_attempt).where(delivery_attempt.c.delivery_id.in_(list(delivery_ids)))
        found: dict[str, list[Attempt]] = {}
        with transaction(self._database, Mode.READ) as work:
            for row in work.rows(theirs.order_by(delivery_attempt.c.number)):
                attempt = ATTEMPTS.read(row)
                found.setdefault(attempt.delivery_id, []).append(attempt)
        return found

    def requeue(self, delivery_ids: Sequence[str], now: int) -> Sequence[str]:
        first = delivery.c.before_replay.is_(None)
        again = (
            update(delivery)
            .where(delivery.c.delivery_id.in_(list(delivery_ids)), _free(now))
            .values(
                state="pending",
                next_at=now,
                finished_at=None,
                # The old lease, if one ran out, must not settle what is now somebody else's to send.
                lease_until=None,
                lease_token="",
                before_replay=case((first, delivery.c.state), else_=delivery.c.before_replay),
                next_before_replay=case((first, delivery.c.next_at), else_=delivery.c.next_before_replay),
            )
            .returning(delivery.c.delivery_id)
        )
        with transaction(self._database, Mode.WRITE) as work:
            return [row[0] for row in work.returning(again)]

    def stats(self, now: int) -> OutboxStats:
        count = func.count()
        with transaction(self._database, Mode.READ) as work:
            return OutboxStats(
                pending=work.scalar(select(count).select_from(delivery).where(delivery.c.state == PENDING)),
                oldest_due_at=work.scalar(select(func.min(delivery.c.next_at)).where(_due(now))),
                dead=work.scalar(select(count).select_from(delivery).where(delivery.c.state == _DEAD)),
                unexpanded=work.scalar(
                    select(count).select_from(notice).where(notice.c.expanded_at.is_(None))
                ),
            )

    def pending_of(self, now: int, notifiers: Sequence[str]) -> tuple[int, int | None]:
        theirs = delivery.c.notifier.in_(list(notifiers))
        pending = select(func.count()).select_from(delivery).where(delivery.c.state == PENDING, theirs)
        oldest = select(func.min(delivery.c.next_at)).where(_due(now), theirs)
        with transaction(self._database, Mode.READ) as work:
            return work.scalar(pending), work.scalar(oldest)


def _free(now: int) -> ColumnElement[bool]:
    return or_(delivery.c.lease_until.is_(None), delivery.c.lease_until <= now)


def _due(now: int) -> ColumnElement[bool]:
    return and_(delivery.c.state == PENDING, delivery.c.next_at <= now, _free(now))


def _store(work: Work, deliveries: Mapping[str, Sequence[Delivery]], now: int) -> None:
    """Store what is not there yet, and mark the notices expanded."""
    rows = [DELIVERIES.values(one) for theirs in deliveries.values() for one in theirs]
    new = work.upsert(delivery).on_conflict_do_nothing(index_elements=["notice_id", "notifier", "target"])
    if rows:
        work.write_all(new, rows)
    fresh = (notice.c.notice_id.in_(list(deliveries)), notice.c.expanded_at.is_(None))
    work.write(update(notice).where(*fresh).values(expanded_at=now))
