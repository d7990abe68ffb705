"""Who owners are at identity providers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import Storage, StorageConflict, transact
from consentcore.testing import factories
from consentcore.testing.factories import NOW


class IdentityGroup:
    """:class:`consentcore.api.IdentityRepository`."""

    def test_identity_is_found_by_issuer_and_subject_only(self, storage: Storage) -> None:
        first = factories.identity("owner-1", subject="A-7")
        second = factories.identity(
            "owner-1", subject="A-7", issuer="https://other.example", created_at=NOW + 1
        )
        with storage.transaction() as uow:
            uow.identities.add(second)
            uow.identities.add(first)
        with storage.reading() as uow:
            assert uow.identities.get(first.issuer, "A-7") == first
            assert uow.identities.get(second.issuer, "A-7") == second
            assert uow.identities.get(first.issuer, "a-7") is None
            assert uow.identities.get(first.issuer + "/", "A-7") is None
            assert list(uow.identities.of_owner("owner-1")) == [first, second]
            assert list(uow.identities.of_owner("owner-2")) == []
            theirs = uow.identities.of_owners(["owner-2", "owner-1", "nobody"])
            assert sorted(theirs, key=lambda one: one.created_at) == [first, second]
            assert list(uow.identities.of_owners([])) == []

    def test_issuer_and_subject_are_one_owners_for_ever(self, storage: Storage) -> None:
        identity = factories.identity("owner-1")
        transact(storage, lambda uow: uow.identities.add(identity))
        with pytest.raises(StorageConflict), storage.transaction() as uow:
            uow.identities.add(replace(identity, owner_id="owner-2"))
        with storage.reading() as uow:
            assert uow.identities.get(identity.issuer, identity.subject) == identity

    def test_identities_of_an_owner_are_removed(self, storage: Storage) -> None:
        theirs = [factories.identity("owner-1", subject=subject) for subject in ("A-7", "B-8")]
        other = factories.identity("owner-2", subject="C-9")
        with storage.transaction() as uow:
            for one in (*theirs, other):
                uow.identities.add(one)
        with storage.transaction() as uow:
            assert uow.identities.drop("owner-1") == 2
        with storage.transaction() as uow:
            assert uow.identities.drop("owner-1") == 0
            assert list(uow.identities.of_owner("owner-1")) == []
            assert uow.identities.get(theirs[0].issuer, "A-7") is None
            assert list(uow.identities.of_owner("owner-2")) == [other]
            uow.identities.add(theirs[0])
        with storage.reading() as uow:
            assert list(uow.identities.of_owner("owner-1")) == [theirs[0]]
