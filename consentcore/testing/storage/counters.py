"""Counters in fixed windows."""

from __future__ import annotations

from consentcore.api import MINUTE, Storage
from consentcore.testing.factories import NOW


class CounterGroup:
    """:class:`consentcore.api.CounterStorage`."""

    def test_hits_are_counted_per_key(self, storage: Storage) -> None:
        hit = storage.counters.hit
        assert [hit("a", NOW, MINUTE), hit("a", NOW, MINUTE), hit("b", NOW, MINUTE)] == [1, 2, 1]
        assert storage.counters.count("a", NOW, MINUTE) == 2
        assert storage.counters.count("a", NOW, MINUTE) == 2
        assert storage.counters.count("c", NOW, MINUTE) == 0

    def test_window_starts_anew(self, storage: Storage) -> None:
        start = NOW - NOW % MINUTE
        assert storage.counters.hit("a", start + MINUTE - 1, MINUTE) == 1
        assert storage.counters.hit("a", start, MINUTE) == 2
        assert storage.counters.count("a", start + MINUTE, MINUTE) == 0
        assert storage.counters.hit("a", start + MINUTE, MINUTE) == 1

    def test_reset_forgets_one_key(self, storage: Storage) -> None:
        storage.counters.hit("a", NOW, MINUTE)
        storage.counters.hit("b", NOW, MINUTE)
        storage.counters.reset("a")
        storage.counters.reset("never seen")
        assert storage.counters.count("a", NOW, MINUTE) == 0
        assert storage.counters.count("b", NOW, MINUTE) == 1

    def test_keys_hold_any_text(self, storage: Storage) -> None:
        for key in ("login:ä@example.org|2001:db8::1", "x" * 400):
            assert storage.counters.hit(key, NOW, MINUTE) == 1
            assert storage.counters.hit(key, NOW, MINUTE) == 2
