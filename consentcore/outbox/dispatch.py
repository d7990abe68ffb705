"""Claims due deliveries, hands them to a few threads, fairly, and settles what they have done in batches."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from consentcore.domain.clock import Clock
from consentcore.domain.errors import StorageError
from consentcore.domain.notice import Outcome
from consentcore.outbox.lanes import Lanes
from consentcore.outbox.sending import Claimed, Ended, Sender
from consentcore.ports.outbox import OutboxStorage

LEASE_MS = 40_000
"""How long what is claimed belongs to its worker, where the settings say nothing else."""

BEGIN_WITHIN = 0.25
"""In the first quarter of its lease a delivery is begun, or given back: the rest is for the try."""

CAPACITY = 256
"""How many deliveries a worker has at most, from claim to settlement."""

LOW_WATER = 128
"""No claim while so many wait: each should be worth its commit."""

LINGER_S = 0.005
BATCH = 64
"""What has been done is settled when nothing else comes in ``LINGER_S``, or when there is so much of it."""


class Dispatcher:
    """The worker's loop claims and settles; its threads do nothing but send.

    :param threads: how many deliveries are sent at a time; :param per_target: to one target.
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
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._sender = sender
        self._names = tuple(names)
        self._threads = threads
        self._lease_ms = lease_ms
        self._lanes = Lanes(threads, per_target)
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._done = threading.Condition(self._lock)
        self._running: dict[str, Claimed] = {}
        self._ended: list[Ended] = []
        self._finished = 0
        self._started = False
        self._stopping = False

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
            notifiers=self._names,
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
        while self._lanes.running and (left := deadline - time.monotonic()) > 0:
            self.settle(left)
        with self._lock:
            now = self._clock.now()
            left_over = [self._sender.given_back(one.delivery, now) for one in self._running.values()]
            self._ended += left_over
        self.settle(0)
        return not left_over

    def _take(self, claimed: Sequence[Claimed]) -> None:
        with self._lock:
            if claimed and not self._started:
                self._start_threads()
            surplus = [one for one in claimed if not self._lanes.hold(one)]
            self._ended += [self._sender.given_back(one.delivery) for one in surplus]
            self._work.notify(len(claimed) - len(surplus))

    def _start_threads(self) -> None:
        self._started = True
        for number in range(self._threads):
            # Daemons: a plugin that hangs must not keep the process from ending.
            threading.Thread(target=self._send, name=f"consentcore-send-{number}", daemon=True).start()

    def _send(self) -> None:
        while (claimed := self._next()) is not None:
            began = time.monotonic()
            ended: Ended | None = None
            try:
                ended = self._sender.attempt(claimed)
            finally:
                self._finish(claimed, ended, time.monotonic() - began)

    def _next(self) -> Claimed | None:
        """The next delivery to send, waited for; None when there is nothing more to do."""
        with self._lock:
            while not self._stopping:
                claimed = self._lanes.enter()
                if claimed is None:
                    self._work.wait()
                elif self._is_late(claimed):
                    self._lanes.leave(claimed.delivery, None, 0.0)
                    self._ended.append(self._sender.given_back(claimed.delivery))
                else:
                    self._running[claimed.delivery.delivery_id] = claimed
                    return claimed
            return None

    def _finish(self, claimed: Claimed, ended: Ended | None, took_s: float) -> None:
        outcome: Outcome | None = (
            ended.tried.outcome if ended is not None and ended.tried is not None else None
        )
        with self._lock:
            self._running.pop(claimed.delivery.delivery_id, None)
            surplus = self._lanes.leave(claimed.delivery, outcome, took_s)
            self._ended += [self._sender.given_back(one.delivery) for one in surplus]
            if ended is not None:
                self._ended.append(ended)
            self._finished += 1
            self._done.notify()
            # A place is free: for this thread itself, and for one more where a lane has become wider.
            self._work.notify()

    def _is_late(self, claimed: Claimed) -> bool:
        """By the monotonic clock: that of the machine may be set."""
        return time.monotonic() - claimed.since > BEGIN_WITHIN * self._lease_ms / 1000
