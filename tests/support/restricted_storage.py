"""A storage in memory that can do as little as a storage may: what the core does with it, it does with any.

Its views are not of one moment, a commit takes a bounded number of rows, and it does not look at clients when it looks
for grants. What asks more of it fails loudly.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields

from consentcore.api import LEAST_BATCH, StorageCapabilities, StorageError
from consentcore_memory.deliveries import MemoryOutbox
from consentcore_memory.delivery_log import MemoryDeliveryLog
from consentcore_memory.engine import Engine, Session
from consentcore_memory.grants import MemoryGrants
from consentcore_memory.moving import MemoryMoving
from consentcore_memory.storage import MemoryStorage
from consentcore_memory.tokens import MemoryProtocol
from consentcore_memory.transactions import MemoryUnit, Participant

RESTRICTED = StorageCapabilities(atomic_batches=LEAST_BATCH)
ROWS = 2 * LEAST_BATCH + 10
"""Of one commit: a delivery has its attempts in a row of their own."""


class BatchTooLarge(Exception):
    """Somebody did not ask how much one commit takes."""


class RestrictedEngine(Engine):
    """Counts the rows of every commit."""

    def __init__(self):
        super().__init__(5.0)
        self._many = threading.local()

    @contextmanager
    def in_many_commits(self) -> Iterator[None]:
        """What is done here is many small commits to whoever looks; that they are one here is nobody's concern."""
        self._many.on = True
        try:
            yield
        finally:
            self._many.on = False

    def commit(self, draft):
        changed = sum(
            self._changed(getattr(self._state, one.name), getattr(draft, one.name))
            for one in fields(draft)
            if one.name != "disclosures"  # as many as there are sites
        )
        if changed > ROWS and not getattr(self._many, "on", False):
            self.rollback()
            raise BatchTooLarge(f"{changed} rows in one commit")
        super().commit(draft)

    @staticmethod
    def _changed(before, after) -> int:
        if before._rows is after._rows:
            return 0
        gone = sum(key not in after for key, _ in before.items())
        return gone + sum(before.get(key) is not row for key, row in after.items())


class LateSession(Session):
    """Every look is at what is committed by now."""

    before_look = staticmethod(lambda: None)

    @property
    def state(self):
        if self.writable:
            return super().state
        if self._over:
            raise StorageError("the transaction is over")
        self.before_look()
        self._seen = True
        return self._engine.committed


class TimeOnlyGrants(MemoryGrants):
    """Knows nothing of clients."""

    def due(self, now, limit):
        found = super().due(now, len(self._session.state.grants))
        return [grant for grant in found if grant.expires_at <= now][:limit]


class RestrictedUnit(MemoryUnit):
    def __init__(self, session):
        super().__init__(session)
        self.grants = TimeOnlyGrants(session)


class RestrictedParticipant(Participant):
    def __init__(self, manager, session):
        super().__init__(manager, session)
        self.unit = RestrictedUnit(session)


class RestrictedOutbox(MemoryOutbox):
    def expand_all(self, deliveries, now, *, again=False):
        things = sum(1 + len(theirs) for theirs in deliveries.values())
        if things <= LEAST_BATCH:
            return super().expand_all(deliveries, now, again=again)
        if len(deliveries) > 1:
            raise BatchTooLarge(f"{things} notices and deliveries at once")
        with self._engine.in_many_commits():
            return super().expand_all(deliveries, now, again=again)

    def claim_deliveries(self, now, **fields):
        with self._engine.in_many_commits():
            return super().claim_deliveries(now, **fields)

    def settle_all(self, settlements):
        if len(settlements) > LEAST_BATCH:
            raise BatchTooLarge(f"{len(settlements)} settlements at once")
        return super().settle_all(settlements)


class RestrictedDeliveryLog(MemoryDeliveryLog):
    def requeue(self, delivery_ids, now):
        with self._engine.in_many_commits():
            return super().requeue(delivery_ids, now)


class RestrictedMoving(MemoryMoving):
    def write(self, records):
        with self._engine.in_many_commits():
            super().write(records)


class RestrictedStorage(MemoryStorage):
    """:class:`consentcore.api.Storage` with :data:`RESTRICTED`."""

    capabilities = RESTRICTED

    def __init__(self):
        super().__init__()
        self._engine = RestrictedEngine()
        self.protocol = MemoryProtocol(self._engine)
        self.outbox = RestrictedOutbox(self._engine)
        self.delivery_log = RestrictedDeliveryLog(self._engine)
        self.moving = RestrictedMoving(self._engine)

    @contextmanager
    def transaction(self):
        session = Session(self._engine, write=True)
        try:
            yield RestrictedUnit(session)
            session.vote()
        except BaseException:
            session.rollback()
            raise
        session.commit()

    @contextmanager
    def reading(self):
        session = LateSession(self._engine, write=False)
        try:
            yield RestrictedUnit(session)
        finally:
            session.rollback()

    def join(self, tm, *, write):
        current = tm.get()
        try:
            participant = current.data(self)
        except KeyError:
            participant = RestrictedParticipant(tm, LateSession(self._engine, write=False))
            current.join(participant)
            current.set_data(self, participant)
        if write:
            participant.session.upgrade()
        return participant.unit

    def purge(self, now, limit):
        with self._engine.in_many_commits():
            return super().purge(now, limit)
