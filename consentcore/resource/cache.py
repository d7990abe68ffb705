"""Answers that are remembered for a moment, bounded in number."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

V = TypeVar("V")


class ExpiringCache(Generic[V]):
    """Keeps values until their time is over; beyond ``size`` the one that was put first goes.

    Safe to share between threads. Times are of any one clock, in seconds.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._rows: OrderedDict[bytes, tuple[float, V]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: bytes, now: float) -> V | None:
        """The value, unless its time is over."""
        with self._lock:
            found = self._rows.get(key)
            if found is None:
                return None
            if now >= found[0]:
                del self._rows[key]
                return None
            return found[1]

    def put(self, key: bytes, value: V, until: float) -> None:
        """Keep a value."""
        with self._lock:
            self._put(key, value, until)

    def put_new(self, key: bytes, value: V, now: float, until: float) -> bool:
        """Keep a value unless there is one whose time is not over; whether it was kept."""
        with self._lock:
            found = self._rows.get(key)
            if found is not None and now < found[0]:
                return False
            self._put(key, value, until)
            return True

    def _put(self, key: bytes, value: V, until: float) -> None:
        self._rows.pop(key, None)
        self._rows[key] = (until, value)
        while len(self._rows) > self._size:
            self._rows.popitem(last=False)

    def __len__(self) -> int:
        return len(self._rows)
