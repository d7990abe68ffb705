"""Faults in transactions."""

from __future__ import annotations

from contextlib import contextmanager

from consentcore_memory.engine import Engine, Session
from consentcore_memory.storage import MemoryStorage
from consentcore_memory.transactions import MemoryUnit, Participant
from tests.contract.broken.parts import Broken


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


class Remembering:
    """A repository whose answers are those of the first time, and of any moment otherwise."""

    def __init__(self, engine, name, known):
        self._engine, self._name, self._known = engine, name, known

    def __getattr__(self, method):
        def call(*args, **fields):
            key = (self._name, method, args, tuple(fields.items()))
            if key not in self._known:
                unit = MemoryUnit(Session(self._engine, write=False))
                self._known[key] = getattr(getattr(unit, self._name), method)(*args, **fields)
            return self._known[key]

        return call


class RemembersWhatItHasRead(MemoryStorage):
    """Has no view of one moment, and gives itself the look of one."""

    @contextmanager
    def reading(self):
        unit, known = MemoryUnit(Session(self._engine, write=False)), {}
        for name in vars(unit):
            setattr(unit, name, Remembering(self._engine, name, known))
        yield unit


class TestRemembersWhatItHasRead(Broken):
    make = RemembersWhatItHasRead


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
