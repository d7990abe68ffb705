"""Windows in which something is counted."""

from __future__ import annotations

import pytest

from consentcore.domain.clock import HOUR, MINUTE, window_left_s


@pytest.mark.parametrize(
    ("now", "left_s"), [(0, 60), (1, 60), (1000, 59), (59_001, 1), (59_999, 1), (60_000, 60)]
)
def test_whoever_waits_for_the_end_of_a_window_does_not_come_too_early(now, left_s):
    assert window_left_s(7 * HOUR + now, MINUTE) == left_s
