"""Faults in tokens: their rotation, their families, and the grant above them."""

from __future__ import annotations

import time
from dataclasses import replace

from consentcore.api import Consumed, TokenLookup
from consentcore_memory.state import StoredToken
from consentcore_memory.tokens import MemoryProtocol
from tests.contract.broken.parts import ROUND_TRIP_S, Broken


class ForgetsTheAudience(MemoryProtocol):
    """Written before tokens had one."""

    def find_token(self, client_id, token_hash):
        found = super().find_token(client_id, token_hash)
        return replace(found, token=found.token and replace(found.token, audience=()))


class TestForgetsTheAudience(Broken):
    protocol = ForgetsTheAudience


class LooksAtEnabledOnly(MemoryProtocol):
    """Keeps that a client is suspended, and honours its tokens all the same."""

    def find_token(self, client_id, token_hash):
        found = super().find_token(client_id, token_hash)
        if found.token is None:
            return found
        issued_to = self._engine.committed.clients.get(found.token.client_id)
        return replace(found, token_client_enabled=issued_to.enabled)


class TestLooksAtEnabledOnly(Broken):
    protocol = LooksAtEnabledOnly


class ForgetsWhatWasSealed(MemoryProtocol):
    def rotate_refresh(self, rotation):
        return super().rotate_refresh(replace(rotation, sealed_access=b""))


class TestForgetsWhatWasSealed(Broken):
    protocol = ForgetsWhatWasSealed


class RotatesAgainAndAgain(MemoryProtocol):
    """Without reuse detection: whoever comes gets new tokens."""

    def rotate_refresh(self, rotation):
        with self._engine.writing() as state:
            row = state.tokens.get(rotation.token_hash)
            if row is not None and row.token.rotated_at is not None:
                state.tokens.put(rotation.token_hash, StoredToken(replace(row.token, rotated_at=None)))
        return super().rotate_refresh(rotation)


class TestRotatesAgainAndAgain(Broken):
    protocol = RotatesAgainAndAgain


class ReadsThenRotates(MemoryProtocol):
    def rotate_refresh(self, rotation):
        row = self._engine.committed.tokens.get(rotation.token_hash)
        time.sleep(ROUND_TRIP_S)
        if row is not None and row.token.rotated_at is None:
            with self._engine.writing() as state:
                state.tokens.put(rotation.token_hash, row)
        return super().rotate_refresh(rotation)


class TestReadsThenRotates(Broken):
    protocol = ReadsThenRotates


class ForgivesOldGenerations(MemoryProtocol):
    """Grace without a look at whether the successor has been used."""

    def rotate_refresh(self, rotation):
        with self._engine.writing() as state:
            row = state.tokens.get(rotation.token_hash)
            successor = state.tokens.get(row.successor) if row is not None else None
            if successor is not None:
                unrotated = replace(successor, token=replace(successor.token, rotated_at=None))
                state.tokens.put(row.successor, unrotated)
        outcome = super().rotate_refresh(rotation)
        if successor is not None:
            with self._engine.writing() as state:
                state.tokens.put(row.successor, successor)
        return outcome


class TestForgivesOldGenerations(Broken):
    protocol = ForgivesOldGenerations


class ChecksTheGrantBeforeItWrites(MemoryProtocol):
    """Looks at the grant, then writes tokens with the verdict in them."""

    def __init__(self, engine):
        super().__init__(engine)
        self._sound = {}

    def consume_code(self, redemption):
        outcome = super().consume_code(redemption)
        code = self._engine.committed.codes.get(redemption.code_hash)
        if outcome == Consumed():
            grant = self._engine.committed.grants.get(code.grant_id)
            self._sound[redemption.access.token_hash] = grant
            self._sound[redemption.refresh.token_hash] = grant
        return outcome

    def find_token(self, client_id, token_hash):
        found = super().find_token(client_id, token_hash)
        return replace(found, grant=self._sound.get(token_hash, found.grant))


class TestChecksTheGrantBeforeItWrites(Broken):
    protocol = ChecksTheGrantBeforeItWrites


class CopiesTheKillToEachToken(MemoryProtocol):
    """Kills the tokens that are there, not the family: the ones in flight survive."""

    def __init__(self, engine):
        super().__init__(engine)
        self._killed = set()

    def kill_family(self, family_id, _now):
        rows = [row for row in self._engine.committed.tokens.values() if row.token.family_id == family_id]
        before = len(self._killed)
        time.sleep(ROUND_TRIP_S)
        self._killed |= {row.token.token_hash for row in rows}
        return len(self._killed) > before

    def find_token(self, client_id, token_hash):
        found = super().find_token(client_id, token_hash)
        return replace(found, family_killed_at=0) if token_hash in self._killed else found


class TestCopiesTheKillToEachToken(Broken):
    protocol = CopiesTheKillToEachToken


class TellsTheAgeOfTheTokenForItsFamily(MemoryProtocol):
    """What is exchanged while a grant is being changed outlives the change."""

    def find_token(self, client_id, token_hash):
        found = super().find_token(client_id, token_hash)
        return replace(found, family_created_at=found.token.created_at if found.token else None)


class TestTellsTheAgeOfTheTokenForItsFamily(Broken):
    protocol = TellsTheAgeOfTheTokenForItsFamily


class HidesDeadTokens(MemoryProtocol):
    def find_token(self, client_id, token_hash):
        found = super().find_token(client_id, token_hash)
        return (
            found
            if found.is_live(found.token.created_at if found.token else 0)
            else TokenLookup(found.client)
        )


class TestHidesDeadTokens(Broken):
    protocol = HidesDeadTokens


class KeepsTheProofOfDeadFamilies(MemoryProtocol):
    """Whoever clears the time of the kill has the tokens back."""

    def kill_family(self, family_id, now):
        with self._engine.writing() as state:
            proof = state.families.get(family_id).proof
            killed = state.kill_family(family_id, now)
            state.families.put(family_id, replace(state.families.get(family_id), proof=proof))
            return killed


class TestKeepsTheProofOfDeadFamilies(Broken):
    protocol = KeepsTheProofOfDeadFamilies


class KeepsTheSealOfSpentTokens(MemoryProtocol):
    def rotate_refresh(self, rotation):
        row = self._engine.committed.tokens.get(rotation.token_hash)
        outcome = super().rotate_refresh(rotation)
        with self._engine.writing() as state:
            spent = state.tokens.get(rotation.token_hash)
            state.tokens.put(
                rotation.token_hash, replace(spent, token=replace(spent.token, seal=row.token.seal))
            )
        return outcome


class TestKeepsTheSealOfSpentTokens(Broken):
    protocol = KeepsTheSealOfSpentTokens


class KeepsTheSealOfUsedCodes(MemoryProtocol):
    def consume_code(self, redemption):
        before = self._engine.committed.codes.get(redemption.code_hash)
        outcome = super().consume_code(redemption)
        if isinstance(outcome, Consumed):
            with self._engine.writing() as state:
                used = state.codes.get(redemption.code_hash)
                state.codes.put(redemption.code_hash, replace(used, seal=before.seal))
        return outcome


class TestKeepsTheSealOfUsedCodes(Broken):
    protocol = KeepsTheSealOfUsedCodes
