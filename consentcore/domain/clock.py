"""Time. Every instant in consentcore is an ``int``: milliseconds since 1970-01-01T00:00:00Z.

One representation for every store, so that no backend can lose a time zone or a fraction.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

SECOND = 1000
"""Milliseconds of a second."""
MINUTE = 60 * SECOND
"""Milliseconds of a minute."""
HOUR = 60 * MINUTE
"""Milliseconds of an hour."""
DAY = 24 * HOUR
"""Milliseconds of 24 hours."""

LAST_SECOND = 253_402_300_799
"""The end of the year 9999, behind which :func:`iso` has no word for a time; seconds since the epoch."""


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> int:
        """Return milliseconds since the epoch, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Return milliseconds since the epoch, UTC."""
        return time.time_ns() // 1_000_000


def window_left_s(now: int, window_ms: int) -> int:
    """Seconds until the counting window (:class:`~consentcore.ports.counters.CounterStorage`) of ``now`` ends, rounded
    up: what ``Retry-After`` says."""
    return -(-(window_ms - now % window_ms) // SECOND)


def iso(ms: int) -> str:
    """Write an instant as ISO 8601 in UTC with milliseconds: ``2026-11-23T10:02:01.120Z``."""
    seconds, millis = divmod(ms, 1000)
    # Not by strftime, which writes years before 1000 with fewer than four digits.
    return f"{datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()}.{millis:03d}Z"


def from_iso(text: str) -> int:
    """Read what :func:`iso` wrote.

    :raises ValueError: when ``text`` is no ISO 8601 instant with a zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * 1000 + moment.microsecond // 1000
