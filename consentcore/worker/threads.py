"""The threads that send: started, watched, replaced when they have ended or a plugin holds them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from consentcore.worker.sender import Claimed


@dataclass(eq=False)
class Hand:
    """One thread.

    :ivar claimed: what it is sending.
    :ivar began: since when, on the monotonic clock.
    :ivar aside: it is slow, and another thread has its place; what it brings counts, and then it ends.
    :ivar written_off: it is held; what it brings comes too late, and then it ends.
    """

    thread: threading.Thread = field(init=False)
    claimed: Claimed | None = None
    began: float = 0.0
    aside: bool = False
    written_off: bool = False

    @property
    def serves(self) -> bool:
        """Whether there is more for it to do after this."""
        return not (self.aside or self.written_off)

    def take(self, claimed: Claimed) -> None:
        """Begin with a delivery."""
        self.claimed, self.began = claimed, time.monotonic()

    def put_down(self) -> Claimed | None:
        """Be free again; what it had."""
        claimed, self.claimed = self.claimed, None
        return claimed


class Hands:
    """So many threads. Not thread-safe: its owner has a lock.

    :param work: what each does until there is nothing more to do.
    :ivar replaced: how many have been.
    """

    def __init__(self, count: int, work: Callable[[Hand], None]) -> None:
        self._count = count
        self._work = work
        self._hands: list[Hand] = []
        self._aside: list[Hand] = []
        self.started = False
        self.replaced = 0

    @property
    def alive(self) -> int:
        """How many are there to send, or are sending."""
        return sum(hand.thread.is_alive() for hand in self._hands)

    @property
    def running(self) -> list[Claimed]:
        """What is being sent; without what a plugin holds."""
        return [hand.claimed for hand in (*self._hands, *self._aside) if hand.claimed is not None]

    def start(self) -> None:
        """Start those that are missing.

        :raises RuntimeError: when the system gives no more threads.
        """
        self.started = True
        while len(self._hands) < self._count:
            hand = Hand()
            # Daemons: a plugin that hangs must not keep the process from ending.
            hand.thread = threading.Thread(
                target=self._work, args=(hand,), name=f"consentcore-send-{len(self._hands)}", daemon=True
            )
            hand.thread.start()
            self._hands.append(hand)

    def at_it_for(self, seconds: float) -> list[Hand]:
        """Those in service that have been at one delivery for so long."""
        oldest = time.monotonic() - seconds
        return [hand for hand in self._hands if hand.claimed is not None and hand.began <= oldest]

    def set_aside(self, hand: Hand) -> None:
        """Give its place to another; :meth:`start` makes that one."""
        hand.aside = True
        self._hands.remove(hand)
        self._aside.append(hand)

    def drop(self, longest_s: float) -> tuple[list[Hand], list[Hand]]:
        """Take out those that have ended, and those that have been at one delivery for so long; :meth:`start` replaces
        them."""
        self._aside = [hand for hand in self._aside if hand.claimed is not None or hand.thread.is_alive()]
        all_, oldest = (*self._hands, *self._aside), time.monotonic() - longest_s
        ended = [hand for hand in all_ if not hand.thread.is_alive() and (hand.serves or hand.claimed)]
        held = [
            hand
            for hand in all_
            if hand.thread.is_alive() and hand.claimed is not None and hand.began <= oldest
        ]
        for hand in (*ended, *held):
            hand.written_off = True
            (self._aside if hand.aside else self._hands).remove(hand)
        self.replaced += len(ended) + len(held)
        return ended, held
