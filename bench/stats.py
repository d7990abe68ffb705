"""Figures out of measurements: percentiles, one point, medians over rounds, ratios within a round."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

SLOW_DISK_MS = 0.5
"""A median fdatasync above this says something about the disk of the moment and nothing about software."""


@dataclass
class Sample:
    """What one run of the load generator saw.

    :ivar latencies: seconds of each good answer.
    :ivar elapsed: seconds from the first request to the last answer.
    :ivar errors: kinds of everything else.
    :ivar example: one bad answer.
    :ivar own_cpu: seconds of CPU that the
        generator itself used.
    :ivar exhausted: nothing was left to ask before the time was over.
    """

    latencies: list[float] = field(default_factory=list)
    elapsed: float = 0.0
    errors: Counter[str] = field(default_factory=Counter)
    example: str = ""
    own_cpu: float = 0.0
    exhausted: bool = False


@dataclass(frozen=True)
class Point:
    """One operation in one round.

    :ivar cpu_us: CPU of the server's processes for each operation; ``database_cpu_us`` that of the database's
        processes, None where it has none of its own or they are not on this machine.
    :ivar fsync_ms: median of a probe just before.
    """

    requests_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_us: float
    database_cpu_us: float | None
    client_cpu_us: float
    operations: int
    errors: int
    fsync_ms: float
    exhausted: bool = False


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` (0 to 1) of the values do not exceed (nearest rank).

    :param ordered: ascending.
    :returns: NaN without values.
    """
    if not ordered:
        return math.nan
    rank = math.ceil(share * len(ordered))
    return ordered[min(max(rank, 1), len(ordered)) - 1]


def median(values: Iterable[float]) -> float:
    """The middle value, or the mean of the two in the middle; NaN ones do not count. NaN without values."""
    ordered = sorted(value for value in values if not math.isnan(value))
    if not ordered:
        return math.nan
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def point(sample: Sample, cpu: float, database_cpu: float | None, fsync_ms: float) -> Point:
    """Condense a sample.

    :param cpu: seconds that the server used; they are shared out over good and bad answers alike.
    """
    ordered = sorted(sample.latencies)
    failed = sum(sample.errors.values())
    done = len(ordered) + failed
    each = 1e6 / done if done else math.nan
    return Point(
        requests_s=len(ordered) / sample.elapsed if sample.elapsed else math.nan,
        p50_ms=percentile(ordered, 0.50) * 1000,
        p95_ms=percentile(ordered, 0.95) * 1000,
        p99_ms=percentile(ordered, 0.99) * 1000,
        cpu_us=cpu * each,
        database_cpu_us=None if database_cpu is None else database_cpu * each,
        client_cpu_us=sample.own_cpu * each,
        operations=len(ordered),
        errors=failed,
        fsync_ms=fsync_ms,
        exhausted=sample.exhausted,
    )


def ratio(value: float, base: float) -> float:
    """``value / base``; NaN when there is nothing to compare with."""
    return value / base if base and not math.isnan(base) else math.nan


def sound(rounds: Sequence[Sequence[float]]) -> list[int]:
    """Which rounds count: those whose probes of the disk were all quick, or all rounds if there are none.

    :param rounds: of each round the milliseconds of an fdatasync before the points that are compared.
    """
    good = [number for number, probes in enumerate(rounds) if all(each <= SLOW_DISK_MS for each in probes)]
    return good or list(range(len(rounds)))
