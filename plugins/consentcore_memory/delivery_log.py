"""The delivery log: what people see of deliveries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from consentcore.api import UNDELIVERED, Attempt, Delivery, DeliveryState, NoticeKind, OutboxStats
from consentcore_memory.engine import Engine


class MemoryDeliveryLog:
    """:class:`consentcore.api.DeliveryLogStorage` in memory."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

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
        committed = self._engine.committed
        theirs = {
            row.notice.notice_id
            for row in committed.notices.values()
            if client_id in {"", row.notice.client_id}
            and notice_id in {"", row.notice.notice_id}
            and kind in {None, row.notice.kind}
        }
        last = committed.deliveries.get(after)
        if after and last is None:
            return []
        rows = [
            row
            for row in committed.deliveries.values()
            if row.notice_id in theirs
            and delivery_id in {"", row.delivery_id}
            and state in {None, row.state}
            and target in {"", row.target}
            and (not undelivered or row.state in UNDELIVERED)
            and (since is None or row.created_at >= since)
            and (until is None or row.created_at < until)
            and (last is None or _newness(row) < _newness(last))
        ]
        return list(islice(sorted(rows, key=_newness, reverse=True), limit))

    def backlog(self, target: str) -> Mapping[DeliveryState, int]:
        return Counter(
            row.state for row in self._engine.committed.deliveries.values() if row.target == target
        )

    def attempts_of(self, delivery_ids: Sequence[str]) -> Mapping[str, Sequence[Attempt]]:
        known = self._engine.committed.attempts
        found = {delivery_id: known.get(delivery_id) or () for delivery_id in delivery_ids}
        return {
            delivery_id: sorted(attempts, key=lambda one: one.number)
            for delivery_id, attempts in found.items()
            if attempts
        }

    def requeue(self, delivery_ids: Sequence[str], now: int) -> Sequence[str]:
        with self._engine.writing() as state:
            rows = [row for row in map(state.deliveries.get, delivery_ids) if row and not _leased(row, now)]
            for row in rows:
                state.deliveries.put(row.delivery_id, _due_again(row, now))
            return [row.delivery_id for row in rows]

    def stats(self, now: int, *, notifiers: Collection[str]) -> OutboxStats:
        committed = self._engine.committed
        rows = committed.deliveries.values()
        pending = [row for row in rows if row.state is DeliveryState.PENDING]
        named = [row for row in pending if row.notifier in notifiers]
        return OutboxStats(
            pending=len(named),
            oldest_due_at=min((row.next_at for row in named if _due(row, now)), default=None),
            dead=sum(row.state is DeliveryState.DEAD for row in rows),
            unexpanded=sum(row.expanded_at is None for row in committed.notices.values()),
            unnamed=len(pending) - len(named),
        )


def _due_again(row: Delivery, now: int) -> Delivery:
    first = row.before_replay is None
    return replace(
        row,
        state=DeliveryState.PENDING,
        next_at=now,
        finished_at=None,
        # The old lease, if one ran out, must not settle what is now somebody else's to send.
        lease_until=None,
        lease_token="",
        before_replay=row.state if first else row.before_replay,
        next_before_replay=row.next_at if first else row.next_before_replay,
    )


def _newness(delivery: Delivery) -> tuple[int, str]:
    return (delivery.created_at, delivery.delivery_id)


def _leased(delivery: Delivery, now: int) -> bool:
    return delivery.lease_until is not None and now < delivery.lease_until


def _due(delivery: Delivery, now: int) -> bool:
    return delivery.state is DeliveryState.PENDING and delivery.next_at <= now and not _leased(delivery, now)
