"""Fairness between targets: what is claimed waits in a lane of its target, and whose lane has a place is sent.

A lane lets a few deliveries run at once. One whose target hangs, is slow or overloaded lets a single one run, and so
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
from consentcore.worker.endpoint_health import SLOW_STATUSES
from consentcore.worker.sender import Claimed

SLOW_S = 5.0
HOLD_S = 1.0
"""A lane holds what it can send in about so many seconds."""
MAX_HELD = 64
FIRST = 4
"""How many are claimed of a target while no target is known."""

MAX_LANES = 2000


class Standing(Enum):
    """What is known of a target: nothing, that it answers in time, that it does not."""

    UNKNOWN = "unknown"
    SOUND = "sound"
    TROUBLED = "troubled"


@dataclass(slots=True)
class Lane:
    """What is known of one target, and what waits for it.

    :ivar mean_s: how long a try takes there, smoothed.
    :ivar aside: tries that are so slow that they lost their places.
    """

    running: int = 0
    aside: int = 0
    standing: Standing = Standing.UNKNOWN
    mean_s: float = 0.25
    held: deque[Claimed] = field(default_factory=deque)


class Lanes:
    """Places for deliveries. Not thread-safe: its owner has a lock.

    :param threads: places in all.
    :param per_target: places of one target.
    """

    def __init__(self, threads: int, per_target: int) -> None:
        self._threads = threads
        self._per_target = per_target
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._waiting: dict[tuple[str, str], Lane] = {}
        self._of_notifier: Counter[str] = Counter()
        self._of_standing: Counter[Standing] = Counter()
        self.running = 0
        self.held = 0

    def hold(self, claimed: Claimed) -> bool:
        """Let a delivery wait for its turn; False when its target is in trouble and has one that waits."""
        key = _key(claimed.delivery)
        lane = self._lane(key)
        if lane.standing is Standing.TROUBLED and len(lane.held) >= self._room(lane):
            return False
        lane.held.append(claimed)
        self._waiting.setdefault(key, lane)
        self.held += 1
        return True

    def enter(self) -> Claimed | None:
        """Take the next delivery whose lane has a place; lanes take turns."""
        for key, lane in self._waiting.items():
            if not self._open(key[0], lane):
                continue
            claimed = lane.held.popleft()
            del self._waiting[key]
            if lane.held:
                self._waiting[key] = lane
            self.held -= 1
            self._count(key[0], lane, 1)
            return claimed
        return None

    def set_aside(self, delivery: Delivery) -> None:
        """Give the place of a try back that goes on for long, so that others have it; its target is in trouble."""
        key = _key(delivery)
        lane = self._lane(key)
        self._count(key[0], lane, -1)
        lane.aside += 1
        self._stand(lane, Standing.TROUBLED)

    def leave(
        self, delivery: Delivery, outcome: Outcome | None, took_s: float, *, aside: bool = False
    ) -> list[Claimed]:
        """Give the place back and remember how it went; ``outcome`` None when nothing was learnt of the target.

        :param aside: it has lost its place before.
        :returns: what the lane cannot hold any more.
        """
        key = _key(delivery)
        lane = self._lane(key)
        if aside:
            lane.aside -= 1
        else:
            self._count(key[0], lane, -1)
        if outcome is None:
            return []
        lane.mean_s = (lane.mean_s + took_s) / 2
        self._stand(lane, Standing.TROUBLED if took_s > SLOW_S or _in_trouble(outcome) else Standing.SOUND)
        surplus = []
        while lane.standing is Standing.TROUBLED and len(lane.held) > self._room(lane):
            surplus.append(lane.held.pop())
        self.held -= len(surplus)
        if not lane.held:
            self._waiting.pop(key, None)
        return surplus

    def busy(self) -> list[tuple[str, str]]:
        """The targets for which nothing more should be claimed."""
        return [key for key, lane in self._lanes.items() if len(lane.held) >= self._room(lane)]

    def most(self) -> int:
        """How many of one target should be claimed."""
        rooms = (self._room(lane) for lane in self._lanes.values() if lane.standing is Standing.SOUND)
        return max(rooms, default=FIRST)

    def clear(self, notifier: str | None = None) -> Sequence[Claimed]:
        """Take out everything that waits, or what waits for one notifier."""
        keys = [key for key in self._waiting if notifier in {None, key[0]}]
        lanes = [self._waiting.pop(key) for key in keys]
        waiting = [claimed for lane in lanes for claimed in lane.held]
        for lane in lanes:
            lane.held.clear()
        self.held -= len(waiting)
        return waiting

    def _room(self, lane: Lane) -> int:
        if lane.standing is Standing.TROUBLED:
            return 1 - min(lane.running + lane.aside, 1)
        return max(1, min(MAX_HELD, int(self._width(lane) * HOLD_S / max(lane.mean_s, 0.001))))

    def _open(self, notifier: str, lane: Lane) -> bool:
        if self.running >= self._threads or lane.running + lane.aside >= self._width(lane):
            return False
        if self._of_notifier[notifier] >= max(1, self._threads - 1):
            return False
        if lane.standing is Standing.SOUND:
            return True
        troubled, unknown = self._of_standing[Standing.TROUBLED], self._of_standing[Standing.UNKNOWN]
        if lane.standing is Standing.TROUBLED and troubled >= max(1, self._threads // 4):
            return False
        return troubled + unknown < max(1, self._threads // 2)

    def _stand(self, lane: Lane, standing: Standing) -> None:
        # Those that still run are counted by the standing with which they are going to leave.
        self._of_standing[lane.standing] -= lane.running
        lane.standing = standing
        self._of_standing[standing] += lane.running

    def _width(self, lane: Lane) -> int:
        return self._per_target if lane.standing is Standing.SOUND else 1

    def _count(self, notifier: str, lane: Lane, by: int) -> None:
        lane.running += by
        self.running += by
        self._of_notifier[notifier] += by
        self._of_standing[lane.standing] += by

    def _lane(self, key: tuple[str, str]) -> Lane:
        if len(self._lanes) > MAX_LANES:
            self._lanes = {
                known: lane
                for known, lane in self._lanes.items()
                if lane.running or lane.aside or lane.held or lane.standing is Standing.TROUBLED
            }
        return self._lanes.setdefault(key, Lane())


def _key(delivery: Delivery) -> tuple[str, str]:
    return delivery.notifier, delivery.target


def _in_trouble(outcome: Outcome) -> bool:
    return isinstance(outcome, Retry) and (outcome.status is None or outcome.status in SLOW_STATUSES)
