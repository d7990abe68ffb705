"""Claims due deliveries, hands them to a few threads, fairly, and settles what they have done in batches."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from consentcore.domain.clock import MINUTE, Clock
from consentcore.domain.errors import StorageError
from consentcore.domain.notice import Outcome, Retry
from consentcore.hooks.calling import LONGEST_S
from consentcore.hooks.errors import described
from consentcore.ports.deliveries import OutboxStorage
from consentcore.worker.pulse import Pulse
from consentcore.worker.queues import SLOW_S, Lanes
from consentcore.worker.sender import Claimed, Ended, Sender
from consentcore.worker.threads import Hand, Hands

if TYPE_CHECKING:
    from consentcore.metrics import Meters

log = logging.getLogger("consentcore.worker")

LEASE_MS = 40_000
"""How long what is claimed belongs to its worker, where the settings say nothing else."""

BEGIN_WITHIN = 0.25
"""In the first quarter of its lease a delivery is begun, or given back: the rest is for the try."""

CAPACITY = 256
"""How many deliveries a worker has at most, from claim to settlement."""

LOW_WATER = 128
"""No claim while so many wait: each should be worth its commit."""

LINGER_S = 0.005
MOST_HELD = 8
"""Threads that a plugin may hold; beyond that nothing more is handed to it until one comes back."""

BATCH = 64
"""What has been done is settled when nothing else comes in ``LINGER_S``, or when there is so much of it."""


class Dispatcher:
    """The worker's loop claims and settles; its threads do nothing but send.

    A try that takes long loses its place to others, and a thread that has ended or that a plugin holds for longer than
    ``longest_s`` is replaced.

    :param threads: how many deliveries are sent at a time;
    :param per_target: to one target.
    :param meters: where replaced threads and calls without end are counted.
    """

    def __init__(
        self,
        outbox: OutboxStorage,
        clock: Clock,
        sender: Sender,
        names: Sequence[str],
        *,
        threads: int,
        per_target: int,
        lease_ms: int = LEASE_MS,
        meters: Meters | None = None,
        longest_s: float = LONGEST_S,
        slow_s: float = SLOW_S,
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._sender = sender
        self._names = tuple(names)
        self._threads = threads
        self._lease_ms = lease_ms
        self._meters = meters
        self._longest_s = longest_s
        self._hands = Hands(threads, self._send)
        self._slow_s = slow_s
        self._held: Counter[str] = Counter()
        self._aside: Counter[str] = Counter()
        self._lanes = Lanes(threads, per_target)
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._done = threading.Condition(self._lock)
        self._ended: list[Ended] = []
        self._finished = 0
        self._stopping = False

    @property
    def names(self) -> Sequence[str]:
        """The notifiers that something may be handed to."""
        return [name for name in self._names if self._held[name] < MOST_HELD]

    @property
    def pulse(self) -> Pulse:
        """How the threads are."""
        with self._lock:
            held = {name: count for name, count in self._held.items() if count}
            stopped = [name for name, count in held.items() if count >= MOST_HELD]
            alive = self._hands.alive if self._hands.started else self._threads
            return Pulse(time.monotonic(), self._threads, alive, self._hands.replaced, held, stopped)

    @property
    def is_full(self) -> bool:
        """Whether nothing more is to be claimed for now."""
        return self._lanes.held >= LOW_WATER

    def claim(self) -> int:
        """Claim what there is room for; how many were claimed.

        :raises StorageError: when the store fails.
        """
        with self._lock:
            room = CAPACITY - self._lanes.running - self._lanes.held - len(self._ended)
            if self.is_full or room <= 0:
                return 0
            busy, most = self._lanes.busy(), self._lanes.most()
        claimed = self._outbox.claim_deliveries(
            self._clock.now(),
            limit=room,
            lease_ms=self._lease_ms,
            notifiers=self.names,
            per_target=most,
            busy=busy,
        )
        self._take(self._sender.brief(claimed))
        return len(claimed)

    def settle(self, wait_s: float) -> bool:
        """Wait until a try has ended, at most ``wait_s`` seconds, and store what has come out.

        :returns: whether one has ended.
        :raises StorageError: nothing was stored; it is stored with the next call.
        """
        self._look_after_hands()
        with self._lock:
            if not self._finished:
                self._done.wait(wait_s)
            until = time.monotonic() + LINGER_S
            while self._lanes.running and 0 < self._finished < BATCH:
                if not self._done.wait(until - time.monotonic()):
                    break
            ended, self._ended = self._ended, []
            finished, self._finished = self._finished, 0
        try:
            self._sender.settle(ended)
        except StorageError:
            with self._lock:
                self._ended = ended + self._ended
            raise
        return finished > 0

    def stop(self, bound_s: float) -> bool:
        """Give back what waits, let what runs end within ``bound_s`` seconds; False when something still runs.

        That is given back too, and so sent again: the process is about to end and takes its threads along.

        :raises StorageError: when the store fails; what is not settled is claimed again when its lease is over.
        """
        deadline = time.monotonic() + bound_s
        with self._lock:
            self._stopping = True
            self._work.notify_all()
            self._ended += [self._sender.given_back(one.delivery) for one in self._lanes.clear()]
        self.settle(0)
        while self._hands.running and (left := deadline - time.monotonic()) > 0:
            self.settle(left)
        with self._lock:
            now = self._clock.now()
            left_over = [self._sender.given_back(one.delivery, now) for one in self._hands.running]
            self._ended += left_over
        self.settle(0)
        return not left_over

    def _take(self, claimed: Sequence[Claimed]) -> None:
        with self._lock:
            if claimed and not self._hands.started:
                self._hands.start()
            surplus = [one for one in claimed if not self._lanes.hold(one)]
            self._ended += [self._sender.given_back(one.delivery) for one in surplus]
            self._work.notify(len(claimed) - len(surplus))

    def _look_after_hands(self) -> None:
        """Replace what has ended or is held; what was being sent there is tried again."""
        with self._lock:
            if self._stopping or not self._hands.started:
                return
            ended, held = self._hands.drop(self._longest_s)
            for hand in ended:
                if hand.claimed is not None:
                    self._leave(hand, hand.claimed, None, 0.0)
            lost = [(hand, hand.claimed, time.monotonic() - hand.began) for hand in held]
            for hand, claimed, took_s in lost:
                if claimed is not None:
                    self._let_go(hand, claimed, took_s)
            for hand in self._hands.at_it_for(self._slow_s):
                self._set_aside(hand)
            self._hands.start()
            self._work.notify_all()
        for hand in ended:
            log.error("a sending thread has ended and is replaced")
            self._count("ended")
            self._end(None if hand.claimed is None else self._again(hand.claimed))
        for _, claimed, took_s in lost:
            if claimed is not None:
                self._count("held", claimed.delivery.notifier)
                self._end(self._sender.written_off(claimed, took_s))

    def _set_aside(self, hand: Hand) -> None:
        """Let others have the place of a slow try, and a thread for it; a plugin has so many of these, and no more."""
        if hand.claimed is None or self._aside[hand.claimed.delivery.notifier] >= MOST_HELD:
            return
        self._aside[hand.claimed.delivery.notifier] += 1
        self._lanes.set_aside(hand.claimed.delivery)
        self._hands.set_aside(hand)

    def _leave(self, hand: Hand, claimed: Claimed, outcome: Outcome | None, took_s: float) -> list[Claimed]:
        if hand.aside:
            self._aside[claimed.delivery.notifier] -= 1
        return self._lanes.leave(claimed.delivery, outcome, took_s, aside=hand.aside)

    def _let_go(self, hand: Hand, claimed: Claimed, took_s: float) -> None:
        notifier = claimed.delivery.notifier
        self._held[notifier] += 1
        surplus = self._leave(hand, claimed, Retry("", error="overdue"), took_s)
        if self._held[notifier] >= MOST_HELD:
            surplus += self._lanes.clear(notifier)
            log.error("plugin %s holds %d threads: it gets nothing until one comes back", notifier, MOST_HELD)
        self._ended += [self._sender.given_back(one.delivery) for one in surplus]

    def _end(self, ended: Ended | None) -> None:
        with self._lock:
            if ended is not None:
                self._ended.append(ended)
            self._finished += 1

    def _count(self, why: str, plugin: str = "") -> None:
        if self._meters is not None:
            self._meters.thread_replaced("send", why)
            if plugin:
                self._meters.overdue(plugin)

    def _again(self, claimed: Claimed) -> Ended:
        """A delivery whose try came to nothing that anybody knows of; in a minute, or it would come in a circle."""
        return self._sender.given_back(claimed.delivery, self._clock.now() + MINUTE)

    def _send(self, hand: Hand) -> None:
        while (claimed := self._next(hand)) is not None:
            ended: Ended | None = None
            try:
                ended = self._sender.attempt(claimed)
            except BaseException as error:  # noqa: BLE001 - whatever it is, the thread goes on
                log.error("delivery %s: %s", claimed.delivery.delivery_id, described(error))
                ended = self._again(claimed)
            if not self._finish(hand, ended):
                return

    def _next(self, hand: Hand) -> Claimed | None:
        """The next delivery to send, waited for; None when there is nothing more to do."""
        with self._lock:
            while not self._stopping and hand.serves:
                claimed = self._lanes.enter()
                if claimed is None:
                    self._work.wait()
                elif self._is_late(claimed):
                    self._lanes.leave(claimed.delivery, None, 0.0)
                    self._ended.append(self._sender.given_back(claimed.delivery))
                else:
                    hand.take(claimed)
                    return claimed
            return None

    def _finish(self, hand: Hand, ended: Ended | None) -> bool:
        """Note what came out; False when the thread is not needed any more, because another has its place."""
        tried = ended.tried if ended is not None else None
        with self._lock:
            took_s, claimed = time.monotonic() - hand.began, hand.put_down()
            if claimed is None:
                return hand.serves
            if hand.written_off:
                notifier = claimed.delivery.notifier
                self._held[notifier] -= 1
                log.warning("plugin %s has come back after %.0f s, too late", notifier, took_s)
                return False
            surplus = self._leave(hand, claimed, tried.outcome if tried else None, took_s)
            self._ended += [self._sender.given_back(one.delivery) for one in surplus]
            if ended is not None:
                self._ended.append(ended)
            self._finished += 1
            self._done.notify()
            # A place is free: for this thread itself, and for one more where a lane has become wider.
            self._work.notify()
            return hand.serves

    def _is_late(self, claimed: Claimed) -> bool:
        """By the monotonic clock: that of the machine may be set."""
        return time.monotonic() - claimed.since > BEGIN_WITHIN * self._lease_ms / 1000
