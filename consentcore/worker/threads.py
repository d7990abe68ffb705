"""The threads that send: started, watched, replaced when they have ended or a plugin holds them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from consentcore.worker.claimed_delivery import ClaimedDelivery


@dataclass(eq=False)
class SenderThread:
    """One thread.

    :ivar claimed: what it is sending.
    :ivar began: since when, on the monotonic clock.
    :ivar aside: it is slow, and another thread has its place; what it brings counts, and then it ends.
    :ivar abandoned: it is held; what it brings comes too late, and then it ends.
    """

    handle: threading.Thread = field(init=False)
    claimed: ClaimedDelivery | None = None
    began: float = 0.0
    aside: bool = False
    abandoned: bool = False

    @property
    def serves(self) -> bool:
        """Whether there is more for it to do after this."""
        return not (self.aside or self.abandoned)

    def begin(self, claimed: ClaimedDelivery) -> None:
        """Begin with a delivery."""
        self.claimed, self.began = claimed, time.monotonic()

    def finish(self) -> ClaimedDelivery | None:
        """Be free again; what it had."""
        claimed, self.claimed = self.claimed, None
        return claimed


class SenderThreads:
    """So many threads. Not thread-safe: its owner has a lock.

    :param work: what each does until there is nothing more to do.
    :ivar replaced: how many have been.
    """

    def __init__(self, count: int, work: Callable[[SenderThread], None]) -> None:
        self._count = count
        self._work = work
        self._serving: list[SenderThread] = []
        self._aside: list[SenderThread] = []
        self.started = False
        self.replaced = 0

    @property
    def alive(self) -> int:
        """How many are there to send, or are sending."""
        return sum(one.handle.is_alive() for one in self._serving)

    @property
    def running(self) -> list[ClaimedDelivery]:
        """What is being sent; without what a plugin holds."""
        return [one.claimed for one in (*self._serving, *self._aside) if one.claimed is not None]

    def start(self) -> None:
        """Start those that are missing.

        :raises RuntimeError: when the system gives no more threads.
        """
        self.started = True
        while len(self._serving) < self._count:
            one = SenderThread()
            # Daemons: a plugin that hangs must not keep the process from ending.
            one.handle = threading.Thread(
                target=self._work, args=(one,), name=f"consentcore-send-{len(self._serving)}", daemon=True
            )
            one.handle.start()
            self._serving.append(one)

    def busy_for(self, seconds: float) -> list[SenderThread]:
        """Those in service that have been at one delivery for so long."""
        oldest = time.monotonic() - seconds
        return [one for one in self._serving if one.claimed is not None and one.began <= oldest]

    def set_aside(self, thread: SenderThread) -> None:
        """Give its place to another; :meth:`start` makes that one."""
        thread.aside = True
        self._serving.remove(thread)
        self._aside.append(thread)

    def drop_lost(self, longest_s: float) -> tuple[list[SenderThread], list[SenderThread]]:
        """Take out those that have ended, and those that have been at one delivery for so long; :meth:`start` replaces
        them."""
        self._aside = [one for one in self._aside if one.claimed is not None or one.handle.is_alive()]
        all_, oldest = (*self._serving, *self._aside), time.monotonic() - longest_s
        ended = [one for one in all_ if not one.handle.is_alive() and (one.serves or one.claimed)]
        held = [
            one for one in all_ if one.handle.is_alive() and one.claimed is not None and one.began <= oldest
        ]
        for one in (*ended, *held):
            one.abandoned = True
            (self._aside if one.aside else self._serving).remove(one)
        self.replaced += len(ended) + len(held)
        return ended, held
