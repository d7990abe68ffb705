"""When grants were last used."""

from __future__ import annotations

import pytest

from consentcore.api import Storage, StorageConflict, StorageError, transact
from consentcore.testing.factories import NOW
from consentcore.testing.threads import together


class UseGroup:
    """:class:`consentcore.api.UseRepository`."""

    def test_the_latest_use_of_each_grant_is_kept(self, storage: Storage) -> None:
        first = {"one": NOW, "two": NOW + 5}
        transact(storage, lambda uow: uow.uses.note(first))
        transact(storage, lambda uow: uow.uses.note({"two": NOW, "one": NOW + 7, "three": 0}))
        with storage.reading() as uow:
            assert uow.uses.last(["one", "two", "three", "four"]) == {
                "one": NOW + 7,
                "two": NOW + 5,
                "three": 0,
            }
            assert uow.uses.last(["two"]) == {"two": NOW + 5}
            assert uow.uses.last([]) == {}

    def test_nothing_noted_is_nothing_done(self, storage: Storage) -> None:
        transact(storage, lambda uow: uow.uses.note({}))
        with storage.reading() as uow:
            assert uow.uses.last(["one"]) == {}

    def test_as_many_as_fit_are_noted_at_once_and_many_are_read(self, storage: Storage) -> None:
        count = storage.capabilities.fits(200)
        used = {f"grant-{number}": NOW + number for number in range(count)}
        transact(storage, lambda uow: uow.uses.note(used))
        with storage.reading() as uow:
            assert uow.uses.last([*used, *(f"other-{number}" for number in range(800))]) == used

    def test_who_only_reads_notes_nothing(self, storage: Storage) -> None:
        with pytest.raises(StorageError), storage.reading() as uow:
            uow.uses.note({"one": NOW})

    def test_several_note_the_same_grants_at_once(self, storage: Storage) -> None:
        ids = [f"grant-{number}" for number in range(8)]

        def note(number: int) -> bool:
            order = ids if number % 2 else ids[::-1]
            try:
                transact(storage, lambda uow: uow.uses.note(dict.fromkeys(order, NOW + number)))
            except StorageConflict:
                return False
            return True

        assert together(4, note) == [True] * 4
        with storage.reading() as uow:
            assert set(uow.uses.last(ids)) == set(ids)

    def test_purging_leaves_it(self, storage: Storage) -> None:
        transact(storage, lambda uow: uow.uses.note({"one": NOW}))
        storage.purge(NOW + 10**12, 100)
        with storage.reading() as uow:
            assert uow.uses.last(["one"]) == {"one": NOW}
