"""What was shown."""

from __future__ import annotations

from consentcore.consent.snapshot import make_snapshot


def test_the_same_page_is_the_same_snapshot_whenever_it_is_shown():
    one, other = make_snapshot({"a": 1, "b": "é"}, 1), make_snapshot({"b": "é", "a": 1}, 2)
    assert one.snapshot_hash == other.snapshot_hash
    assert one.content == other.content == '{"a":1,"b":"é"}'
    assert make_snapshot({"a": 2}, 1).snapshot_hash != one.snapshot_hash
