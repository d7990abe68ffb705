"""Writers at once in the benchmark: what is printed says what was measured."""

from __future__ import annotations

from collections import Counter

from bench.writers import Writing, as_text


def test_ratio_is_that_of_the_rounds_and_waits_are_named():
    found = Writing(one=[10.0, 20.0, 10.0], many=[15.0, 50.0, 18.0], looks=30)
    assert found.ratio == 1.8
    assert as_text(found).endswith("lock waits in 30 looks at pg_stat_activity: 0 (none)")
    found.waits = Counter({"transactionid: INSERT": 2})
    assert "ratio 1.80" in as_text(found)
    assert as_text(found).endswith("2 (2 x transactionid: INSERT)")
