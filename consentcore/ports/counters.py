"""Counters of failures."""

from __future__ import annotations

from typing import Protocol


class CounterStorage(Protocol):
    """Counters in fixed windows, for failures that must count across processes."""

    def hit(self, key: str, now: int, window_ms: int) -> int:
        """Add one and return the count of the window that ``now`` lies in. Atomic."""
        ...

    def count(self, key: str, now: int, window_ms: int) -> int:
        """The count without adding."""
        ...

    def reset(self, key: str) -> None:
        """Forget the count of a key, in whatever window."""
        ...
