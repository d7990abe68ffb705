"""HTTP/1.1 over a socket that is already connected, under one deadline for everything.

A socket's own timeout starts anew with every byte, so a server that drips its answer would hold a thread
for ever. Here every wait gets what is left of the whole time.
"""

from __future__ import annotations

import io
import re
import select
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssl import SSLContext

    from typing_extensions import Buffer

    from consentcore.egress.addresses import Address

_MORE_THAN_A_LINE = re.compile(r"[\r\n\0]").search

MAX_ANSWER = 64 * 1024
FIRST_READ = 16 * 1024
"""Bytes that the beginning of an answer has at most; nearly all are shorter."""
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
    """Reads until the deadline, and no more than :data:`MAX_READ` bytes.

    :param ahead: what was taken from the socket before.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline, ahead: bytes) -> None:
        self._sock = sock
        self._deadline = deadline
        self._ahead = ahead
        self._taken = 0
        self.stopped = False

    @property
    def has_more(self) -> bool:
        """Whether some of what was taken before is left."""
        return bool(self._ahead)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        if self.stopped or self._taken >= MAX_READ:
            return 0
        if self._ahead:
            view = memoryview(buffer)
            count = min(len(view), len(self._ahead))
            view[:count], self._ahead = self._ahead[:count], self._ahead[count:]
        else:
            self._sock.settimeout(self._deadline.left())
            count = self._sock.recv_into(buffer)
        self._taken += count
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
            self.surplus = bool(self.peek(1)) or self._reader.has_more
        super().close()


class DeadlineSocket:
    """A request, and as much of a socket as ``http.client`` uses to read the answer; each wait bounded by the deadline.

    :ivar answered: whether anything has come.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline
        self._ahead = b""
        self._buffered: _Buffered | None = None
        self.answered = False

    def ask(self, request: bytes) -> bytes:
        """Send the request, and wait for the beginning of the answer; b"" when the server has hung up.

        :raises TimeoutError: when the deadline passes.
        :raises OSError: when the connection breaks.
        """
        view = memoryview(request)
        try:
            while view:
                self._sock.settimeout(self._deadline.left())
                view = view[self._sock.send(view) :]
        except TimeoutError:
            raise
        except OSError:
            # It may have answered before it hung up; if not, reading says so.
            pass
        self._sock.settimeout(self._deadline.left())
        self._ahead = self._sock.recv(FIRST_READ)
        self.answered = bool(self._ahead)
        return self._ahead

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 - http.client asks for "rb" only
        """What the answer is read from, its beginning included."""
        self._buffered = _Buffered(_Reader(self._sock, self._deadline, self._ahead))
        return self._buffered

    @property
    def surplus(self) -> bool:
        """Whether there was more than the answer when it was read to its end."""
        return self._buffered is None or self._buffered.surplus

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
        self._decrypted: Callable[[], int] = getattr(sock, "pending", int)
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN | select.POLLHUP | select.POLLERR)

    def silent(self) -> bool:
        """Whether it is open and nothing has come on it that nobody asked for."""
        return not self._decrypted() and not self._poll.poll(0)

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
        from http.client import HTTPException

        from consentcore.egress.answering import receive

        self.exchanges += 1
        wrapped = DeadlineSocket(self._sock, deadline)
        request = _request(path, headers, body, keep=keep)
        try:
            received = receive(wrapped, request, status_counts=body is not None)
        except TimeoutError:
            raise
        except (HTTPException, OSError) as error:
            if self.exchanges > 1 and not wrapped.answered:
                raise Stale from error
            raise
        finally:
            self.used = time.monotonic()
        return received

    def close(self) -> None:
        """End it."""
        self._sock.close()


def _request(path: str, headers: Mapping[str, str], body: bytes | None, *, keep: bool) -> bytes:
    """A request as it goes over the wire (RFC 9112 section 3), its body behind it: head and body in two segments would
    make the second wait for the acknowledgement of the first, 40 ms on a connection that is kept (Nagle's algorithm,
    RFC 9293 section 3.7.4).

    :raises ValueError: when a field is not one line of Latin-1, which would be two fields to who reads it.
    """
    fields = [f"{name}: {value}" for name, value in headers.items()]
    if body is not None:
        fields.append(f"Content-Length: {len(body)}")
    if not keep:
        fields.append("Connection: close")
    lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", *fields]
    if any(map(_MORE_THAN_A_LINE, lines)):
        raise ValueError("expected a request whose fields are lines")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def wrap_tls(sock: socket.socket, context: SSLContext, host: str, deadline: Deadline) -> socket.socket:
    """Shake hands; SNI and the certificate check use the name, not the address.

    :raises OSError: when it fails.
    """
    sock.settimeout(deadline.left())
    return context.wrap_socket(sock, server_hostname=host)
