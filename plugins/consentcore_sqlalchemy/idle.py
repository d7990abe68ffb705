"""Connections that nobody uses, taken and given back without a lock.

SQLAlchemy's queue holds a lock and notifies under it each time, which takes longer than sending a statement. Here that
is only done when somebody waits; taking the last of a deque and adding to it are one step each.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

from sqlalchemy.pool import QueuePool
from sqlalchemy.util import queue


class IdleQueue(queue.QueueCommon[Any]):
    """What SQLAlchemy's pool keeps idle connections in: the one that was given back last is taken first, so that few
    are in use where few are needed.

    :param maxsize: connections that are kept; 0 for any number.
    :param use_lifo: there for the pool, which hands it on when it makes itself anew.
    """

    def __init__(self, maxsize: int = 0, use_lifo: bool = True) -> None:
        self.maxsize = maxsize
        self.use_lifo = use_lifo
        self._idle: deque[Any] = deque()
        self._waiting = 0
        self._given_back = threading.Condition()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take a connection.

        :param timeout: seconds to wait for one; None for any time.
        :raises sqlalchemy.util.queue.Empty: there is none.
        """
        try:
            return self._idle.pop()
        except IndexError:
            if not block:
                raise queue.Empty from None
        return self._waited_for(timeout)

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Give a connection back; never waits.

        :raises sqlalchemy.util.queue.Full: as many are kept as shall be.
        """
        del block, timeout
        if 0 < self.maxsize <= len(self._idle):
            raise queue.Full
        self._idle.append(item)
        # Who waits has counted itself before it looked for the last time, so it has found this one or is counted here.
        if self._waiting:
            with self._given_back:
                self._given_back.notify()

    def get_nowait(self) -> Any:
        """See :meth:`get`."""
        return self.get(block=False)

    def put_nowait(self, item: Any) -> None:
        """See :meth:`put`."""
        self.put(item)

    def qsize(self) -> int:
        """How many are idle."""
        return len(self._idle)

    def empty(self) -> bool:
        """Whether none is."""
        return not self._idle

    def full(self) -> bool:
        """Whether as many are kept as shall be."""
        return 0 < self.maxsize <= len(self._idle)

    def _waited_for(self, timeout: float | None) -> Any:
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._given_back:
            self._waiting += 1
            try:
                while True:
                    try:
                        return self._idle.pop()
                    except IndexError:
                        left = None if deadline is None else deadline - time.monotonic()
                        if left is not None and left <= 0:
                            raise queue.Empty from None
                    self._given_back.wait(left)
            finally:
                self._waiting -= 1


class IdlePool(QueuePool):
    """SQLAlchemy's pool over :class:`IdleQueue`."""

    _queue_class = IdleQueue
    # By which SQLAlchemy names the log of a pool: what it says of each connection belongs into its log, not into ours.
    __module__ = QueuePool.__module__
