"""What happens once: assertions that are shown, requests that were pushed."""

from __future__ import annotations

from collections import Counter

from consentcore.api import DAY, MINUTE, Storage
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.threads import insist, together

THREADS = 8


ROUNDS = 3


class OnceGroup:
    """use_once, push_request, take_pushed."""

    def test_key_is_used_once_until_its_time_is_over(self, storage: Storage) -> None:
        use, key = storage.protocol.use_once, factories.random_hash()
        assert use(key, NOW, NOW + 1000) is True
        assert use(key, NOW, NOW + 5000) is False
        assert use(factories.random_hash(), NOW, NOW + 1000) is True
        assert use(key, NOW + 999, NOW + 5000) is False
        assert use(key, NOW + 1000, NOW + 2000) is True
        assert use(key, NOW + 1999, NOW + 3000) is False

    def test_purge_keeps_keys_until_their_time_is_over(self, storage: Storage) -> None:
        use, key = storage.protocol.use_once, factories.random_hash()
        use(key, NOW, NOW + 1000)
        storage.purge(NOW + 999, 1000)
        assert use(key, NOW + 999, NOW + 5000) is False
        assert sum(storage.purge(NOW + 1000, 1000).counts.values()) == 1
        assert sum(storage.purge(NOW + 1000, 1000).counts.values()) == 0

    def test_key_is_used_by_exactly_one_of_many(self, storage: Storage) -> None:
        for _ in range(ROUNDS):
            outcomes = self._use_at_once([storage] * THREADS)
            assert outcomes == {True: 1, False: THREADS - 1}

    def test_key_is_used_by_exactly_one_of_two_processes(
        self, storage: Storage, second_storage: Storage
    ) -> None:
        for _ in range(ROUNDS):
            outcomes = self._use_at_once([storage, second_storage] * (THREADS // 2))
            assert outcomes == {True: 1, False: THREADS - 1}

    def test_key_whose_time_is_over_is_used_again_by_exactly_one(self, storage: Storage) -> None:
        for _ in range(ROUNDS):
            key = factories.random_hash()
            assert storage.protocol.use_once(key, NOW - DAY, NOW) is True
            outcomes = self._use_at_once([storage] * THREADS, key)
            assert outcomes == {True: 1, False: THREADS - 1}

    def _use_at_once(self, storages: list[Storage], key: bytes = b"") -> Counter[bool]:
        wanted = key or factories.random_hash()

        def use(number: int) -> bool:
            return insist(lambda: storages[number].protocol.use_once(wanted, NOW, NOW + MINUTE))

        return Counter(together(len(storages), use))

    def test_pushed_request_is_taken_once_as_it_was(self, storage: Storage) -> None:
        pushed = factories.pushed("client", query="scope=a%20b&state=%C3%A4", seal=b"k1:\x00\xff")
        storage.protocol.push_request(pushed)
        take = storage.protocol.take_pushed
        assert take(factories.random_hash(), "client", NOW) is None
        found = take(pushed.request_hash, "client", NOW)
        assert found == pushed
        assert found.seal == pushed.seal
        assert take(pushed.request_hash, "client", NOW) is None

    def test_pushed_request_of_another_client_stays(self, storage: Storage) -> None:
        pushed = factories.pushed("client")
        storage.protocol.push_request(pushed)
        assert storage.protocol.take_pushed(pushed.request_hash, "other", NOW) is None
        assert storage.protocol.take_pushed(pushed.request_hash, "client", NOW) == pushed

    def test_pushed_request_is_good_until_its_last_millisecond(self, storage: Storage) -> None:
        early, late = (factories.pushed("client", expires_at=NOW + 1000) for _ in range(2))
        for pushed in (early, late):
            storage.protocol.push_request(pushed)
        assert storage.protocol.take_pushed(late.request_hash, "client", NOW + 1000) is None
        assert storage.protocol.take_pushed(early.request_hash, "client", NOW + 999) == early

    def test_pushed_request_is_taken_by_exactly_one(self, storage: Storage) -> None:
        for _ in range(ROUNDS):
            pushed = factories.pushed("client")
            storage.protocol.push_request(pushed)
            outcomes = self._take_at_once(storage, pushed.request_hash)
            assert outcomes == {True: 1, False: THREADS - 1}

    def _take_at_once(self, storage: Storage, request_hash: bytes) -> Counter[bool]:
        def take(_: int) -> bool:
            found = insist(lambda: storage.protocol.take_pushed(request_hash, "client", NOW))
            return found is not None

        return Counter(together(THREADS, take))

    def test_pushed_request_whose_time_is_over_is_purged(self, storage: Storage) -> None:
        over, waiting = factories.pushed("client"), factories.pushed("client", expires_at=NOW + DAY)
        for pushed in (over, waiting):
            storage.protocol.push_request(pushed)
        assert sum(storage.purge(over.expires_at, 1000).counts.values()) == 1
        assert storage.protocol.take_pushed(waiting.request_hash, "client", NOW) == waiting
