"""What the broken storages are put together from: sound parts, of which each exchanges one."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from consentcore.testing import StorageConformance
from consentcore_memory.counters import MemoryCounters
from consentcore_memory.deliveries import MemoryOutbox
from consentcore_memory.delivery_log import MemoryDeliveryLog
from consentcore_memory.engine import Session
from consentcore_memory.moving import MemoryMoving
from consentcore_memory.storage import MemoryStorage
from consentcore_memory.tokens import MemoryProtocol
from consentcore_memory.transactions import MemoryUnit

ROUND_TRIP_S = 0.005


class Broken(StorageConformance):
    """Uses the parts that a subclass names instead of the sound ones."""

    protocol = MemoryProtocol
    outbox = MemoryOutbox
    delivery_log = MemoryDeliveryLog
    counters = MemoryCounters
    moving = MemoryMoving
    make = MemoryStorage

    @pytest.fixture
    def storage(self):
        storage = self.make()
        storage.protocol = self.protocol(storage._engine)
        storage.outbox = self.outbox(storage._engine)
        storage.delivery_log = self.delivery_log(storage._engine)
        storage.counters = self.counters()
        storage.moving = self.moving(storage._engine)
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
