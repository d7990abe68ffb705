"""How a web process begins and ends to accept connections, so that none is lost on the way.

A connection is made by the kernel before anybody accepts it: one that waits in the socket's queue when the socket is
closed is reset, after its client may have sent a request that must not be sent twice. So nothing listens before there
is somebody to answer, and before a socket is closed the kernel stops taking new connections and the queue runs empty.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import socket
import stat
import struct
import sys
import time
from collections.abc import Callable

BACKLOG = 1024

_LINUX = sys.platform == "linux"
_SO_ATTACH_FILTER, _SO_DETACH_FILTER = 26, 27
# Drop segments whose flags (RFC 9293 section 3.1, byte 13 of the header) have SYN: handshakes that have begun go on.
_NO_NEW_CONNECTIONS = ((0x30, 0, 0, 13), (0x45, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0x7FFFFFFF))
_QUEUED_AT = 24
"""In the ``tcp_info`` of a socket that listens: how many connections wait to be accepted."""
_SETTLED_S = 0.3
_LONGEST_S = 2.0
_LOOK_S = 0.05


def begin(fd: int) -> None:
    """Listen on a bound socket, whatever a process before has done to it."""
    with _borrowed(fd) as sock:
        if _LINUX:
            with contextlib.suppress(OSError):  # there is none
                sock.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
        sock.listen(BACKLOG)


def end(fd: int, *, alone: bool, tick: Callable[[], None] = lambda: None) -> None:
    """Stop listening once everything that waits in the queue has been accepted, by a thread that goes on doing so.

    Whoever accepts on ``fd`` finds nothing there any more, and no error either. Elsewhere than on Linux nothing is
    done: there the processes share one socket.

    :param alone: no other process accepts on this port: while the supervisor keeps the socket, new connections wait
        for the process that takes our place. Otherwise they go to the others.
    :param tick: called now and then.
    """
    if not _LINUX:
        return
    with _borrowed(fd) as sock, contextlib.suppress(OSError):
        _refuse_new(sock)
        _run_empty(sock, tick)
        _forget(fd)
        os.dup2(_nobody_connects_here().detach(), fd, inheritable=False)
        if not alone:
            sock.shutdown(socket.SHUT_RDWR)


def connections(port: int) -> frozenset[int]:
    """What identifies each open connection of this process to ``port`` of its own; nothing elsewhere than on Linux."""
    if not _LINUX:
        return frozenset()
    found = set()
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names are all that is wanted
        with contextlib.suppress(OSError):
            status = os.fstat(int(name))
            if stat.S_ISSOCK(status.st_mode) and _is_connection(int(name), port):
                found.add(status.st_ino)
    return frozenset(found)


def _is_connection(fd: int, port: int) -> bool:
    with _borrowed(fd) as sock:
        if sock.family not in (socket.AF_INET, socket.AF_INET6):
            return False
        sock.getpeername()  # raises where there is none
        return bool(sock.getsockname()[1] == port)


def _borrowed(fd: int) -> socket.socket:
    return socket.socket(fileno=os.dup(fd))


def _refuse_new(sock: socket.socket) -> None:
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in _NO_NEW_CONNECTIONS)
    kept = ctypes.create_string_buffer(code)
    program = struct.pack("HL", len(_NO_NEW_CONNECTIONS), ctypes.addressof(kept))
    with contextlib.suppress(OSError):  # a sandbox without filters: then the window stays open for a moment
        sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def _run_empty(sock: socket.socket, tick: Callable[[], None]) -> None:
    """Wait until nothing has been in the queue for a moment, in which handshakes that had begun could end."""
    began = empty_since = time.monotonic()
    while (now := time.monotonic()) - began < _LONGEST_S and now - empty_since < _SETTLED_S:
        if _queued(sock):
            empty_since = now
        tick()
        time.sleep(_LOOK_S)


def _queued(sock: socket.socket) -> int:
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _QUEUED_AT + 4)
    (count,) = struct.unpack_from("I", info, _QUEUED_AT)
    return int(count)


def _forget(fd: int) -> None:
    """Take a socket from every poll of this process: the engine would be told of its end again and again, and do
    nothing else any more."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - see above
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/self/fd/{name}") == "anon_inode:[eventpoll]":  # noqa: PTH115 - see above
                with contextlib.closing(select.epoll.fromfd(os.dup(int(name)))) as poll:
                    poll.unregister(fd)


def _nobody_connects_here() -> socket.socket:
    """A socket that listens and stays quiet: in the place of one that is closed, it spares who waits on it an error."""
    quiet = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    quiet.bind("")  # Linux chooses a name
    quiet.listen(1)
    quiet.setblocking(False)
    return quiet
