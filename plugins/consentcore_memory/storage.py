"""The store and its faces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from consentcore.api import PurgeReport, TransactionManager, UnitOfWork
from consentcore_memory.capabilities import CAPABILITIES
from consentcore_memory.counters import MemoryCounters
from consentcore_memory.deliveries import MemoryOutbox
from consentcore_memory.delivery_log import MemoryDeliveryLog
from consentcore_memory.engine import Engine, Session
from consentcore_memory.moving import MemoryMoving
from consentcore_memory.purge import purge
from consentcore_memory.tokens import MemoryProtocol
from consentcore_memory.transactions import MemoryUnit, Participant


class MemoryStorage:
    """:class:`consentcore.api.Storage` in the memory of one process.

    Write transactions run one after the other; readers never wait. A thread that holds a write transaction
    must not call a verb that writes: it would wait for itself until the time is over.

    :param lock_timeout_s: how long a writer waits for the one before it until it gives up with a conflict.
    """

    capabilities = CAPABILITIES

    def __init__(self, lock_timeout_s: float = 5.0) -> None:
        self._engine = Engine(lock_timeout_s)
        self.protocol = MemoryProtocol(self._engine)
        self.outbox = MemoryOutbox(self._engine)
        self.delivery_log = MemoryDeliveryLog(self._engine)
        self.counters = MemoryCounters()
        self.moving = MemoryMoving(self._engine)

    def migrate(self) -> Sequence[str]:
        return ()

    def check(self) -> Sequence[str]:
        return ()

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        session = Session(self._engine, write=True)
        try:
            yield MemoryUnit(session)
            session.vote()
        except BaseException:
            session.rollback()
            raise
        session.commit()

    @contextmanager
    def reading(self) -> Iterator[UnitOfWork]:
        session = Session(self._engine, write=False)
        try:
            yield MemoryUnit(session)
        finally:
            session.rollback()

    def join(self, tm: TransactionManager, *, write: bool) -> UnitOfWork:
        # The port leaves the transaction opaque so that it does not depend on the library.
        current: Any = tm.get()
        try:
            participant: Participant = current.data(self)
        except KeyError:
            participant = Participant(tm, Session(self._engine, write=False))
            current.join(participant)
            current.set_data(self, participant)
        if write:  # only now: had joining failed, nobody would give the writer's lock back
            participant.session.upgrade()
        return participant.unit

    def purge(self, now: int, limit: int) -> PurgeReport:
        with self._engine.writing() as state:
            counts = purge(state, now, limit)
        counts["counters"] = self.counters.purge(now, limit)
        return PurgeReport(counts)

    def close(self) -> None:
        """Nothing to give back."""
