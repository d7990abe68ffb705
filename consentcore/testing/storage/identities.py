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

    def test_issuer_and_subject_are_one_owners_for_ever(self, storage: Storage) -> None:
        identity = factories.identity("owner-1")
        transact(storage, lambda uow: uow.identities.add(identity))
        with pytest.raises(StorageConflict), storage.transaction() as uow:
            uow.identities.add(replace(identity, owner_id="owner-2"))
        with storage.reading() as uow:
            assert uow.identities.get(identity.issuer, identity.subject) == identity
