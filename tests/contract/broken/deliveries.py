"""Faults in the outbox."""

from __future__ import annotations

import time
from dataclasses import replace

from consentcore.api import DeliveryState
from consentcore_memory.deliveries import MemoryOutbox
from consentcore_memory.delivery_log import MemoryDeliveryLog
from tests.contract.broken.parts import ROUND_TRIP_S, Broken


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
    def settle_all(self, settlements):
        rows = [self._engine.committed.deliveries.get(one.delivery_id) for one in settlements]
        tokens = [row.lease_token if row else "" for row in rows]
        return super().settle_all(
            [replace(one, lease_token=token) for one, token in zip(settlements, tokens, strict=True)]
        )


class TestSettlesForAnybody(Broken):
    outbox = SettlesForAnybody


class ExpandsAgain(MemoryOutbox):
    def expand_all(self, deliveries, now, *, again=False):
        done = super().expand_all(deliveries, now, again=again)
        with self._engine.writing() as state:
            for delivery in (one for theirs in deliveries.values() for one in theirs):
                state.deliveries.put(delivery.delivery_id, delivery)
        return done


class TestExpandsAgain(Broken):
    outbox = ExpandsAgain


class LeavesOutWhatIsExpanded(MemoryOutbox):
    """Takes what it may leave out for what it must."""

    def expand_all(self, deliveries, now, *, again=False):
        fresh = {one.notice_id for one in self.unexpanded(10**6)}
        return super().expand_all({name: deliveries[name] for name in deliveries if name in fresh}, now)


class TestLeavesOutWhatIsExpanded(Broken):
    outbox = LeavesOutWhatIsExpanded


class CountsForEverybody(MemoryDeliveryLog):
    def stats(self, now, *, notifiers):
        everybody = {row.notifier for row in self._engine.committed.deliveries.values()}
        return super().stats(now, notifiers=everybody)


class TestCountsForEverybody(Broken):
    delivery_log = CountsForEverybody


class CannotTellWhatWaits(MemoryDeliveryLog):
    stats = None


class TestCannotTellWhatWaits(Broken):
    delivery_log = CannotTellWhatWaits


class ClaimsForWhoever(MemoryOutbox):
    def claim_deliveries(self, now, *, limit, lease_ms, notifiers):
        return super().claim_deliveries(now, limit=limit, lease_ms=lease_ms, notifiers=notifiers)


class TestClaimsForWhoever(Broken):
    outbox = ClaimsForWhoever


class ExpandsOneByOne(MemoryOutbox):
    def expand_all(self, deliveries, now, *, again=False):
        expand = super().expand_all
        return sum(expand({name: theirs}, now, again=again) for name, theirs in deliveries.items())


class TestExpandsOneByOne(Broken):
    outbox = ExpandsOneByOne


class SettlesOneByOne(MemoryOutbox):
    def settle_all(self, settlements):
        settle = super().settle_all
        return [answer for one in settlements for answer in settle([one])]


class TestSettlesOneByOne(Broken):
    outbox = SettlesOneByOne


class SettlesInTwoCommits(MemoryOutbox):
    def settle_all(self, settlements):
        settlements = list(settlements)
        half = len(settlements) // 2
        first = super().settle_all(settlements[:half])
        time.sleep(ROUND_TRIP_S)
        return [*first, *super().settle_all(settlements[half:])]


class TestSettlesInTwoCommits(Broken):
    outbox = SettlesInTwoCommits
