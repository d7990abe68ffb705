"""Faults in the outbox."""

from __future__ import annotations

from dataclasses import replace

from consentcore.api import DeliveryState
from consentcore_memory.deliveries import MemoryOutbox
from tests.contract.broken.parts import Broken


class ClaimsWithoutLease(MemoryOutbox):
    def claim_deliveries(self, now, *, limit, lease_ms, notifiers, per_target=None, busy=()):
        due = [
            row
            for row in self._engine.committed.deliveries.values()
            if row.state is DeliveryState.PENDING and row.next_at <= now and row.notifier in notifiers
        ]
        with self._engine.writing() as state:
            claimed = [replace(row, attempts=row.attempts + 1, lease_token="mine") for row in due[:limit]]
            for row in claimed:
                state.deliveries.put(row.delivery_id, row)
        return claimed


class TestClaimsWithoutLease(Broken):
    outbox = ClaimsWithoutLease


class SettlesForAnybody(MemoryOutbox):
    def settle(self, settlement):
        row = self._engine.committed.deliveries.get(settlement.delivery_id)
        return super().settle(replace(settlement, lease_token=row.lease_token if row else ""))


class TestSettlesForAnybody(Broken):
    outbox = SettlesForAnybody


class ExpandsAgain(MemoryOutbox):
    def expand(self, notice_id, deliveries, now):
        super().expand(notice_id, deliveries, now)
        with self._engine.writing() as state:
            for delivery in deliveries:
                state.deliveries.put(delivery.delivery_id, delivery)


class TestExpandsAgain(Broken):
    outbox = ExpandsAgain


class CountsForEverybody(MemoryOutbox):
    def pending_of(self, now, notifiers):
        stats = self.stats(now)
        return stats.pending, stats.oldest_due_at


class TestCountsForEverybody(Broken):
    outbox = CountsForEverybody


class CannotTellWhatWaits(MemoryOutbox):
    pending_of = None


class TestCannotTellWhatWaits(Broken):
    outbox = CannotTellWhatWaits


class SettlesByAnotherName(MemoryOutbox):
    def settle_all(self, settled):
        return super().settle_all(settled)


class TestSettlesByAnotherName(Broken):
    outbox = SettlesByAnotherName
