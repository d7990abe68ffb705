"""Counters of failures."""

from __future__ import annotations

from typing import Protocol


class CounterStorage(Protocol):
    """Counters in fixed windows, for failures that must count across processes.

    A window of ``window_ms`` begins at each multiple of it since the epoch. A key is any text, also one that is longer
    than what an index takes; keys and windows count apart. Purge removes windows that are over at its ``now``.
    """

    def hit(self, key: str, now: int, window_ms: int) -> int:
        """Add one and return the count of the window that ``now`` lies in. Atomic among all processes; outside any
        transaction, so that what is counted stays counted when a request fails."""
        ...

    def count(self, key: str, now: int, window_ms: int) -> int:
        """The count of the window that ``now`` lies in, without adding; 0 where nothing was counted."""
        ...

    def reset(self, key: str) -> None:
        """Forget what was counted for a key, in windows of whatever length. For login plugins; the core never asks."""
        ...
