"""Storages with one fault each, of the kind that one writes on a Friday. `test_kit_rejects_broken.py` runs them."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace

import pytest

from consentcore.api import (
    Consumed,
    DeliveryState,
    Expired,
    GrantState,
    NotFound,
    Replayed,
    TokenKind,
    TokenLookup,
    Unknown,
)
from consentcore.testing import StorageConformance
from consentcore_memory.counters import MemoryCounters
from consentcore_memory.engine import Engine, Session
from consentcore_memory.evidence import MemoryGrants, MemoryLedger
from consentcore_memory.feed import MemoryFeed
from consentcore_memory.joining import Participant
from consentcore_memory.outbox import MemoryOutbox
from consentcore_memory.people import MemoryIdentities, MemoryTickets
from consentcore_memory.protocol import MemoryProtocol, _store
from consentcore_memory.state import StoredToken
from consentcore_memory.storage import MemoryStorage
from consentcore_memory.unit import MemoryUnit

ROUND_TRIP_S = 0.005


class Broken(StorageConformance):
    """Uses the parts that a subclass names instead of the sound ones."""

    protocol = MemoryProtocol
    outbox = MemoryOutbox
    counters = MemoryCounters
    make = MemoryStorage

    @pytest.fixture
    def storage(self):
        storage = self.make()
        storage.protocol = self.protocol(storage._engine)
        storage.outbox = self.outbox(storage._engine)
        storage.counters = self.counters()
        return storage


def repository(name, kind):
    """Make a storage whose unit of work has another repository."""

    class Unit(MemoryUnit):
        def __init__(self, session):
            super().__init__(session)
            setattr(self, name, kind(session))

    class WithRepository(MemoryStorage):
        @contextmanager
        def transaction(self):
            session = Session(self._engine, write=True)
            try:
                yield Unit(session)
                session.vote()
            except BaseException:
                session.rollback()
                raise
            session.commit()

        @contextmanager
        def reading(self):
            yield Unit(Session(self._engine, write=False))

    return WithRepository


# --- verbs ---------------------------------------------------------------------------------------------


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


class ForgetsTheAudience(MemoryProtocol):
    """Written before tokens had one."""

    def find_token(self, client_id, token_hash):
        found = super().find_token(client_id, token_hash)
        return replace(found, token=found.token and replace(found.token, audience=()))


class TestForgetsTheAudience(Broken):
    protocol = ForgetsTheAudience


class ForgetsWhatWasSealed(MemoryProtocol):
    def rotate_refresh(self, rotation):
        return super().rotate_refresh(replace(rotation, sealed_access=b""))


class TestForgetsWhatWasSealed(Broken):
    protocol = ForgetsWhatWasSealed


class ExpiresOneMillisecondLate(MemoryProtocol):
    def consume_code(self, redemption):
        outcome = super().consume_code(redemption)
        if outcome == Expired():
            return super().consume_code(replace(redemption, now=redemption.now - 1))
        return outcome


class TestExpiresOneMillisecondLate(Broken):
    protocol = ExpiresOneMillisecondLate


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


# --- transactions --------------------------------------------------------------------------------------


class Leaks(MemoryStorage):
    """Commits what was done before the error."""

    @contextmanager
    def transaction(self):
        session = Session(self._engine, write=True)
        try:
            yield MemoryUnit(session)
        finally:
            session.commit()


class TestLeaks(Broken):
    make = Leaks


class WritesInPlace(MemoryStorage):
    """Everybody sees what is not committed yet."""

    @contextmanager
    def transaction(self):
        session = Session(self._engine, write=True)
        before, self._engine._state = self._engine.committed, session.state
        try:
            yield MemoryUnit(session)
            session.vote()
        except BaseException:
            self._engine._state = before
            session.rollback()
            raise
        session.commit()


class TestWritesInPlace(Broken):
    make = WritesInPlace


class ForgetsUnlessGrantsChange(Participant):
    """As an ORM session does with a statement that it did not see."""

    def tpc_finish(self, transaction):
        fresh = self.session._engine.committed.grants
        if self.session.writable and list(self.session.state.grants.values()) == list(fresh.values()):
            self.session.rollback()
        super().tpc_finish(transaction)


class JoinsLoosely(MemoryStorage):
    participant = Participant

    def join(self, tm, *, write):
        current = tm.get()
        try:
            found = current.data(self)
        except KeyError:
            found = self.participant(tm, Session(self._engine, write=False))
            current.join(found)
            current.set_data(self, found)
        if write:
            found.session.upgrade()
        return found.unit


class LosesStatements(JoinsLoosely):
    participant = ForgetsUnlessGrantsChange


class TestLosesStatements(Broken):
    make = LosesStatements


class CommitsBeforeTheVote(Participant):
    def commit(self, transaction):
        self.session.commit()


class Tears(JoinsLoosely):
    participant = CommitsBeforeTheVote


class TestTears(Broken):
    make = Tears


# --- repositories --------------------------------------------------------------------------------------


class OverwritesGrants(MemoryGrants):
    def update(self, grant, *, expected_sequence):
        before = self.get(grant.grant_id)
        super().update(grant, expected_sequence=before.sequence if before else expected_sequence)


class TestOverwritesGrants(Broken):
    make = staticmethod(repository("grants", OverwritesGrants))


class AllowsTwoActiveGrants(MemoryGrants):
    def add(self, grant):
        if grant.state is GrantState.ACTIVE:
            self._session.draft.active.drop([(grant.owner_id, grant.client_id)])
        super().add(grant)


class TestAllowsTwoActiveGrants(Broken):
    make = staticmethod(repository("grants", AllowsTwoActiveGrants))


class PagesByPosition(MemoryGrants):
    """Skips as many rows as the pages before had, whatever came in between."""

    def of_owner(self, owner_id, states, *, after="", limit=100):
        rows = super().of_owner(owner_id, states, limit=10**6)
        start = limit if after else 0
        return rows[start : start + limit]


class TestPagesByPosition(Broken):
    make = staticmethod(repository("grants", PagesByPosition))


class OrdersByTime(MemoryLedger):
    def of_grant(self, grant_id):
        return sorted(super().of_grant(grant_id), key=lambda event: event.occurred_at)


class TestOrdersByTime(Broken):
    make = staticmethod(repository("ledger", OrdersByTime))


class ReplacesEvents(MemoryLedger):
    def append(self, event):
        chain = self._session.draft.chains.get(event.grant_id) or {}
        chain = {number: known for number, known in chain.items() if number != event.sequence}
        self._session.draft.chains.put(event.grant_id, chain)
        super().append(event)


class TestReplacesEvents(Broken):
    make = staticmethod(repository("ledger", ReplacesEvents))


# --- outbox, counters, purge ---------------------------------------------------------------------------


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


class OrdersTheFeedByTime(MemoryFeed):
    """Needs no places, and passes over what commits late."""

    def page(self, client_id, *, after="", limit=100):
        rows = sorted(super().page(client_id, limit=1000), key=lambda row: (row.occurred_at, row.notice_id))
        known = [row.notice_id for row in rows]
        if after and after not in known:
            raise NotFound("event", after)
        start = known.index(after) + 1 if after else 0
        return rows[start:][:limit]


class TestOrdersTheFeedByTime(Broken):
    make = staticmethod(repository("feed", OrdersTheFeedByTime))


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


class UsesTicketsTwice(MemoryTickets):
    """Looks whether the time is over, and not whether it was used."""

    def use(self, ticket_hash, purpose, now):
        found = self.get(ticket_hash, now)
        return replace(found, used_at=now) if found and found.purpose == purpose else None


class TestUsesTicketsTwice(Broken):
    make = staticmethod(repository("tickets", UsesTicketsTwice))


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


class ForgetsTheIssuer(MemoryIdentities):
    """Takes the subject of one provider for that of another."""

    def get(self, issuer, subject):
        rows = self._session.state.identities.values()
        return next((row for row in rows if row.subject.lower() == subject.lower()), None)


class TestForgetsTheIssuer(Broken):
    make = staticmethod(repository("identities", ForgetsTheIssuer))


class HoldsItsLock(MemoryStorage):
    """Never gives the writer's lock back when a request is aborted."""

    def join(self, tm, *, write):
        unit = super().join(tm, write=write)
        tm.get().data(self).abort = lambda transaction: None
        return unit


class Impatient(Engine):
    def __init__(self):
        super().__init__(0.01)


class TestHoldsItsLock(Broken):
    @staticmethod
    def make():
        storage = HoldsItsLock()
        storage._engine = Impatient()
        return storage


class TestSound(Broken):
    """What is put together here is sound as long as no part is exchanged."""


class TestSoundWithRepository(Broken):
    make = staticmethod(repository("grants", MemoryGrants))


class TestSoundWhenJoined(Broken):
    make = JoinsLoosely
