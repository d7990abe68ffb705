"""One writer at a time, any number of readers, each with the view of the moment it started."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from transaction.interfaces import TransientError

from consentcore.api import StorageConflict, StorageError
from consentcore_memory.state import State


class Collision(StorageConflict, TransientError):  # type: ignore[misc]  # the library has no types
    """A conflict that ``transaction`` managers, and so pyramid_retry, know as worth another try."""


class Engine:
    """Holds the committed state. A write transaction owns the lock from its start to its end.

    :param lock_timeout_s: how long a writer waits for the one before it.
    """

    def __init__(self, lock_timeout_s: float) -> None:
        self._state = State()
        self._lock = threading.Lock()
        self._lock_timeout_s = lock_timeout_s

    @property
    def committed(self) -> State:
        """What everybody may read. Never written."""
        return self._state

    def begin(self) -> State:
        """Wait for the writers before and return a state to write.

        :meth:`commit` or :meth:`rollback` must follow.

        :raises StorageConflict: when another writer does not end in time.
        """
        if not self._lock.acquire(timeout=self._lock_timeout_s):
            raise Collision(f"another transaction has been writing for {self._lock_timeout_s:g} s")
        return self._state.fork()

    def commit(self, draft: State) -> None:
        """Show the draft to everybody."""
        self._state = draft
        self._lock.release()

    def rollback(self) -> None:
        """Forget the draft."""
        self._lock.release()

    @contextmanager
    def writing(self) -> Iterator[State]:
        """Run one verb: everything in the block is seen at once, or, when it raises, not at all."""
        draft = self.begin()
        try:
            yield draft
        except BaseException:
            self.rollback()
            raise
        self.commit(draft)


class Session:
    """The view of one transaction.

    :ivar state: what it reads; its own draft once it may write.
    """

    def __init__(self, engine: Engine, *, write: bool) -> None:
        self._engine = engine
        self._over = False
        self._doomed = False
        self._writable = write
        self._seen = False
        self._state = engine.begin() if write else engine.committed

    @property
    def writable(self) -> bool:
        """Whether it may write."""
        return self._writable

    @property
    def state(self) -> State:
        """What it sees.

        :raises StorageError: after its end.
        """
        if self._over:
            raise StorageError("the transaction is over")
        self._seen = True
        return self._state

    @property
    def draft(self) -> State:
        """Where it writes.

        :raises StorageError: in a transaction that only reads.
        """
        if not self._writable:
            raise StorageError("the transaction only reads")
        return self.state

    def view(self, *, lock: bool) -> State:
        """What it sees; with ``lock`` as somebody who may change it."""
        return self.draft if lock else self.state

    def collision(self, reason: str) -> Collision:
        """Make the error for a collision; from now on this transaction cannot commit any more."""
        self._doomed = True
        return Collision(reason)

    def upgrade(self) -> None:
        """Let a reading transaction write.

        :raises StorageConflict: when what it has read is not current any more.
        """
        if self._writable:
            return
        draft = self._engine.begin()
        if self._seen and self._engine.committed is not self._state:
            self._engine.rollback()
            raise self.collision("what was read has changed meanwhile")
        self._state, self._writable = draft, True

    def vote(self) -> None:
        """:raises StorageConflict: when it collided, whether or not somebody caught that error."""
        if self._doomed:
            raise Collision("the transaction collided with another one")

    def commit(self) -> None:
        """End it and show what it wrote."""
        if self._writable and not self._over:
            self._engine.commit(self._state)
        self._over = True

    def rollback(self) -> None:
        """End it and forget what it wrote; harmless when it is over."""
        if self._writable and not self._over:
            self._engine.rollback()
        self._over = True
