"""Counters in fixed windows."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(slots=True)
class _Window:
    start: int
    end: int
    count: int = 0


class ShelfCounters:
    """:class:`consentcore.api.CounterStorage` in a file.

    Has a lock of its own: a failed login is counted while a transaction of the same request is open.
    """

    def __init__(self) -> None:
        self._windows: dict[tuple[str, int], _Window] = {}
        self._lock = threading.Lock()

    def hit(self, key: str, now: int, window_ms: int) -> int:
        with self._lock:
            start = now - now % window_ms
            window = self._windows.setdefault((key, window_ms), _Window(start, start + window_ms))
            if window.start != start:
                window.start, window.end, window.count = start, start + window_ms, 0
            window.count += 1
            return window.count

    def count(self, key: str, now: int, window_ms: int) -> int:
        with self._lock:
            window = self._windows.get((key, window_ms))
            return window.count if window is not None and window.start == now - now % window_ms else 0

    def reset(self, key: str) -> None:
        with self._lock:
            for known in [known for known in self._windows if known[0] == key]:
                del self._windows[known]

    def purge(self, now: int, limit: int) -> int:
        """Forget windows that are over; how many."""
        with self._lock:
            over = [known for known, window in self._windows.items() if window.end <= now][:limit]
            for known in over:
                del self._windows[known]
            return len(over)
