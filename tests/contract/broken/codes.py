"""Faults in the exchange of codes."""

from __future__ import annotations

import time
from dataclasses import replace

from consentcore.api import Consumed, Expired, Replayed, TokenKind, Unknown
from consentcore_memory.tokens import MemoryProtocol, _store
from tests.contract.broken.parts import ROUND_TRIP_S, Broken


class ReadsThenConsumes(MemoryProtocol):
    def consume_code(self, redemption):
        found = self.read_code(redemption.client_id, redemption.code_hash)
        if found.code is None:
            return Unknown()
        if found.code.used_at is not None:
            return Replayed(found.code.family_id, found.code.grant_id)
        time.sleep(ROUND_TRIP_S)
        with self._engine.writing() as state:
            state.codes.put(found.code.code_hash, replace(found.code, used_at=redemption.now))
            _store(state, found.code, redemption.access, TokenKind.ACCESS, redemption.now)
            _store(state, found.code, redemption.refresh, TokenKind.REFRESH, redemption.now)
        return Consumed()


class TestReadsThenConsumes(Broken):
    protocol = ReadsThenConsumes


class DeletesUsedCodes(MemoryProtocol):
    def consume_code(self, redemption):
        outcome = super().consume_code(redemption)
        if outcome == Consumed():
            with self._engine.writing() as state:
                state.codes.drop([redemption.code_hash])
        return outcome


class TestDeletesUsedCodes(Broken):
    protocol = DeletesUsedCodes


class BurnsCodesOfOthers(MemoryProtocol):
    def consume_code(self, redemption):
        code = self._engine.committed.codes.get(redemption.code_hash)
        if code is None:
            return Unknown()
        return super().consume_code(replace(redemption, client_id=code.client_id))


class TestBurnsCodesOfOthers(Broken):
    protocol = BurnsCodesOfOthers


class ExpiresOneMillisecondLate(MemoryProtocol):
    def consume_code(self, redemption):
        outcome = super().consume_code(redemption)
        if outcome == Expired():
            return super().consume_code(replace(redemption, now=redemption.now - 1))
        return outcome


class TestExpiresOneMillisecondLate(Broken):
    protocol = ExpiresOneMillisecondLate
