"""The delivery log: what people see of deliveries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, and_, case, func, literal_column, or_, select, tuple_, update

from consentcore.api import UNDELIVERED, Attempt, Delivery, DeliveryState, NoticeKind, OutboxStats
from consentcore_sqlalchemy.claims import PENDING
from consentcore_sqlalchemy.engine import Database
from consentcore_sqlalchemy.rows.deliveries import ATTEMPTS, DELIVERIES
from consentcore_sqlalchemy.tables import delivery, delivery_attempt, notice
from consentcore_sqlalchemy.work import Mode, transaction

_DEAD: ColumnElement[str] = literal_column("'dead'")
_NEWNESS = (delivery.c.created_at, delivery.c.delivery_id)


class SqlDeliveryLog:
    """:class:`consentcore.api.DeliveryLogStorage` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def deliveries(
        self,
        *,
        delivery_id: str = "",
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
            *([delivery.c.delivery_id == delivery_id] if delivery_id else []),
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

    def backlog(self, target: str) -> Mapping[DeliveryState, int]:
        states = select(delivery.c.state, func.count().label("number")).where(delivery.c.target == target)
        with transaction(self._database, Mode.READ) as work:
            rows = work.rows(states.group_by(delivery.c.state))
        return {DeliveryState(row.state): row.number for row in rows}

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

    def stats(self, now: int, *, notifiers: Collection[str]) -> OutboxStats:
        count, theirs = func.count(), delivery.c.notifier.in_(list(notifiers))
        waiting = select(count).select_from(delivery).where(delivery.c.state == PENDING)
        with transaction(self._database, Mode.READ) as work:
            pending = work.scalar(waiting)
            named = work.scalar(waiting.where(theirs)) if pending else 0
            oldest = select(func.min(delivery.c.next_at)).where(_due(now), theirs)
            return OutboxStats(
                pending=named,
                oldest_due_at=work.scalar(oldest) if named else None,
                dead=work.scalar(select(count).select_from(delivery).where(delivery.c.state == _DEAD)),
                unexpanded=work.scalar(
                    select(count).select_from(notice).where(notice.c.expanded_at.is_(None))
                ),
                unnamed=pending - named,
            )


def _free(now: int) -> ColumnElement[bool]:
    return or_(delivery.c.lease_until.is_(None), delivery.c.lease_until <= now)


def _due(now: int) -> ColumnElement[bool]:
    return and_(delivery.c.state == PENDING, delivery.c.next_at <= now, _free(now))
