"""Faults in what is counted, used once or purged."""

from __future__ import annotations

import time
from dataclasses import replace

from consentcore.api import UsedBefore
from consentcore_memory.counters import MemoryCounters
from consentcore_memory.storage import MemoryStorage
from consentcore_memory.tokens import MemoryProtocol
from tests.contract.broken.parts import ROUND_TRIP_S, Broken


class CountsInTwoSteps(MemoryCounters):
    def hit(self, key, now, window_ms):
        count = self.count(key, now, window_ms)
        time.sleep(ROUND_TRIP_S / 5)
        super().hit(key, now, window_ms)
        self._windows[(key, window_ms)].count = count + 1
        return count + 1


class TestCountsInTwoSteps(Broken):
    counters = CountsInTwoSteps


class PurgesTooMuch(MemoryStorage):
    """Treats used codes and old events as rubbish."""

    def purge(self, now, limit):
        report = super().purge(now, limit)
        with self._engine.writing() as state:
            state.codes.drop([code.code_hash for code in state.codes.values() if code.used_at is not None])
            state.events.drop([event.event_id for event in state.events.values() if event.occurred_at < now])
        return report


class TestPurgesTooMuch(Broken):
    make = PurgesTooMuch


class KeepsNonces(MemoryStorage):
    def purge(self, now, limit):
        kept = [row for row in self._engine.committed.tokens.values() if row.token.nonce is not None]
        report = super().purge(now, limit)
        with self._engine.writing() as state:
            for row in kept:
                state.tokens.put(row.token.token_hash, row)
        return report


class TestKeepsNonces(Broken):
    make = KeepsNonces


class UsesOnceInTwoSteps(MemoryProtocol):
    def use_once(self, key_hash, now, expires_at):
        until = self._engine.committed.used_once.get(key_hash)
        if until is not None and now < until:
            return False
        time.sleep(ROUND_TRIP_S)
        with self._engine.writing() as state:
            state.used_once.put(key_hash, expires_at)
        return True


class TestUsesOnceInTwoSteps(Broken):
    protocol = UsesOnceInTwoSteps


class ForgetsWhatWasUsed(MemoryStorage):
    """Purges by when something was used, not by when it may be used again."""

    def purge(self, now, limit):
        with self._engine.writing() as state:
            state.used_once.drop([key for key, _ in state.used_once.items()])
        return super().purge(now, limit)


class TestForgetsWhatWasUsed(Broken):
    make = ForgetsWhatWasUsed


class TakesPushedRequestsForAnybody(MemoryProtocol):
    def take_pushed(self, request_hash, client_id, now):
        with self._engine.writing() as state:
            found = state.pushed.get(request_hash)
            state.pushed.drop([request_hash])
        return found if found and now < found.expires_at else None


class TestTakesPushedRequestsForAnybody(Broken):
    protocol = TakesPushedRequestsForAnybody


class TakesPushedRequestsTwice(MemoryProtocol):
    """Leaves them for the purge."""

    def take_pushed(self, request_hash, client_id, now):
        found = self._engine.committed.pushed.get(request_hash)
        return found if found and found.client_id == client_id and now < found.expires_at else None


class TestTakesPushedRequestsTwice(Broken):
    protocol = TakesPushedRequestsTwice


class UsesUpBeforeItLooks(MemoryProtocol):
    """In two commits: what came along is used up whatever becomes of the code."""

    def consume_code(self, redemption):
        one_use = redemption.one_use
        if one_use and not self.use_once(one_use.key_hash, redemption.now, one_use.expires_at):
            return UsedBefore()
        return super().consume_code(replace(redemption, one_use=None))


class TestUsesUpBeforeItLooks(Broken):
    protocol = UsesUpBeforeItLooks


class RotatesWhateverWasUsed(MemoryProtocol):
    def rotate_refresh(self, rotation):
        return super().rotate_refresh(replace(rotation, one_use=None))


class TestRotatesWhateverWasUsed(Broken):
    protocol = RotatesWhateverWasUsed


class ForgetsConfirmations(MemoryProtocol):
    def consume_code(self, redemption):
        return super().consume_code(replace(redemption, access=replace(redemption.access, confirmation="")))


class TestForgetsConfirmations(Broken):
    protocol = ForgetsConfirmations
