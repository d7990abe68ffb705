"""Lanes for requests that take long, so that a burst of them leaves threads for all others."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from consentcore.egress.errands import Errand, Shares
from consentcore.server.environ import Environ

log = logging.getLogger("consentcore.server")
PATIENCE_S = 10.0
"""How long a request waits for its turn in the waiting lane."""
MOST_WAITING = 512
"""Requests of one process that wait for a turn, whatever they wait for."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Waiter:
    """A request that waits for its turn.

    :ivar go: run it.
    :ivar give_up: answer that there was no turn in time.
    """

    errand: Errand
    go: Job
    give_up: Job
    deadline: float


class WaitingLane:
    """Runs requests that wait for somebody outside, in threads of its own: no thread of the front ever waits.

    Each errand has its bounds, see :class:`~consentcore.egress.errands.Kind`; what has no turn yet waits without a
    thread, and whoever is in nobody's way overtakes it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shares = Shares()
        self._waiting: list[Waiter] = []
        self._running = 0

    @property
    def idle(self) -> bool:
        """Whether nobody runs or waits."""
        return not self._waiting and not self._running

    def put(self, waiter: Waiter) -> bool:
        """Run it as soon as it is its turn; False when too many wait already."""
        with self._lock:
            if not self._has_room(waiter.errand):
                log.warning("the lane is full: too many requests wait for %s", waiter.errand.kind.name)
                return False
            self._waiting.append(waiter)
            first = self._next()
        if first is not None:
            threading.Thread(target=self._work, args=(first,), name="consentcore-lane", daemon=True).start()
        return True

    def expire(self, now: float) -> None:
        """Give up what has waited until ``now`` (``time.monotonic``) without getting its turn."""
        with self._lock:
            late = [one for one in self._waiting if one.deadline <= now]
            self._waiting = [one for one in self._waiting if one.deadline > now]
        for one in late:
            one.give_up()

    def _has_room(self, errand: Errand) -> bool:
        others = [one.errand for one in self._waiting if one.errand.kind is errand.kind]
        to_it = sum(one.target == errand.target for one in others)
        for_it = sum(one.sender == errand.sender for one in others) if errand.sender else 0
        return len(self._waiting) < MOST_WAITING and max(to_it, for_it) < errand.kind.waiting

    def _next(self) -> Waiter | None:
        """The first one whose turn it is, counted as running. Call it with the lock held."""
        for place, one in enumerate(self._waiting):
            if self._shares.take(one.errand):
                self._running += 1
                return self._waiting.pop(place)
        return None

    def _work(self, waiter: Waiter) -> None:
        current: Waiter | None = waiter
        while current is not None:
            try:
                current.go()
            except Exception:
                log.exception("a request in the waiting lane could not be answered")
            with self._lock:
                self._running -= 1
                self._shares.give(current.errand)
                current = self._next()
