"""HTTP/1.1 over a socket that is already connected, under one deadline for everything.

A socket's own timeout starts anew with every byte, so a server that drips its answer would hold a thread
for ever. Here every wait gets what is left of the whole time.
"""

from __future__ import annotations

import io
import select
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from http.client import HTTPConnection
    from ssl import SSLContext

    from typing_extensions import Buffer

    from consentcore.egress.addresses import Address

MAX_ANSWER = 64 * 1024
MAX_READ = 4 * MAX_ANSWER
"""Bytes that are taken from a server in one exchange, heads and framing included; what comes after is not looked at."""


class Deadline:
    """A point in time that every step of an exchange shares."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left.

        :raises TimeoutError: when there are none.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the whole exchange is over")
        return left

    def within(self, seconds: float) -> Deadline:
        """A nearer point in time: in ``seconds``, but not after this one.

        :raises TimeoutError: when it is over.
        """
        return Deadline(min(seconds, self.left()))


class Stale(Exception):
    """A connection that was kept had been closed by the server: not a byte of an answer came."""


class _Reader(io.RawIOBase):
    """Reads until the deadline, and no more than :data:`MAX_READ` bytes."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        self.taken = 0
        self.stopped = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        if self.stopped or self.taken >= MAX_READ:
            return 0
        self._sock.settimeout(self._deadline.left())
        count = self._sock.recv_into(buffer)
        self.taken += count
        return count


class _Buffered(io.BufferedReader):
    """:ivar surplus: whether there was more than the answer when it was read to its end."""

    surplus = False

    def __init__(self, raw: _Reader) -> None:
        super().__init__(raw)
        self._reader = raw

    def close(self) -> None:
        if not self.closed:
            self._reader.stopped = True  # from here on, a look into the buffer does not touch the socket
            self.surplus = bool(self.peek(1))
        super().close()


class DeadlineSocket:
    """As much of a socket as ``http.client`` uses, each wait bounded by the deadline."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        self._unsent = b""
        self.reader = _Reader(sock, deadline)
        self.buffered = _Buffered(self.reader)

    def sendall(self, data: Buffer) -> None:
        """Keep it until the answer is asked for. Head and body in two segments would make the second wait for the
        acknowledgement of the first, 40 ms on a connection that is kept (Nagle's algorithm, RFC 9293 section 3.7.4)."""
        self._unsent += bytes(data)

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 - http.client asks for "rb" only
        """Send everything within the deadline; what the answer is read from."""
        view = memoryview(self._unsent)
        try:
            while view:
                self._sock.settimeout(self._deadline.left())
                view = view[self._sock.send(view) :]
        except TimeoutError:
            raise
        except OSError:
            # It may have answered before it hung up; if not, reading says so.
            pass
        return self.buffered

    def close(self) -> None:
        """Do nothing: ``http.client`` closes before it has read an answer without a length; our caller closes."""


@dataclass(frozen=True, slots=True)
class Received:
    """Status, headers (lower case, the first of each name) and at most 64 kB of an answer.

    :ivar reusable: whether another request may follow on the connection.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    reusable: bool


class Connection:
    """One connection to one address.

    :ivar address: the one that was checked, and that it will lead to as long as it lives.
    """

    def __init__(self, sock: socket.socket, address: Address) -> None:
        self._sock = sock
        self.address = address
        self.born = self.used = time.monotonic()
        self.exchanges = 0

    def silent(self) -> bool:
        """Whether it is open and nothing has come on it that nobody asked for."""
        decrypted = getattr(self._sock, "pending", int)()
        poll = select.poll()
        poll.register(self._sock, select.POLLIN | select.POLLHUP | select.POLLERR)
        return not decrypted and not poll.poll(0)

    def exchange(
        self, deadline: Deadline, *, path: str, headers: Mapping[str, str], body: bytes | None, keep: bool
    ) -> Received:
        """POST ``body``, or GET when it is None, and read the answer.

        A POST has its answer with the final status line: what it asked for was done or refused, whatever becomes of
        the rest. What was asked for by GET is the rest.

        :param keep: ask the server to leave the connection open.
        :raises Stale: see there; only from the second exchange on.
        :raises TimeoutError: when the deadline passes.
        :raises http.client.HTTPException: when the answer is not HTTP.
        :raises OSError: when the connection breaks.
        """
        from http.client import HTTPConnection, HTTPException

        from consentcore.egress.answering import receive

        self.exchanges += 1
        wrapped = DeadlineSocket(self._sock, deadline)
        http = HTTPConnection("connected-already")
        http.sock = wrapped
        try:
            _send(http, path, headers, body, keep=keep)
            received = receive(http, wrapped, status_counts=body is not None)
        except TimeoutError:
            raise
        except (HTTPException, OSError) as error:
            if self.exchanges > 1 and not wrapped.reader.taken:
                raise Stale from error
            raise
        finally:
            http.close()
            self.used = time.monotonic()
        return received

    def close(self) -> None:
        """End it."""
        self._sock.close()


def _send(
    http: HTTPConnection, path: str, headers: Mapping[str, str], body: bytes | None, *, keep: bool
) -> None:
    http.putrequest("GET" if body is None else "POST", path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        http.putheader(name, value)
    if body is not None:
        http.putheader("Content-Length", str(len(body)))
    if not keep:
        http.putheader("Connection", "close")
    http.endheaders(body)


def wrap_tls(sock: socket.socket, context: SSLContext, host: str, deadline: Deadline) -> socket.socket:
    """Shake hands; SNI and the certificate check use the name, not the address.

    :raises OSError: when it fails.
    """
    sock.settimeout(deadline.left())
    return context.wrap_socket(sock, server_hostname=host)
