"""Ties a child's life to that of the supervisor, also when that one is killed without warning."""

from __future__ import annotations

import os
import signal
import sys
import threading

_PR_SET_PDEATHSIG = 1


def exit_with_parent(parent: int, lifeline_fd: int) -> None:
    """Make this process end as soon as its parent has.

    On Linux the kernel sends SIGKILL. Everywhere, a thread waits for the end of the lifeline, a pipe whose
    other end only the parent holds.

    :param parent: process id of the parent.
    :param lifeline_fd: the pipe's reading end.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the request was made
            os._exit(1)
    threading.Thread(target=_watch, args=(lifeline_fd,), name="lifeline", daemon=True).start()


def _watch(fd: int) -> None:
    while os.read(fd, 1):
        pass
    os._exit(1)
