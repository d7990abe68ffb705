"""The sockets of a port, owned by the supervisor so that replacing a web process never gives up the port.

They are bound here; a web process listens on its own when it can answer (:mod:`~consentcore.server.accepting`).

On Linux each web process gets a socket of its own on the same port and the kernel spreads connections over
them; with one socket for all, a burst of connections ends up in a single process. Elsewhere they share one.
"""

from __future__ import annotations

import contextlib
import socket
import sys

_UNREAD_ANSWER_MS = 30_000
_LINUX = sys.platform == "linux"


class CannotListen(Exception):
    """The address cannot be used; ``str(error)`` says which and why."""


class Listeners:
    """Bound sockets for a number of web processes.

    :param host: address or name; of a name's addresses the first is taken.
    :param port: 0 for any free one; then see ``address``.
    :param count: how many processes there will be.
    :raises CannotListen: when the port is taken, the name unknown or the right missing.
    """

    def __init__(self, host: str, port: int, count: int) -> None:
        try:
            # A probe without SO_REUSEPORT, because with it a second server that listens there would go unnoticed.
            self._family, self._name = _resolve(host, port)
            with _bind(self._family, self._name, shared=False) as probe:
                self._name = probe.getsockname()
                if not _LINUX:
                    self._shared = probe.dup()
            self._claim = _claimed(self._name)
            self._sockets = {index: self._open() for index in range(count if _LINUX else 1)}
        except OSError as error:
            reason = error.strerror or str(error)
            raise CannotListen(f"cannot listen on {_url_host(host)}:{port}: {reason}") from error

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that are really listened on."""
        return self._name[0], self._name[1]

    @property
    def url(self) -> str:
        """The address as an URL."""
        return f"http://{_url_host(self._name[0])}:{self._name[1]}"

    def fd(self, index: int) -> int:
        """The descriptor for one process; opened again when ``drop`` had closed it."""
        index = index if _LINUX else 0
        if index not in self._sockets:
            self._sockets[index] = self._open()
        return self._sockets[index].fileno()

    def drop(self, index: int) -> None:
        """Send connections meant for one process to the others, unless it is the only one."""
        if _LINUX and len(self._sockets) > 1 and index in self._sockets:
            self._sockets.pop(index).close()

    def close(self) -> None:
        """Stop listening, as far as this process is concerned."""
        for sock in self._sockets.values():
            sock.close()
        self._sockets.clear()
        if self._claim is not None:
            self._claim.close()

    def _open(self) -> socket.socket:
        sock = _bind(self._family, self._name, shared=True) if _LINUX else self._shared
        sock.setblocking(False)
        # Both are inherited by the connections; the latter ends those on which an answer is never read.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError, AttributeError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_ANSWER_MS)
        return sock


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return found[0][0], (str(found[0][4][0]), port)


def _bind(family: socket.AddressFamily, name: tuple[str, int], *, shared: bool) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind(name)
    except OSError:
        sock.close()
        raise
    return sock


def _claimed(name: tuple[str, int]) -> socket.socket | None:
    """Take the port from the start on: two sockets may be bound to it as long as neither listens, so two servers that
    start at the same time would end up sharing it.

    :raises OSError: somebody else has it.
    """
    if not _LINUX:
        return None
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0consentcore listens on {name[0]} {name[1]}")
    except OSError:
        claim.close()
        raise
    return claim


def _url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
