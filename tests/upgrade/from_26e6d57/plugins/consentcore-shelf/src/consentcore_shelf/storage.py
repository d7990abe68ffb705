"""The store and its faces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from consentcore.api import PurgeReport, TransactionManager, UnitOfWork
from consentcore_shelf.counters import ShelfCounters
from consentcore_shelf.engine import Engine, Session
from consentcore_shelf.joining import Participant
from consentcore_shelf.outbox import ShelfOutbox
from consentcore_shelf.protocol import ShelfProtocol
from consentcore_shelf.purge import purge
from consentcore_shelf.unit import ShelfUnit


class ShelfStorage:
    """:class:`consentcore.api.Storage` in one file.

    Write transactions run one after the other; readers never wait. A thread that holds a write transaction
    must not call a verb that writes: it would wait for itself until the time is over.

    :param path: the file. :param lock_timeout_s: how long a writer waits for the one before it until it gives up with a conflict.
    """

    capabilities: frozenset[str] = frozenset({"durable"})

    def __init__(self, path: Path, lock_timeout_s: float = 5.0) -> None:
        self._engine = Engine(path, lock_timeout_s)
        self.protocol = ShelfProtocol(self._engine)
        self.outbox = ShelfOutbox(self._engine)
        self.counters = ShelfCounters()

    def migrate(self) -> Sequence[str]:
        return ["shelf: made the file"] if self._engine.create() else []

    def check(self) -> Sequence[str]:
        return [] if self._engine.is_there else ["storage shelf: there is no file; `consentcore init` makes it"]

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        session = Session(self._engine, write=True)
        try:
            yield ShelfUnit(session)
            session.vote()
        except BaseException:
            session.rollback()
            raise
        session.commit()

    @contextmanager
    def reading(self) -> Iterator[UnitOfWork]:
        session = Session(self._engine, write=False)
        try:
            yield ShelfUnit(session)
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
