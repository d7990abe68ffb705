"""Figures out of measurements."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from bench.stats import Sample, median, percentile, point, ratio, sound


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([7.0], 0.5, 7.0),
        ([7.0], 0.99, 7.0),
        ([1.0, 2.0], 0.5, 1.0),
        ([1.0, 2.0, 3.0], 0.5, 2.0),
        ([float(n) for n in range(1, 101)], 0.5, 50.0),
        ([float(n) for n in range(1, 101)], 0.95, 95.0),
        ([float(n) for n in range(1, 101)], 0.99, 99.0),
        ([float(n) for n in range(1, 101)], 1.0, 100.0),
        ([float(n) for n in range(1, 101)], 0.0, 1.0),
    ],
)
def test_percentile_is_the_nearest_rank(values, share, expected):
    assert percentile(values, share) == expected


def test_percentile_of_nothing_is_no_number():
    assert math.isnan(percentile([], 0.5))


def test_percentile_never_exceeds_what_was_seen_and_bounds_its_share():
    values = sorted((n * 7919) % 1000 / 10 for n in range(337))
    for share in (0.01, 0.5, 0.95, 0.99):
        found = percentile(values, share)
        assert found in values
        assert sum(value <= found for value in values) >= share * len(values)
        assert sum(value < found for value in values) < share * len(values)


def test_median_ignores_what_is_no_number():
    assert median([3.0, 1.0, 2.0]) == 2.0
    assert median([4.0, 1.0, 2.0, 3.0]) == 2.5
    assert median([math.nan, 5.0]) == 5.0
    assert math.isnan(median([]))
    assert math.isnan(median([math.nan]))


def test_ratio_with_nothing_to_compare_with_is_no_number():
    assert ratio(3.0, 4.0) == 0.75
    assert math.isnan(ratio(3.0, 0.0))
    assert math.isnan(ratio(3.0, math.nan))


def test_point_shares_cpu_out_over_good_and_bad_answers():
    sample = Sample(
        latencies=[0.004, 0.001, 0.002, 0.003],
        elapsed=2.0,
        errors=Counter({"refresh: 400": 1}),
        own_cpu=0.0005,
    )
    found = point(sample, cpu=0.01, database_cpu=0.005, fsync_ms=0.1)
    assert found.requests_s == 2.0, "only good answers count"
    assert (found.p50_ms, found.p95_ms, found.p99_ms) == (2.0, 4.0, 4.0)
    assert (found.cpu_us, found.database_cpu_us, found.client_cpu_us) == pytest.approx((2000, 1000, 100))
    assert (found.operations, found.errors, found.fsync_ms) == (4, 1, 0.1)


def test_point_without_answers_has_no_figures():
    found = point(Sample(), cpu=0.01, database_cpu=None, fsync_ms=0.1)
    assert math.isnan(found.requests_s)
    assert math.isnan(found.p50_ms)
    assert found.database_cpu_us is None
    assert found.operations == 0


def test_rounds_on_a_slow_disk_are_left_out_unless_all_are():
    assert sound([[0.1, 0.5], [0.1, 4.0], [0.2]]) == [0, 2]
    assert sound([[4.0], [4.0]]) == [0, 1]
