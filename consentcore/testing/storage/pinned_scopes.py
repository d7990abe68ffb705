"""What entries of the scope catalog said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import Storage, StorageConflict, transact
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.threads import together


class PinnedScopeGroup:
    """:class:`consentcore.api.PinnedScopeRepository`."""

    def test_what_scopes_said_comes_back_in_order(self, storage: Storage) -> None:
        first = factories.pinned_scope(
            "comfort.read", content='{"label":"Raumklima für „alle“ ☃"}', seal=b"k1:\x00\xff" + b"s" * 30
        )
        second = replace(first, revision=2, pinned_at=NOW + 1)
        tenth = replace(first, revision=10, content="x" * 90_000)
        wider = replace(first, version="2")
        other = factories.pinned_scope("alarms.read")
        with storage.transaction() as uow:
            for one in (tenth, wider, second, other, first):
                uow.pinned_scopes.add(one)
            assert len(uow.pinned_scopes.all()) == 5
        with storage.reading() as uow:
            found = list(uow.pinned_scopes.all())
        assert found == [other, first, second, tenth, wider]
        assert [one.seal for one in found] == [b"", first.seal, first.seal, first.seal, first.seal]

    def test_what_a_scope_said_is_never_changed(self, storage: Storage) -> None:
        pinned = factories.pinned_scope("comfort.read")
        transact(storage, lambda uow: uow.pinned_scopes.add(pinned))
        for again in (pinned, replace(pinned, content="{}")):
            with pytest.raises(StorageConflict), storage.transaction() as uow:
                uow.pinned_scopes.add(again)
        storage.purge(NOW + 10**12, 100)
        with storage.reading() as uow:
            assert list(uow.pinned_scopes.all()) == [pinned]

    def test_of_several_who_pin_the_same_revision_one_wins(self, storage: Storage) -> None:
        pins = [factories.pinned_scope("comfort.read", content=str(number)) for number in range(4)]

        def pin(number: int) -> bool:
            try:
                with storage.transaction() as uow:
                    uow.pinned_scopes.add(pins[number])
            except StorageConflict:
                return False
            return True

        assert sorted(together(4, pin)) == [False, False, False, True]
        with storage.reading() as uow:
            assert len(uow.pinned_scopes.all()) == 1
