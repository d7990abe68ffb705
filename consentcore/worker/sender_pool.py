"""The threads that send, what waits for them, and what has come out: shared between them and the worker's loop."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from consentcore.domain.clock import MINUTE, Clock
from consentcore.domain.notice import Outcome, Retry
from consentcore.hooks.errors import describe_exception
from consentcore.worker.claimed_delivery import ClaimedDelivery
from consentcore.worker.queues import ClaimRoom, TargetQueues
from consentcore.worker.sender import Sender
from consentcore.worker.settler import PendingSettlement, release
from consentcore.worker.status import WorkerStatus
from consentcore.worker.threads import SenderThread, SenderThreads

if TYPE_CHECKING:
    from consentcore.metrics import Meters

log = logging.getLogger("consentcore.worker")

BEGIN_WITHIN = 0.25
"""In the first quarter of its lease a delivery is begun, or released: the rest is for the try."""

CAPACITY = 256
"""How many deliveries a worker has at most, from claim to settlement."""

LOW_WATER = 128
"""No claim while so many wait: each should be worth its commit."""

LINGER_S = 0.02
MOST_HELD = 8
"""Threads that a plugin may hold; beyond that nothing more is handed to it until one comes back."""

BATCH = 64
"""What has been done is settled when nothing else comes in ``LINGER_S``, or when there is so much of it."""


class SenderPool:
    """Sends what is put into it. Safe to use from any thread.

    :param threads: how many deliveries are sent at a time;
    :param per_target: to one target.
    :param longest_s: a plugin that takes longer holds its thread, which is replaced.
    :param slow_s: a try that takes longer loses its place to others.
    :param meters: where replaced threads and calls without end are counted.
    """

    def __init__(
        self,
        clock: Clock,
        sender: Sender,
        *,
        threads: int,
        per_target: int,
        lease_ms: int,
        meters: Meters | None,
        longest_s: float,
        slow_s: float,
    ) -> None:
        self._clock = clock
        self._sender = sender
        self._wanted = threads
        self._lease_ms = lease_ms
        self._meters = meters
        self._longest_s = longest_s
        self._slow_s = slow_s
        self._threads = SenderThreads(threads, self._send)
        self._queues = TargetQueues(threads, per_target)
        self._held: Counter[str] = Counter()
        self._aside: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._done = threading.Condition(self._lock)
        self._pending: list[PendingSettlement] = []
        self._finished = 0
        self._stopping = False

    @property
    def status(self) -> WorkerStatus:
        """How the threads are."""
        with self._lock:
            held = {name: count for name, count in self._held.items() if count}
            stopped = [name for name, count in held.items() if count >= MOST_HELD]
            alive = self._threads.alive if self._threads.started else self._wanted
            return WorkerStatus(time.monotonic(), self._wanted, alive, self._threads.replaced, held, stopped)

    @property
    def is_full(self) -> bool:
        """Whether enough waits for now."""
        return self._queues.waiting >= LOW_WATER

    @property
    def is_sending(self) -> bool:
        """Whether something is being sent; what a plugin holds does not count."""
        return bool(self._threads.running)

    def is_stopped(self, notifier: str) -> bool:
        """Whether a notifier gets nothing, because it holds too many threads."""
        return self._held[notifier] >= MOST_HELD

    def room(self) -> ClaimRoom | None:
        """What may be claimed now; None for nothing."""
        with self._lock:
            limit = CAPACITY - self._queues.running - self._queues.waiting - len(self._pending)
            if self.is_full or limit <= 0:
                return None
            return ClaimRoom(limit, self._queues.claim_limit(), self._queues.busy())

    def put(self, claimed: Sequence[ClaimedDelivery]) -> None:
        """Have deliveries sent; what a target in trouble has no room for is released."""
        with self._lock:
            if claimed and not self._threads.started:
                self._threads.start()
            surplus = [one for one in claimed if not self._queues.put(one)]
            self._release(surplus)
            # One thread: each that takes something calls the next one while there is more.
            self._work.notify()

    def collect(self, wait_s: float) -> tuple[list[PendingSettlement], int]:
        """Wait until a try has ended, at most ``wait_s`` seconds.

        :returns: what is to be stored, and how many tries have ended.
        """
        with self._lock:
            if not self._finished:
                self._done.wait(wait_s)
            until = time.monotonic() + LINGER_S
            while self._lingers and (left := until - time.monotonic()) > 0:
                self._done.wait(left)
            pending, self._pending = self._pending, []
            finished, self._finished = self._finished, 0
        return pending, finished

    def restore(self, pending: list[PendingSettlement]) -> None:
        """Put back what could not be stored: it comes first with the next :meth:`collect`."""
        with self._lock:
            self._pending = pending + self._pending

    def stop(self) -> None:
        """Begin nothing more, and release what waits."""
        with self._lock:
            self._stopping = True
            self._work.notify_all()
            self._release(self._queues.clear())

    def release_running(self) -> int:
        """Release what is still being sent, so that it is sent again; how much that is."""
        with self._lock:
            running, now = self._threads.running, self._clock.now()
            self._pending += [release(one.delivery, self._clock, now) for one in running]
        return len(running)

    def replace_lost(self) -> None:
        """Replace threads that have ended or are held; what was being sent there is tried again."""
        with self._lock:
            if self._stopping or not self._threads.started:
                return
            ended, held = self._threads.drop_lost(self._longest_s)
            for thread in ended:
                if thread.claimed is not None:
                    self._leave(thread, thread.claimed, None, 0.0)
            lost = [(thread, thread.claimed, time.monotonic() - thread.began) for thread in held]
            for thread, claimed, took_s in lost:
                if claimed is not None:
                    self._abandon(thread, claimed, took_s)
            for thread in self._threads.busy_for(self._slow_s):
                self._set_aside(thread)
            self._threads.start()
            self._work.notify_all()
        for thread in ended:
            log.error("a sending thread has ended and is replaced")
            self._count("ended")
            self._add(None if thread.claimed is None else self._again(thread.claimed))
        for _, claimed, took_s in lost:
            if claimed is not None:
                self._count("held", claimed.delivery.notifier)
                self._add(self._sender.abandon(claimed, took_s))

    def _release(self, surplus: Sequence[ClaimedDelivery]) -> None:
        self._pending += [release(one.delivery, self._clock) for one in surplus]

    def _set_aside(self, thread: SenderThread) -> None:
        """Let others have the place of a slow try, and a thread for it; a plugin has so many of these, and no more."""
        if thread.claimed is None or self._aside[thread.claimed.delivery.notifier] >= MOST_HELD:
            return
        self._aside[thread.claimed.delivery.notifier] += 1
        self._queues.set_aside(thread.claimed.delivery)
        self._threads.set_aside(thread)

    def _leave(
        self, thread: SenderThread, claimed: ClaimedDelivery, outcome: Outcome | None, took_s: float
    ) -> list[ClaimedDelivery]:
        if thread.aside:
            self._aside[claimed.delivery.notifier] -= 1
        return self._queues.finish(claimed.delivery, outcome, took_s, aside=thread.aside)

    def _abandon(self, thread: SenderThread, claimed: ClaimedDelivery, took_s: float) -> None:
        notifier = claimed.delivery.notifier
        self._held[notifier] += 1
        surplus = self._leave(thread, claimed, Retry("", error="overdue"), took_s)
        if self._held[notifier] >= MOST_HELD:
            surplus += self._queues.clear(notifier)
            log.error("plugin %s holds %d threads: it gets nothing until one comes back", notifier, MOST_HELD)
        self._release(surplus)

    def _add(self, pending: PendingSettlement | None) -> None:
        with self._lock:
            if pending is not None:
                self._pending.append(pending)
            self._finished += 1

    def _count(self, why: str, plugin: str = "") -> None:
        if self._meters is not None:
            self._meters.thread_replaced("send", why)
            if plugin:
                self._meters.overdue(plugin)

    def _again(self, claimed: ClaimedDelivery) -> PendingSettlement:
        """A delivery whose try came to nothing that anybody knows of; in a minute, or it would come in a circle."""
        return release(claimed.delivery, self._clock, self._clock.now() + MINUTE)

    @property
    def _lingers(self) -> bool:
        """Whether what has been done may wait a moment for more."""
        return self._queues.running > 0 and 0 < self._finished < BATCH

    def _send(self, thread: SenderThread) -> None:
        while (claimed := self._next(thread)) is not None:
            pending: PendingSettlement | None = None
            try:
                pending = self._sender.attempt(claimed)
            except BaseException as error:  # noqa: BLE001 - whatever it is, the thread goes on
                log.error("delivery %s: %s", claimed.delivery.delivery_id, describe_exception(error))
                pending = self._again(claimed)
            if not self._finish(thread, pending):
                return

    def _next(self, thread: SenderThread) -> ClaimedDelivery | None:
        """The next delivery to send, waited for; None when there is nothing more to do."""
        with self._lock:
            while not self._stopping and thread.serves:
                claimed = self._queues.take()
                if claimed is None:
                    self._work.wait()
                elif self._is_late(claimed):
                    self._queues.finish(claimed.delivery, None, 0.0)
                    self._release([claimed])
                else:
                    thread.begin(claimed)
                    if self._queues.has_next:
                        self._work.notify()
                    return claimed
            return None

    def _finish(self, thread: SenderThread, pending: PendingSettlement | None) -> bool:
        """Note what came out; False when the thread is not needed any more, because another has its place."""
        result = pending.result if pending is not None else None
        with self._lock:
            took_s, claimed = time.monotonic() - thread.began, thread.finish()
            if claimed is None:
                return thread.serves
            if thread.abandoned:
                notifier = claimed.delivery.notifier
                self._held[notifier] -= 1
                log.warning("plugin %s has come back after %.0f s, too late", notifier, took_s)
                return False
            self._release(self._leave(thread, claimed, result.outcome if result else None, took_s))
            if pending is not None:
                self._pending.append(pending)
            self._finished += 1
            # Who waits for the first one lingers for more: it is not woken for each.
            if self._finished == 1 or not self._lingers:
                self._done.notify()
            if not thread.serves:
                self._work.notify()  # the place that is free now is for another
            return thread.serves

    def _is_late(self, claimed: ClaimedDelivery) -> bool:
        """By the monotonic clock: that of the machine may be set."""
        return time.monotonic() - claimed.since > BEGIN_WITHIN * self._lease_ms / 1000
