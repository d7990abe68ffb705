"""Connections to the addresses of one host, tried side by side (RFC 8305): dead ones do not hide the living."""

from __future__ import annotations

import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Generator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consentcore.egress.addresses import Address
    from consentcore.egress.transport import Deadline

ATTEMPT_DELAY_S = 0.25
"""Head start of an address before the next one is tried too (RFC 8305 section 8)."""

MOST_ADDRESSES = 10
"""Of one host that are tried: a name with hundreds must not make us knock at hundreds of doors."""

Found = tuple[socket.socket, "Address"]


def connections(
    addresses: Sequence[Address], port: int, deadline: Deadline, wait_s: float
) -> Generator[Found, None, None]:
    """Give each connection as it comes about; ask for the next one when one turned out to be of no use.

    Close it: what is still being tried ends then.

    :param addresses: checked before, at least one.
    :param wait_s: seconds for one of them.
    :raises OSError: when no other comes about; TimeoutError where it was time that ran out.
    """
    if len(addresses) == 1:
        (only,) = addresses
        sock = socket.create_connection((str(only), port), min(wait_s, deadline.left()))
        sock.settimeout(None)
        yield sock, only
        return
    with _Race(port, wait_s) as race:
        yield from race.run(deque(_alternating(addresses)[:MOST_ADDRESSES]), deadline)


class _Race:
    """Attempts that are under way."""

    def __init__(self, port: int, wait_s: float) -> None:
        self._port = port
        self._wait_s = wait_s
        self._selector = selectors.DefaultSelector()
        self._running: dict[socket.socket, tuple[Address, float]] = {}
        self._failure: OSError = ConnectionError("no address could be connected to")

    def __enter__(self) -> _Race:
        return self

    def __exit__(self, *_: object) -> None:
        for sock in self._running:
            sock.close()
        self._selector.close()

    def run(self, waiting: deque[Address], deadline: Deadline) -> Generator[Found, None, None]:
        next_at = 0.0
        while waiting or self._running:
            left, now = deadline.left(), time.monotonic()
            if waiting and (now >= next_at or not self._running):
                # One that fails at once, for want of a route, costs the next one no time.
                next_at = now + ATTEMPT_DELAY_S if self._begin(waiting.popleft(), now) else now
                continue
            ends = [end for _, end in self._running.values()]
            until = min([*ends, next_at] if waiting else ends)
            for sock in self._ready(min(left, max(0.0, until - now))):
                address, _ = self._running.pop(sock)
                if self._is_connected(sock):
                    sock.settimeout(None)
                    yield sock, address
                else:
                    sock.close()
                    next_at = 0.0
            self._give_up(time.monotonic())
        raise self._failure

    def _begin(self, address: Address, now: float) -> bool:
        """Start an attempt; False when it has failed already."""
        try:
            sock = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET)
        except OSError as error:  # no such family here, or no more files
            self._failure = error
            return False
        try:
            sock.setblocking(False)
            sock.connect((str(address), self._port))
        except BlockingIOError:
            pass
        except OSError as error:
            self._failure = error
            sock.close()
            return False
        self._running[sock] = address, now + self._wait_s
        self._selector.register(sock, selectors.EVENT_WRITE)
        return True

    def _ready(self, wait_s: float) -> list[socket.socket]:
        found = [key.fileobj for key, _ in self._selector.select(wait_s)]
        ready = [sock for sock in self._running if sock in found]
        for sock in ready:
            self._selector.unregister(sock)
        return ready

    def _is_connected(self, sock: socket.socket) -> bool:
        number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            self._failure = OSError(number, os.strerror(number))
        return not number

    def _give_up(self, now: float) -> None:
        for sock in [sock for sock, (_, end) in self._running.items() if end <= now]:
            self._failure = TimeoutError("timed out")
            self._selector.unregister(sock)
            del self._running[sock]
            sock.close()


def _alternating(addresses: Sequence[Address]) -> list[Address]:
    """The families by turns, that of the first address first (RFC 8305 section 4)."""
    first = [one for one in addresses if one.version == addresses[0].version]
    other = [one for one in addresses if one.version != addresses[0].version]
    return [one for pair in zip_longest(first, other) for one in pair if one is not None]
