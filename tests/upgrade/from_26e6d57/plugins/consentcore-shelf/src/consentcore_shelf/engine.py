"""One writer at a time, any number of readers, each with the view of the moment it started."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from transaction.interfaces import TransientError

from consentcore.api import StorageConflict, StorageError
from consentcore_shelf.state import State, Table


class Collision(StorageConflict, TransientError):  # type: ignore[misc]  # the library has no types
    """A conflict that ``transaction`` managers, and so pyramid_retry, know as worth another try."""


class Engine:
    """Holds the committed state. A write transaction owns the lock from its start to its end.

    The state stands in one file, a line a table, which is replaced at each commit and read again when another process
    has replaced it.

    :param lock_timeout_s: how long a writer waits for the one before it.
    """

    def __init__(self, path: Path, lock_timeout_s: float) -> None:
        self._path = path
        self._state = State()
        self._lines: dict[str, str] = {}
        self._mark: tuple[int, int, int] | None = None
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._lock_timeout_s = lock_timeout_s
        self._turn = -1

    @property
    def is_there(self) -> bool:
        """Whether the file was made."""
        return self._path.exists()

    def create(self) -> bool:
        """Make the file; False when it was there before."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self.writing():
            made = not self.is_there
        return made

    @property
    def committed(self) -> State:
        """What everybody may read. Never written."""
        with self._reading:
            self._look()
            return self._state

    def begin(self) -> State:
        """Wait for the writers before and return a state to write.

        :meth:`commit` or :meth:`rollback` must follow.

        :raises StorageConflict: when another writer does not end in time.
        """
        until = time.monotonic() + self._lock_timeout_s
        if not self._lock.acquire(timeout=self._lock_timeout_s):
            raise Collision(f"another transaction has been writing for {self._lock_timeout_s:g} s")
        try:
            self._turn = self._take_turn(until)
            return self.committed.fork()
        except BaseException:
            self.rollback()
            raise

    def commit(self, draft: State) -> None:
        """Show the draft to everybody."""
        try:
            with self._reading:
                self._write(draft)
                self._state = draft
        finally:
            self.rollback()

    def rollback(self) -> None:
        """Forget the draft."""
        if self._turn >= 0:
            os.close(self._turn)
            self._turn = -1
        self._lock.release()

    def _take_turn(self, until: float) -> int:
        lock = os.open(self._path.with_name(f"{self._path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return lock
            except BlockingIOError:
                if time.monotonic() >= until:
                    os.close(lock)
                    raise Collision("another process does not stop writing") from None
                time.sleep(0.002)

    def _look(self) -> None:
        mark = self._marked()
        if mark is None or mark == self._mark:
            return
        self._lines = dict(line.split(" ", 1) for line in self._path.read_text("ascii").splitlines())
        self._state = State(**{name: Table.load(json.loads(line)) for name, line in self._lines.items()})
        self._mark = mark

    def _write(self, draft: State) -> None:
        for table in fields(draft):
            rows = getattr(draft, table.name)
            if rows.changed or table.name not in self._lines:
                self._lines[table.name] = json.dumps(rows.dump(), separators=(",", ":"))
        fresh = self._path.with_name(f"{self._path.name}.new")
        with fresh.open("w", encoding="ascii") as file:
            file.writelines(f"{name} {line}\n" for name, line in self._lines.items())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self._mark = self._marked()

    def _marked(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

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
        """What it sees. :raises StorageError: after its end."""
        if self._over:
            raise StorageError("the transaction is over")
        self._seen = True
        return self._state

    @property
    def draft(self) -> State:
        """Where it writes. :raises StorageError: in a transaction that only reads."""
        if not self._writable:
            raise StorageError("the transaction only reads")
        return self.state

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
