"""The outbox: its writing end inside a transaction, and the worker's verbs."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal_column, or_, select, tuple_, update

from consentcore.api import (
    UNDELIVERED,
    Attempt,
    Audience,
    Delivery,
    DeliveryState,
    Notice,
    NoticeKind,
    OutboxStats,
    Settlement,
)
from consentcore_sqlalchemy.engine import Database
from consentcore_sqlalchemy.rows.common import Row, Values, texts, texts_json
from consentcore_sqlalchemy.tables import delivery, delivery_attempt, notice
from consentcore_sqlalchemy.work import Mode, Work, transaction

_PENDING: ColumnElement[str] = literal_column("'pending'")
_DEAD: ColumnElement[str] = literal_column("'dead'")
_NEWNESS = (delivery.c.created_at, delivery.c.delivery_id)
NOTICE = tuple(column for column in notice.c if column.name not in {"expanded_at", "feed_index"})


class SqlNotices:
    """:class:`consentcore.api.NoticeRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, item: Notice) -> None:
        self._work.add(notice, notice_values(item))

    def get(self, notice_id: str) -> Notice | None:
        row = self._work.first(select(*NOTICE).where(notice.c.notice_id == notice_id))
        return notice_from(row) if row else None

    def of_grant(self, grant_id: str) -> Sequence[Notice]:
        theirs = select(*NOTICE).where(notice.c.grant_id == grant_id)
        rows = self._work.rows(theirs.order_by(notice.c.occurred_at, notice.c.notice_id))
        return [notice_from(row) for row in rows]


class SqlOutbox:
    """:class:`consentcore.api.OutboxStorage` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unexpanded(self, limit: int) -> Sequence[Notice]:
        waiting = select(*NOTICE).where(notice.c.expanded_at.is_(None))
        with transaction(self._database, Mode.READ) as work:
            rows = work.rows(waiting.order_by(notice.c.occurred_at, notice.c.notice_id).limit(limit))
        return [notice_from(row) for row in rows]

    def expand(self, notice_id: str, deliveries: Sequence[Delivery], now: int) -> None:
        with transaction(self._database, Mode.WRITE) as work:
            if work.locked(select(notice.c.notice_id).where(notice.c.notice_id == notice_id)) is None:
                return
            for item in deliveries:
                new = work.upsert(delivery).values(delivery_values(item))
                work.write(new.on_conflict_do_nothing(index_elements=["notice_id", "notifier", "target"]))
            fresh = (notice.c.notice_id == notice_id, notice.c.expanded_at.is_(None))
            work.write(update(notice).where(*fresh).values(expanded_at=now))

    def claim_deliveries(
        self, now: int, *, limit: int, lease_ms: int, notifiers: Sequence[str]
    ) -> Sequence[Delivery]:
        due = (
            select(delivery.c.delivery_id)
            .where(_due(now), delivery.c.notifier.in_(list(notifiers)))
            .order_by(delivery.c.next_at, delivery.c.delivery_id)
            .limit(limit)
        )
        if self._nothing(due):
            return []
        with transaction(self._database, Mode.WRITE) as work:
            if not work.is_sqlite:
                due = due.with_for_update(skip_locked=True)
            leased = (
                update(delivery)
                .where(delivery.c.delivery_id.in_(due.scalar_subquery()))
                .values(
                    lease_until=now + lease_ms,
                    lease_token=secrets.token_hex(16),
                    attempts=delivery.c.attempts + 1,
                )
                .returning(*delivery.c)
            )
            claimed = [delivery_from(row) for row in work.returning(leased)]
        return sorted(claimed, key=lambda item: (item.next_at, item.delivery_id))

    def settle(self, settlement: Settlement) -> bool:
        values: Values = {
            "state": settlement.state.value,
            "lease_until": None,
            "lease_token": "",
            "last_error": settlement.error,
        }
        if settlement.state is DeliveryState.PENDING:
            again_at = settlement.next_at if settlement.next_at is not None else settlement.now
            values |= {"next_at": again_at, "finished_at": None}
        else:
            values["finished_at"] = settlement.now
        if settlement.attempt is not None:
            values |= {"before_replay": None, "next_before_replay": None}
        held = (
            delivery.c.delivery_id == settlement.delivery_id,
            delivery.c.lease_token == settlement.lease_token,
            delivery.c.lease_token != "",
        )
        with transaction(self._database, Mode.WRITE) as work:
            settled = work.write(update(delivery).where(*held).values(values)) > 0
            if settled and settlement.attempt is not None:
                work.add(delivery_attempt, attempt_values(settlement.attempt))
        return settled

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
            return [delivery_from(row) for row in work.rows(page)]

    def delivery(self, delivery_id: str) -> Delivery | None:
        with transaction(self._database, Mode.READ) as work:
            row = work.first(select(delivery).where(delivery.c.delivery_id == delivery_id))
        return delivery_from(row) if row else None

    def backlog(self, target: str) -> Mapping[DeliveryState, int]:
        states = select(delivery.c.state, func.count().label("number")).where(delivery.c.target == target)
        with transaction(self._database, Mode.READ) as work:
            rows = work.rows(states.group_by(delivery.c.state))
        return {DeliveryState(row.state): row.number for row in rows}

    def attempts(self, delivery_id: str) -> Sequence[Attempt]:
        theirs = select(delivery_attempt).where(delivery_attempt.c.delivery_id == delivery_id)
        with transaction(self._database, Mode.READ) as work:
            return [attempt_from(row) for row in work.rows(theirs.order_by(delivery_attempt.c.number))]

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
                pending=work.scalar(select(count).select_from(delivery).where(delivery.c.state == _PENDING)),
                oldest_due_at=work.scalar(select(func.min(delivery.c.next_at)).where(_due(now))),
                dead=work.scalar(select(count).select_from(delivery).where(delivery.c.state == _DEAD)),
                unexpanded=work.scalar(
                    select(count).select_from(notice).where(notice.c.expanded_at.is_(None))
                ),
            )

    def _nothing(self, due: Any) -> bool:
        """Look before becoming the writer: an idle worker asks ten times a second."""
        with transaction(self._database, Mode.READ) as work:
            return work.first(due.limit(1)) is None


def _free(now: int) -> ColumnElement[bool]:
    return or_(delivery.c.lease_until.is_(None), delivery.c.lease_until <= now)


def _due(now: int) -> ColumnElement[bool]:
    return and_(delivery.c.state == _PENDING, delivery.c.next_at <= now, _free(now))


def notice_values(item: Notice) -> Values:
    """Columns of a notice."""
    return {
        "notice_id": item.notice_id,
        "kind": item.kind.value,
        "grant_id": item.grant_id,
        "client_id": item.client_id,
        "owner_id": item.owner_id,
        "audiences": texts_json(audience.value for audience in item.audiences),
        "occurred_at": item.occurred_at,
        "data": item.data,
    }


def notice_from(row: Row) -> Notice:
    """Read a notice."""
    return Notice(
        notice_id=row[0],
        kind=NoticeKind(row[1]),
        grant_id=row[2],
        client_id=row[3],
        owner_id=row[4],
        audiences=tuple(Audience(name) for name in texts(row[5])),
        occurred_at=row[6],
        data=row[7],
    )


def delivery_values(item: Delivery) -> Values:
    """Columns of a delivery."""
    values = {column.name: getattr(item, column.name) for column in delivery.c}
    before = item.before_replay
    return values | {"state": item.state.value, "before_replay": before.value if before else None}


def delivery_from(row: Row) -> Delivery:
    """Read a delivery."""
    values = {column.name: value for column, value in zip(delivery.c, row, strict=True)}
    before = values["before_replay"]
    states = {
        "state": DeliveryState(values["state"]),
        "before_replay": DeliveryState(before) if before else None,
    }
    return Delivery(**{**values, **states})


def attempt_values(item: Attempt) -> Values:
    """Columns of an attempt."""
    return {column.name: getattr(item, column.name) for column in delivery_attempt.c}


def attempt_from(row: Row) -> Attempt:
    """Read an attempt."""
    return Attempt(**{column.name: value for column, value in zip(delivery_attempt.c, row, strict=True)})
