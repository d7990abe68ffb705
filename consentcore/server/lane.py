"""A lane for requests that take long, so that a burst of them leaves threads for all others."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from consentcore.server.environ import Environ

Job = Callable[[], None]


class SlowLane:
    """Runs at most ``width`` of the slow requests at a time; the others wait without a thread, in order.

    Nothing is refused: how many can wait is bounded by the connections that a web process accepts.

    :param slow: method and path of the slow requests.
    :param width: threads that they may take; with 0 (a single thread has none to spare) there is no lane.
    """

    def __init__(self, slow: frozenset[tuple[str, str]], width: int) -> None:
        self._slow = slow if width else frozenset()
        self._waiting: deque[Job] = deque()
        self._turn = threading.Semaphore(width)

    @property
    def idle(self) -> bool:
        """Whether nobody waits."""
        return not self._waiting

    def takes(self, environ: Environ) -> bool:
        """Whether a request belongs here."""
        return (environ["REQUEST_METHOD"], environ["PATH_INFO"]) in self._slow

    def run(self, job: Job) -> None:
        """Run ``job`` here, or leave it to a thread that is at work in the lane."""
        self._waiting.append(job)
        # Whoever finds no turn has put its job where the holder of one looks after giving it back.
        while self._waiting and self._turn.acquire(blocking=False):
            try:
                self._run_next()
            finally:
                self._turn.release()

    def _run_next(self) -> None:
        try:
            job = self._waiting.popleft()
        except IndexError:  # another thread took it
            return
        job()
