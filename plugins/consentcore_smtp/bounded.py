"""smtplib under one deadline for a whole mail: its own timeout starts anew with every byte that comes."""

from __future__ import annotations

import io
import smtplib
import socket
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Buffer


class Limit:
    """Seconds to wait for the next byte: no longer than ``step_s``, and not beyond ``whole_s`` from now."""

    def __init__(self, step_s: float, whole_s: float) -> None:
        self._step_s = step_s
        self._end = time.monotonic() + whole_s

    def wait_s(self, share: float = 1.0) -> float:
        """Seconds to wait, at most this share of what is left.

        :raises TimeoutError: when there are none left.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the mail is over")
        return min(self._step_s, left * share)


class _Reader(io.RawIOBase):
    def __init__(self, connection: BoundedSmtp) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        sock = self._connection.sock
        if sock is None:
            return 0
        sock.settimeout(self._connection.limit.wait_s())
        return sock.recv_into(buffer)


class BoundedSmtp(smtplib.SMTP):
    """:class:`smtplib.SMTP` whose every wait ends at a deadline.

    :ivar limit: of the mail that it carries now.
    :ivar mails: how many it has carried.
    """

    def __init__(self, host: str, port: int, *, limit: Limit, **options: Any) -> None:
        self.limit = limit
        self.mails = 0
        super().__init__(host, port, timeout=limit.wait_s(), **options)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002 - smtplib's signature
        """Try every address of the server; however many there are, the deadline holds for all of them."""
        failure = OSError(f"{host} has no address")
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        for *_, address in found:
            # A share for each, so that the last one is reached though all others are silent.
            wait_s = self.limit.wait_s(1 / len(found))
            try:
                # typeshed leaves out the private method, which is the only place to hold the deadline.
                made: socket.socket = super()._get_socket(address[0], port, wait_s)  # type: ignore[misc]
            except OSError as error:
                failure = error
            else:
                return made
        raise failure

    def getreply(self) -> tuple[int, bytes]:
        """Read an answer, each byte within the deadline."""
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(_Reader(self))
        return super().getreply()

    def send(self, s: Any) -> None:
        """Send within the deadline: ``sendall`` counts its timeout over all of the data."""
        if self.sock is not None:
            self.sock.settimeout(self.limit.wait_s())
        super().send(s)


class BoundedSmtpSsl(BoundedSmtp, smtplib.SMTP_SSL):
    """The same, encrypted from the start."""
