"""Deliveries: the worker's end of the outbox."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from consentcore.api import (
    Delivery,
    DeliveryState,
    Notice,
    Settlement,
)
from consentcore_memory.engine import Engine
from consentcore_memory.state import State


class MemoryOutbox:
    """:class:`consentcore.api.OutboxStorage` in memory."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def waiting(self, now: int, *, lease_ms: int, notifiers: Sequence[str]) -> bool:
        state = self._engine.committed
        return any(row.expanded_at is None for row in state.notices.values()) or any(
            _claimable(row, now, lease_ms) and row.notifier in notifiers for row in state.deliveries.values()
        )

    def unexpanded(self, limit: int, skip: int = 0) -> Sequence[Notice]:
        rows = (row for row in self._engine.committed.notices.values() if row.expanded_at is None)
        return sorted((row.notice for row in rows), key=lambda row: row.occurred_at)[skip : skip + limit]

    def expand_all(
        self,
        deliveries: Mapping[str, Sequence[Delivery]],
        now: int,
        *,
        again: bool = False,  # noqa: ARG002 - nobody is left out here
    ) -> int:
        with self._engine.writing() as state:
            return sum(_expand(state, notice_id, theirs, now) for notice_id, theirs in deliveries.items())

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
        def claimable(row: Delivery) -> bool:
            return row.notifier in notifiers and _address(row) not in busy and _claimable(row, now, lease_ms)

        if not any(map(claimable, self._engine.committed.deliveries.values())):
            return []
        with self._engine.writing() as state:
            due = sorted(filter(claimable, state.deliveries.values()), key=_dueness)
            claimed = [
                replace(
                    row,
                    lease_until=now + lease_ms,
                    lease_token=secrets.token_hex(16),
                    attempts=row.attempts + 1,
                )
                for row in islice(_few_of_each(due, per_target), limit)
            ]
            for row in claimed:
                state.deliveries.put(row.delivery_id, row)
            return claimed

    def settle_all(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        with self._engine.writing() as state:
            return [_settle(state, one) for one in settlements]


def _expand(state: State, notice_id: str, deliveries: Sequence[Delivery], now: int) -> bool:
    row = state.notices.get(notice_id)
    if row is None:
        return False
    there = {_address(known) for known in state.deliveries.values() if known.notice_id == notice_id}
    for delivery in deliveries:
        if _address(delivery) not in there:
            there.add(_address(delivery))
            state.deliveries.put(delivery.delivery_id, delivery)
    if row.expanded_at is not None:
        return False
    state.notices.put(notice_id, replace(row, expanded_at=now))
    return True


def _settle(state: State, settlement: Settlement) -> bool:
    row = state.deliveries.get(settlement.delivery_id)
    if row is None or not row.lease_token or row.lease_token != settlement.lease_token:
        return False
    waits = settlement.state is DeliveryState.PENDING
    again_at = settlement.next_at if settlement.next_at is not None else settlement.now
    settled = replace(
        row,
        state=settlement.state,
        next_at=again_at if waits else row.next_at,
        finished_at=None if waits else settlement.now,
        lease_until=None,
        lease_token="",
        last_error=settlement.error,
    )
    if settlement.attempt is not None:
        settled = replace(settled, before_replay=None, next_before_replay=None)
        known = state.attempts.get(row.delivery_id) or ()
        state.attempts.put(row.delivery_id, (*known, settlement.attempt))
    state.deliveries.put(row.delivery_id, settled)
    return True


def _dueness(delivery: Delivery) -> tuple[int, str]:
    return (delivery.next_at, delivery.delivery_id)


def _few_of_each(deliveries: Iterable[Delivery], per_target: int | None) -> Iterator[Delivery]:
    seen: Counter[tuple[str, str]] = Counter()
    for delivery in deliveries:
        seen[_address(delivery)] += 1
        if per_target is None or seen[_address(delivery)] <= per_target:
            yield delivery


def _claimable(delivery: Delivery, now: int, lease_ms: int) -> bool:
    leased = delivery.lease_until is not None and now < delivery.lease_until <= now + 2 * lease_ms
    return delivery.state is DeliveryState.PENDING and delivery.next_at <= now and not leased


def _address(delivery: Delivery) -> tuple[str, str]:
    return (delivery.notifier, delivery.target)
