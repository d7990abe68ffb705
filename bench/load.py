"""The load generator: a closed loop over kept connections, one thread, no more than the standard library.

Each connection sends its next request when it has the answer to the one before, so there are always as many
requests in flight as there are connections.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterable, Sequence
from typing import Protocol

from bench.processes import sockets_of
from bench.stats import Sample
from bench.wire import Answer, BadAnswer, answer

PATIENCE_S = 10.0
"""How long an answer may take before the point is given up."""
_SURPLUS = 6


class Source(Protocol):
    """Where requests come from and answers go."""

    def next(self) -> bytes | None:
        """The next request; None when there is nothing left to ask."""
        ...

    def accept(self, answer: Answer) -> str:
        """Judge an answer: "" for a good one, else the kind of error."""
        ...


class Connection:
    """One kept connection."""

    __slots__ = ("address", "asked_at", "received", "sock")

    def __init__(self, address: tuple[str, int], sock: socket.socket | None = None) -> None:
        self.address = address
        self.received = b""
        self.asked_at = 0.0
        self.sock = sock or connect(address)

    def reopen(self) -> None:
        """Replace a connection that has ended."""
        self.sock.close()
        self.received = b""
        self.sock = connect(self.address)


def connect(address: tuple[str, int]) -> socket.socket:
    """Open a connection that neither waits nor gathers small packets."""
    sock = socket.create_connection(address, timeout=5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def open_balanced(address: tuple[str, int], count: int, workers: Sequence[int]) -> list[Connection]:
    """Open ``count`` connections, spread evenly over the server's processes.

    The kernel spreads connections by a hash, and with eight of them one process often gets six: then two points
    differ by luck. So more are opened than needed and the surplus is closed.
    """
    opened = [connect(address) for _ in range(count * _SURPLUS)]
    held: dict[int, list[socket.socket]] = {pid: [] for pid in workers}
    deadline = time.monotonic() + 2
    while sum(map(len, held.values())) < len(opened) and time.monotonic() < deadline:
        time.sleep(0.02)
        owner = {port: pid for pid in workers for port in sockets_of(pid, address[1])}
        held = {pid: [] for pid in workers}
        for sock in opened:
            held.setdefault(owner.get(sock.getsockname()[1], 0), []).append(sock)
        held.pop(0, None)
    chosen = _in_turn(held.values(), opened, count)
    for sock in opened:
        if sock not in chosen:
            sock.close()
    return [Connection(address, sock) for sock in chosen]


def _in_turn(
    groups: Iterable[list[socket.socket]], everything: list[socket.socket], count: int
) -> list[socket.socket]:
    queues = [list(group) for group in groups if group]
    chosen: list[socket.socket] = []
    while len(chosen) < count and any(queues):
        chosen += [queue.pop() for queue in queues if queue]
    chosen += [sock for sock in everything if sock not in chosen]
    return chosen[:count]


def run(connections: Sequence[Connection], source: Source, seconds: float) -> Sample:
    """Ask for ``seconds``, then wait for what is in flight."""
    return _Loop(source).run(connections, seconds)


class _Loop:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._epoll = select.epoll()
        self._busy: dict[int, Connection] = {}
        self._sample = Sample()
        self._until = 0.0

    def run(self, connections: Sequence[Connection], seconds: float) -> Sample:
        sample = self._sample
        cpu, started = time.process_time(), time.perf_counter()
        self._until = started + seconds
        for connection in connections:
            self._ask(connection, started)
        while self._busy:
            events = self._epoll.poll(PATIENCE_S)
            if not events:
                sample.errors["no answer"] += len(self._busy)
                break
            for number, _ in events:
                self._read(self._busy[number])
        sample.elapsed = time.perf_counter() - started
        sample.own_cpu = time.process_time() - cpu
        self._epoll.close()
        return sample

    def _ask(self, connection: Connection, now: float) -> None:
        request = None if now >= self._until else self._source.next()
        if request is None:
            self._sample.exhausted |= now < self._until
            return
        connection.received = b""
        number = connection.sock.fileno()
        connection.asked_at = now
        self._busy[number] = connection
        self._epoll.register(number, select.EPOLLIN)
        try:
            connection.sock.sendall(request)
        except OSError as error:
            self._failed(connection, type(error).__name__)

    def _read(self, connection: Connection) -> None:
        try:
            data = connection.sock.recv(65536)
            connection.received += data
            found = answer(connection.received)
        except (OSError, BadAnswer) as error:
            self._failed(connection, f"{type(error).__name__}: {error}")
            return
        if not data:
            self._failed(connection, "connection closed")
        elif found is not None:
            self._answered(connection, found)

    def _answered(self, connection: Connection, found: Answer) -> None:
        now = time.perf_counter()
        kind = self._source.accept(found)
        if kind:
            self._sample.errors[kind] += 1
            self._sample.example = f"{found.status} {found.location} {found.body[:200]!r}"
        else:
            self._sample.latencies.append(now - connection.asked_at)
        self._rest(connection)
        if found.close:
            connection.reopen()
        self._ask(connection, time.perf_counter())

    def _failed(self, connection: Connection, kind: str) -> None:
        self._sample.errors[kind] += 1
        self._rest(connection)
        try:
            connection.reopen()
        except OSError:
            return  # one connection fewer; the errors say so
        self._ask(connection, time.perf_counter())

    def _rest(self, connection: Connection) -> None:
        number = connection.sock.fileno()
        del self._busy[number]
        self._epoll.unregister(number)
