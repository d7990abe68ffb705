"""Connections that are kept for the next request to the same host."""

from __future__ import annotations

import threading
import time
import weakref
from collections import OrderedDict

from consentcore.egress.transport import Connection

Key = tuple[str, str, int]
"""Scheme, host and port: a certificate was checked for this host, so no other may use the connection."""

LONGEST_LIFE_S = 60.0
"""So that an endpoint that moves is followed there."""
MOST_EXCHANGES = 1000
PER_HOST = 16
"""As many as a worker sends at a time, where its settings say nothing else: fewer would be closed and opened anew."""
MOST_IDLE = 128


class Pool:
    """Idle connections, newest first. Safe to use from any thread.

    :param idle_s: how long one may wait for its next use, in seconds; 0 keeps none.
    """

    def __init__(self, idle_s: float) -> None:
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._idle: OrderedDict[Key, list[Connection]] = OrderedDict()
        # Whoever drops the policy need not know that there are connections to close.
        weakref.finalize(self, _close_all, self._idle)

    @property
    def keeps(self) -> bool:
        """Whether any connection is kept."""
        return self._idle_s > 0

    def take(self, key: Key) -> Connection | None:
        """A connection that is still good, as far as can be seen from this side."""
        while (found := self._pop(key)) is not None:
            if self._fresh(found) and found.silent():
                return found
            found.close()
        return None

    def give(self, key: Key, connection: Connection) -> None:
        """Keep a connection, or end it."""
        surplus = [connection]
        if self._fresh(connection):
            with self._lock:
                waiting = self._idle.setdefault(key, [])
                waiting.append(connection)
                self._idle.move_to_end(key)
                surplus = [waiting.pop(0)] if len(waiting) > PER_HOST else []
                surplus += self._stale()
        for one in surplus:
            one.close()

    def _pop(self, key: Key) -> Connection | None:
        with self._lock:
            waiting = self._idle.get(key)
            if not waiting:
                return None
            found = waiting.pop()
            if not waiting:
                del self._idle[key]
            return found

    def _fresh(self, connection: Connection) -> bool:
        now = time.monotonic()
        return (
            now - connection.used < self._idle_s
            and now - connection.born < LONGEST_LIFE_S
            and connection.exchanges < MOST_EXCHANGES
        )

    def _stale(self) -> list[Connection]:
        """Take out what belongs to the hosts that were not used for longest, when it is over or too much."""
        found: list[Connection] = []
        while self._idle:
            key, waiting = next(iter(self._idle.items()))
            many = sum(len(others) for others in self._idle.values()) > MOST_IDLE
            if not many and any(self._fresh(one) for one in waiting):
                break
            found += self._idle.pop(key)
        return found


def _close_all(idle: OrderedDict[Key, list[Connection]]) -> None:
    for waiting in idle.values():
        for connection in waiting:
            connection.close()
