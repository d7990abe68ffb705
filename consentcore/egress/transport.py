"""One HTTP/1.1 exchange over a socket that is already connected, under one deadline for everything.

A socket's own timeout starts anew with every byte, so a server that drips its answer would hold a thread
for ever. Here every wait gets what is left of the whole time.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssl import SSLContext

    from typing_extensions import Buffer

MAX_ANSWER = 64 * 1024


class Deadline:
    """A point in time that every step of an exchange shares."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left. :raises TimeoutError: when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the whole exchange is over")
        return left


class _Reader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        self._sock.settimeout(self._deadline.left())
        return self._sock.recv_into(buffer)


class DeadlineSocket:
    """As much of a socket as ``http.client`` uses, each wait bounded by the deadline."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def sendall(self, data: Buffer) -> None:
        """Send everything within the deadline."""
        view = memoryview(data)
        while view:
            self._sock.settimeout(self._deadline.left())
            view = view[self._sock.send(view) :]

    def makefile(self, mode: str) -> io.BufferedReader:  # noqa: ARG002 - http.client asks for "rb" only
        """What the answer is read from."""
        return io.BufferedReader(_Reader(self._sock, self._deadline))

    def close(self) -> None:
        """Do nothing: ``http.client`` closes before it has read an answer without a length; our caller closes."""


def exchange(
    sock: socket.socket,
    deadline: Deadline,
    *,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
) -> tuple[int, dict[str, str], bytes]:
    """POST ``body`` and return status, headers (lower case, the first of each name) and at most 64 kB of answer.

    :raises TimeoutError: when the deadline passes. :raises http.client.HTTPException: when the answer is not HTTP.
    :raises OSError: when the connection breaks.
    """
    from http.client import HTTPConnection, IncompleteRead

    connection = HTTPConnection("connected-already")
    connection.sock = DeadlineSocket(sock, deadline)
    try:
        connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.putheader("Connection", "close")
        connection.endheaders(body)
        response = connection.getresponse()
        try:
            answer = response.read(MAX_ANSWER)
        except IncompleteRead as error:
            # The status has arrived and counts; what is missing is only text for the log.
            answer = error.partial
        found: dict[str, str] = {}
        for name, value in response.getheaders():
            found.setdefault(name.lower(), value)
        return response.status, found, answer
    finally:
        connection.close()


def wrap_tls(sock: socket.socket, context: SSLContext, host: str, deadline: Deadline) -> socket.socket:
    """Shake hands; SNI and the certificate check use the name, not the address. :raises OSError: when it fails."""
    sock.settimeout(deadline.left())
    return context.wrap_socket(sock, server_hostname=host)
