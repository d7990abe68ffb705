"""Claims due deliveries and hands them to a few threads, fairly."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from consentcore.domain.clock import Clock
from consentcore.domain.notice import Delivery, Outcome
from consentcore.outbox.lanes import Lanes
from consentcore.outbox.sending import Sender
from consentcore.ports.outbox import OutboxStorage

LEASE_MS = 40_000
"""How long what is claimed belongs to its worker; who comes after one that was killed waits so long."""

SEND_BOUND_MS = 30_000
"""What one try may take at most; a delivery with less of its lease left is not begun."""

HOLD_S = 5.0
PUT_OFF_S = 60.0
"""How long a claimed delivery waits here for its turn; who has to wait longer is given back, for at most so long."""


@dataclass(frozen=True, slots=True)
class _Done:
    delivery: Delivery
    outcome: Outcome | None
    took_s: float


class Dispatcher:
    """Owned by the worker's loop; its threads do nothing but send.

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
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._sender = sender
        self._names = tuple(names)
        self._threads = threads
        self._lanes = Lanes(threads, per_target)
        self._held: list[Delivery] = []
        self._running: dict[str, Delivery] = {}
        self._tasks: SimpleQueue[Delivery | None] = SimpleQueue()
        self._done: SimpleQueue[_Done] = SimpleQueue()
        self._started = False

    @property
    def idle(self) -> bool:
        """Whether nothing is being sent or waits here."""
        return not self._lanes.running and not self._held

    def claim(self) -> int:
        """Claim what there is room for and begin it; how many were claimed."""
        room = 2 * self._threads - self._lanes.running - len(self._held)
        if room <= 0:
            return 0
        claimed = self._outbox.claim_deliveries(
            self._clock.now(), limit=room, lease_ms=LEASE_MS, notifiers=self._names
        )
        for delivery in claimed:
            if not self._begin(delivery):
                self._hold(delivery)
        return len(claimed)

    def settle(self, wait_s: float) -> bool:
        """Wait until a try has ended, at most ``wait_s`` seconds, then begin what has waited for its place.

        :returns: whether one has ended.
        """
        try:
            done: _Done | None = self._done.get(timeout=wait_s)
        except Empty:
            done = None
        ended = done is not None
        while done is not None:
            self._running.pop(done.delivery.delivery_id, None)
            self._lanes.leave(done.delivery, done.outcome, done.took_s)
            done = None if self._done.empty() else self._done.get()
        self._begin_held()
        return ended

    def stop(self, bound_s: float) -> bool:
        """Give back what waits, let what runs end within ``bound_s`` seconds; False when something still runs.

        That is given back too, and so sent again: the process is about to end and takes its threads along.
        """
        for delivery in self._held:
            self._sender.give_back(delivery, self._clock.now())
        self._held.clear()
        deadline = time.monotonic() + bound_s
        while self._lanes.running and (left := deadline - time.monotonic()) > 0:
            self.settle(left)
        for _ in range(self._threads):
            self._tasks.put(None)
        for delivery in self._running.values():
            self._sender.give_back(delivery, self._clock.now())
        return not self._running

    def _hold(self, delivery: Delivery) -> None:
        wait_s = self._lanes.queue(delivery, time.monotonic())
        if wait_s <= HOLD_S:
            self._held.append(delivery)
        else:
            self._sender.give_back(delivery, self._clock.now() + round(min(wait_s, PUT_OFF_S) * 1000))

    def _begin_held(self) -> None:
        now, still = self._clock.now(), []
        for delivery in self._held:
            if delivery.lease_until is not None and delivery.lease_until - now < SEND_BOUND_MS:
                self._sender.give_back(delivery, now)
            elif not self._begin(delivery):
                still.append(delivery)
        self._held = still

    def _begin(self, delivery: Delivery) -> bool:
        if not self._lanes.enter(delivery):
            return False
        if not self._started:
            self._start_threads()
        self._running[delivery.delivery_id] = delivery
        self._tasks.put(delivery)
        return True

    def _start_threads(self) -> None:
        self._started = True
        for number in range(self._threads):
            # Daemons: a plugin that hangs must not keep the process from ending.
            threading.Thread(target=self._work, name=f"consentcore-send-{number}", daemon=True).start()

    def _work(self) -> None:
        while (delivery := self._tasks.get()) is not None:
            began = time.monotonic()
            outcome: Outcome | None = None
            try:
                outcome = self._sender.deliver(delivery)
            finally:
                self._done.put(_Done(delivery, outcome, time.monotonic() - began))
