"""Claims due deliveries, hands them to a few threads, fairly, and settles what they have done in batches."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from consentcore.domain.clock import Clock
from consentcore.domain.errors import StorageError
from consentcore.hooks.calling import LONGEST_S
from consentcore.ports.storage import Storage
from consentcore.worker.claimed_delivery import load_notices
from consentcore.worker.queues import SLOW_S
from consentcore.worker.sender import Sender
from consentcore.worker.sender_pool import SenderPool
from consentcore.worker.settler import Settler
from consentcore.worker.status import WorkerStatus

if TYPE_CHECKING:
    from consentcore.metrics import Meters

LEASE_MS = 40_000
"""How long what is claimed belongs to its worker, where the settings say nothing else."""


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
        storage: Storage,
        clock: Clock,
        sender: Sender,
        settler: Settler,
        names: Sequence[str],
        *,
        threads: int,
        per_target: int,
        lease_ms: int = LEASE_MS,
        meters: Meters | None = None,
        longest_s: float = LONGEST_S,
        slow_s: float = SLOW_S,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._settler = settler
        self._names = tuple(names)
        self._lease_ms = lease_ms
        self._pool = SenderPool(
            clock,
            sender,
            threads=threads,
            per_target=per_target,
            lease_ms=lease_ms,
            meters=meters,
            longest_s=longest_s,
            slow_s=slow_s,
        )

    @property
    def names(self) -> Sequence[str]:
        """The notifiers that something may be handed to."""
        return [name for name in self._names if not self._pool.is_stopped(name)]

    @property
    def status(self) -> WorkerStatus:
        """How the threads are."""
        return self._pool.status

    @property
    def is_full(self) -> bool:
        """Whether nothing more is to be claimed for now."""
        return self._pool.is_full

    def claim(self) -> int:
        """Claim what there is room for; how many were claimed.

        :raises StorageError: when the store fails.
        """
        room = self._pool.room()
        if room is None:
            return 0
        claimed = self._storage.outbox.claim_deliveries(
            self._clock.now(),
            limit=room.limit,
            lease_ms=self._lease_ms,
            notifiers=self.names,
            per_target=room.per_target,
            busy=room.busy,
        )
        self._pool.put(load_notices(self._storage, claimed))
        return len(claimed)

    def settle(self, wait_s: float) -> bool:
        """Wait until a try has ended, at most ``wait_s`` seconds, and store what has come out.

        :returns: whether one has ended.
        :raises StorageError: what was not stored is stored with the next call.
        """
        self._pool.replace_lost()
        pending, finished = self._pool.collect(wait_s)
        try:
            self._settler.settle(pending)
        except StorageError:
            self._pool.restore(pending)
            raise
        return finished > 0

    def stop(self, bound_s: float) -> bool:
        """Give back what waits, let what runs end within ``bound_s`` seconds; False when something still runs.

        That is given back too, and so sent again: the process is about to end and takes its threads along.

        :raises StorageError: when the store fails; what is not settled is claimed again when its lease is over.
        """
        deadline = time.monotonic() + bound_s
        self._pool.stop()
        self.settle(0)
        while self._pool.is_sending and (left := deadline - time.monotonic()) > 0:
            self.settle(left)
        left_over = self._pool.release_running()
        self.settle(0)
        return not left_over
