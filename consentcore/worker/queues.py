"""Fairness between targets: what is claimed waits in a queue of its target, and whose queue has a place is sent.

A queue lets a few deliveries run at once. One whose target hangs, is slow or overloaded lets a single one run, and so
does one of which nothing is known yet. The troubled get at most a quarter of all places, and at most half
together with the unknown. So dead targets, however many, leave room for the living. One place is never given to
a notifier that has all the others, so that webhooks do not hold up mails.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from consentcore.domain.notice import Delivery, Outcome, Retry
from consentcore.worker.claimed_delivery import ClaimedDelivery
from consentcore.worker.endpoint_health import SLOW_STATUSES

SLOW_S = 5.0
HOLD_S = 1.0
"""A queue holds what it can send in about so many seconds."""
MAX_WAITING = 64
FIRST = 4
"""How many are claimed of a target while no target is known."""

MAX_QUEUES = 2000


class TargetHealth(Enum):
    """What is known of a target: nothing, that it answers in time, that it does not."""

    UNKNOWN = "unknown"
    SOUND = "sound"
    TROUBLED = "troubled"


@dataclass(slots=True)
class TargetQueue:
    """What is known of one target, and what waits for it.

    :ivar mean_s: how long a try takes there, smoothed.
    :ivar aside: tries that are so slow that they lost their places.
    """

    running: int = 0
    aside: int = 0
    health: TargetHealth = TargetHealth.UNKNOWN
    mean_s: float = 0.25
    waiting: deque[ClaimedDelivery] = field(default_factory=deque)


@dataclass(frozen=True, slots=True)
class ClaimRoom:
    """What may be claimed now.

    :ivar limit: how many in all;
    :ivar per_target: of one target;
    :ivar busy: of these targets none.
    """

    limit: int
    per_target: int
    busy: Sequence[tuple[str, str]]


class TargetQueues:
    """Places for deliveries. Not thread-safe: its owner has a lock.

    :param threads: places in all.
    :param per_target: places of one target.
    """

    def __init__(self, threads: int, per_target: int) -> None:
        self._threads = threads
        self._per_target = per_target
        self._queues: dict[tuple[str, str], TargetQueue] = {}
        self._not_empty: dict[tuple[str, str], TargetQueue] = {}
        self._of_notifier: Counter[str] = Counter()
        self._of_health: Counter[TargetHealth] = Counter()
        self.running = 0
        self.waiting = 0

    def put(self, claimed: ClaimedDelivery) -> bool:
        """Let a delivery wait for its turn; False when its target is in trouble and has one that waits."""
        key = _key(claimed.delivery)
        queue = self._queue(key)
        if queue.health is TargetHealth.TROUBLED and len(queue.waiting) >= self._capacity(queue):
            return False
        queue.waiting.append(claimed)
        self._not_empty.setdefault(key, queue)
        self.waiting += 1
        return True

    def take(self) -> ClaimedDelivery | None:
        """Take the next delivery whose queue has a place; queues take turns."""
        found = self._next()
        if found is None:
            return None
        key, queue = found
        claimed = queue.waiting.popleft()
        del self._not_empty[key]
        if queue.waiting:
            self._not_empty[key] = queue
        self.waiting -= 1
        self._count(key[0], queue, 1)
        return claimed

    @property
    def has_next(self) -> bool:
        """Whether :meth:`take` would give another one now."""
        return self._next() is not None

    def set_aside(self, delivery: Delivery) -> None:
        """Give the place of a try back that goes on for long, so that others have it; its target is in trouble."""
        key = _key(delivery)
        queue = self._queue(key)
        self._count(key[0], queue, -1)
        queue.aside += 1
        self._set_health(queue, TargetHealth.TROUBLED)

    def finish(
        self, delivery: Delivery, outcome: Outcome | None, took_s: float, *, aside: bool = False
    ) -> list[ClaimedDelivery]:
        """Give the place back and remember how it went; ``outcome`` None when nothing was learnt of the target.

        :param aside: it has lost its place before.
        :returns: what the queue cannot hold any more.
        """
        key = _key(delivery)
        queue = self._queue(key)
        if aside:
            queue.aside -= 1
        else:
            self._count(key[0], queue, -1)
        if outcome is None:
            return []
        queue.mean_s = (queue.mean_s + took_s) / 2
        self._set_health(
            queue, TargetHealth.TROUBLED if took_s > SLOW_S or _in_trouble(outcome) else TargetHealth.SOUND
        )
        surplus = []
        while queue.health is TargetHealth.TROUBLED and len(queue.waiting) > self._capacity(queue):
            surplus.append(queue.waiting.pop())
        self.waiting -= len(surplus)
        if not queue.waiting:
            self._not_empty.pop(key, None)
        return surplus

    def busy(self) -> list[tuple[str, str]]:
        """The targets for which nothing more should be claimed."""
        return [key for key, queue in self._queues.items() if len(queue.waiting) >= self._capacity(queue)]

    def claim_limit(self) -> int:
        """How many of one target should be claimed."""
        capacities = (
            self._capacity(queue) for queue in self._queues.values() if queue.health is TargetHealth.SOUND
        )
        return max(capacities, default=FIRST)

    def clear(self, notifier: str | None = None) -> Sequence[ClaimedDelivery]:
        """Take out everything that waits, or what waits for one notifier."""
        keys = [key for key in self._not_empty if notifier in {None, key[0]}]
        queues = [self._not_empty.pop(key) for key in keys]
        waiting = [claimed for queue in queues for claimed in queue.waiting]
        for queue in queues:
            queue.waiting.clear()
        self.waiting -= len(waiting)
        return waiting

    def _next(self) -> tuple[tuple[str, str], TargetQueue] | None:
        if self.running >= self._threads:
            return None
        waiting = self._not_empty.items()
        return next(((key, queue) for key, queue in waiting if self._has_place(key[0], queue)), None)

    def _capacity(self, queue: TargetQueue) -> int:
        if queue.health is TargetHealth.TROUBLED:
            return 1 - min(queue.running + queue.aside, 1)
        return max(1, min(MAX_WAITING, int(self._concurrency(queue) * HOLD_S / max(queue.mean_s, 0.001))))

    def _has_place(self, notifier: str, queue: TargetQueue) -> bool:
        if queue.running + queue.aside >= self._concurrency(queue):
            return False
        if self._of_notifier[notifier] >= max(1, self._threads - 1):
            return False
        if queue.health is TargetHealth.SOUND:
            return True
        troubled, unknown = self._of_health[TargetHealth.TROUBLED], self._of_health[TargetHealth.UNKNOWN]
        if queue.health is TargetHealth.TROUBLED and troubled >= max(1, self._threads // 4):
            return False
        return troubled + unknown < max(1, self._threads // 2)

    def _set_health(self, queue: TargetQueue, health: TargetHealth) -> None:
        # Those that still run are counted by the health with which they are going to leave.
        self._of_health[queue.health] -= queue.running
        queue.health = health
        self._of_health[health] += queue.running

    def _concurrency(self, queue: TargetQueue) -> int:
        return self._per_target if queue.health is TargetHealth.SOUND else 1

    def _count(self, notifier: str, queue: TargetQueue, by: int) -> None:
        queue.running += by
        self.running += by
        self._of_notifier[notifier] += by
        self._of_health[queue.health] += by

    def _queue(self, key: tuple[str, str]) -> TargetQueue:
        if len(self._queues) > MAX_QUEUES:
            self._queues = {
                known: queue
                for known, queue in self._queues.items()
                if queue.running or queue.aside or queue.waiting or queue.health is TargetHealth.TROUBLED
            }
        return self._queues.setdefault(key, TargetQueue())


def _key(delivery: Delivery) -> tuple[str, str]:
    return delivery.notifier, delivery.target


def _in_trouble(outcome: Outcome) -> bool:
    return isinstance(outcome, Retry) and (outcome.status is None or outcome.status in SLOW_STATUSES)
