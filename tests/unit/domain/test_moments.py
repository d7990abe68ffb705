from __future__ import annotations

import pytest

from consentcore.domain.clock import iso
from consentcore.domain.errors import InvalidInput
from consentcore.domain.moments import parse_moment


@pytest.mark.parametrize(
    ("text", "zone", "means"),
    [
        ("2026-03-29T12:00:00Z", "", "2026-03-29T12:00:00.000Z"),
        ("2026-03-29T14:00+02:00", "", "2026-03-29T12:00:00.000Z"),
        ("2026-03-29 14:00:00.5-05:30", "", "2026-03-29T19:30:00.500Z"),
        ("2026-03-29", "", "2026-03-29T00:00:00.000Z"),
        ("0001-01-01", "", "0001-01-01T00:00:00.000Z"),
        ("2026-03-29", "Europe/Paris", "2026-03-28T23:00:00.000Z"),
        ("2026-03-30", "Europe/Paris", "2026-03-29T22:00:00.000Z"),
        ("2026-03-29T01:59:59", "Europe/Paris", "2026-03-29T00:59:59.000Z"),
        ("2026-03-29T03:00:00", "Europe/Paris", "2026-03-29T01:00:00.000Z"),
        ("2026-10-25T02:30+02:00", "Europe/Paris", "2026-10-25T00:30:00.000Z"),
        ("2026-10-25T02:30+01:00", "Europe/Paris", "2026-10-25T01:30:00.000Z"),
    ],
)
def test_rt_08_a_time_is_the_one_that_was_typed(text, zone, means):
    assert iso(parse_moment(text, zone)) == means


@pytest.mark.parametrize(
    ("text", "zone", "said"),
    [
        ("2026-03-29T02:30", "Europe/Paris", "does not come at all"),
        ("2026-10-25T02:30", "Europe/Paris", "comes twice"),
        ("2026-03-29T12:00", "", "no offset"),
        ("2026-02-30", "", "expected a time"),
        ("29.03.2026", "", "expected a time"),
        ("2026-03-29T25:00Z", "", "expected a time"),
        ("2026-03-29T12:00Z ", "", "expected a time"),
        ("", "", "expected a time"),
        ("0001-01-01T00:00+14:00", "", "expected a time"),
        ("2026-03-29T12:00:00+99:99", "", "expected a time"),
        ("२०२६-०३-२९", "", "expected a time"),
        ("2026-03-29", "Europe/Nowhere", "expected a name"),
        ("2026-03-29", "../etc", "expected a name"),
    ],
)
def test_rt_08_a_time_that_may_be_another_is_refused(text, zone, said):
    with pytest.raises(InvalidInput, match=said):
        parse_moment(text, zone)
