"""Fairness between targets: who may be sent to now, and who has to wait for whom.

Every target has a lane of its own. A lane lets a few deliveries run at once; one whose target hangs, is slow or
overloaded lets a single one run, and all such lanes together get at most half of the threads. So dead targets,
however many, leave room for the living. One place is never given to a notifier that has all the others, so that
webhooks do not hold up mails.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from consentcore.domain.notice import Delivery, Outcome, Retry

SLOW_STATUSES = frozenset({429, 502, 503, 504})
SLOW_S = 5.0
MAX_LANES = 2000


@dataclass(slots=True)
class Lane:
    """What is known of one target.

    :ivar suspect: its last try hung, took long, did not connect, or was told to slow down. :ivar mean_s: how long a try
        takes there, smoothed. :ivar turn_at: when the next one who queues would get a place, in seconds.
    """

    running: int = 0
    suspect: bool = False
    mean_s: float = 0.5
    turn_at: float = 0.0


class Lanes:
    """Places for deliveries. Not thread-safe: the worker's loop owns it.

    :param threads: places in all. :param per_target: places of one target.
    """

    def __init__(self, threads: int, per_target: int) -> None:
        self._threads = threads
        self._per_target = per_target
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._running = 0
        self._of_notifier: Counter[str] = Counter()

    @property
    def running(self) -> int:
        """How many deliveries are being sent."""
        return self._running

    def enter(self, delivery: Delivery) -> bool:
        """Take a place in the lane of a delivery; False when there is none."""
        lane = self._lane(delivery)
        if self._running >= self._threads or lane.running >= self._width(lane):
            return False
        if self._of_notifier[delivery.notifier] >= max(1, self._threads - 1):
            return False
        if lane.suspect and self._suspects() >= max(1, self._threads // 2):
            return False
        lane.running += 1
        self._running += 1
        self._of_notifier[delivery.notifier] += 1
        return True

    def leave(self, delivery: Delivery, outcome: Outcome | None, took_s: float) -> None:
        """Give the place back and remember how it went; ``outcome`` None when nothing was learnt of the target."""
        lane = self._lane(delivery)
        lane.running -= 1
        self._running -= 1
        self._of_notifier[delivery.notifier] -= 1
        if outcome is None:
            return
        lane.mean_s = (lane.mean_s + took_s) / 2
        lane.suspect = took_s > SLOW_S or _in_trouble(outcome)
        if not lane.suspect:
            lane.turn_at = 0.0

    def queue(self, delivery: Delivery, now_s: float) -> float:
        """Join the queue of a lane; seconds until its turn, as far as can be told."""
        lane = self._lane(delivery)
        lane.turn_at = max(lane.turn_at, now_s) + lane.mean_s / self._width(lane)
        return lane.turn_at - now_s

    def _width(self, lane: Lane) -> int:
        return 1 if lane.suspect else self._per_target

    def _suspects(self) -> int:
        return sum(lane.running for lane in self._lanes.values() if lane.suspect)

    def _lane(self, delivery: Delivery) -> Lane:
        if len(self._lanes) > MAX_LANES:
            self._lanes = {key: lane for key, lane in self._lanes.items() if lane.running or lane.suspect}
        return self._lanes.setdefault((delivery.notifier, delivery.target), Lane())


def _in_trouble(outcome: Outcome) -> bool:
    return isinstance(outcome, Retry) and (outcome.status is None or outcome.status in SLOW_STATUSES)
