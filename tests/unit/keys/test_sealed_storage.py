"""The storage that seals: nothing that the port has goes round it."""

from __future__ import annotations

import inspect
from dataclasses import replace

import pytest

from consentcore.consent.ledger import seal_of
from consentcore.keys import sealed_storage
from consentcore.keys.sealed_passwords import open_password, seal_password
from consentcore.keys.sealed_storage import SealedStorage
from consentcore.ports import (
    clients,
    deliveries,
    feed,
    identities,
    interactions,
    ledger,
    notices,
    owners,
    pinned_scopes,
    registration_tokens,
    tickets,
    tokens,
)
from consentcore.testing import factories, fixed_keys, memory_storage
from consentcore.testing.factories import NOW

SEALED = (
    "Client",
    "Delivery",
    "InitialAccessToken",
    "Interaction",
    "Notice",
    "NoticeSnapshot",
    "Owner",
    "OwnerIdentity",
    "OwnerSession",
    "OwnerTicket",
    "PinnedScope",
    "PushedRequest",
    "WebhookEndpoint",
)
REFUSED = (
    "AuthorizeContext",
    "Delivery",
    "InitialAccessToken",
    "Interaction",
    "Notice",
    "OwnerIdentity",
    "OwnerSession",
    "OwnerTicket",
    "PushedRequest",
)
PARTS = {
    "_Clients": clients.ClientRepository,
    "_Owners": owners.OwnerRepository,
    "_Tickets": tickets.TicketRepository,
    "_Identities": identities.IdentityRepository,
    "_Interactions": interactions.InteractionRepository,
    "_Notices": notices.NoticeRepository,
    "_Feed": feed.FeedRepository,
    "_Ledger": ledger.LedgerRepository,
    "_Protocol": tokens.ProtocolStorage,
    "_RegistrationTokens": registration_tokens.RegistrationTokenRepository,
    "_PinnedScopes": pinned_scopes.PinnedScopeRepository,
    "SealedOutbox": deliveries.OutboxStorage,
}


def names(annotation: str) -> set[str]:
    return set(annotation.replace("[", " ").replace("]", " ").replace(",", " ").replace("|", " ").split())


def methods(port: type):
    return [(name, inspect.signature(one)) for name, one in vars(port).items() if inspect.isfunction(one)]


@pytest.mark.parametrize("face", PARTS)
def test_what_is_written_is_sealed_and_what_decides_is_judged(face):
    """Every method of the port that takes a record with a seal, or gives one that is refused without."""
    own = vars(getattr(sealed_storage, face))
    for name, signature in methods(PARTS[face]):
        taken = {word for each in signature.parameters.values() for word in names(str(each.annotation))}
        given = names(str(signature.return_annotation))
        if taken & set(SEALED) or given & set(REFUSED):
            assert name in own, f"{PARTS[face].__name__}.{name} goes round the seals"


def test_a_password_is_its_owners_and_nobody_elses():
    keys = fixed_keys("new1", "old1")
    kept = seal_password(keys, "ada", "$argon2id$v=19$a.b.c", "old1")
    assert kept.startswith("1.old1.")
    assert open_password(keys, "ada", kept) == "$argon2id$v=19$a.b.c"
    assert open_password(keys, "grace", kept) is None
    assert open_password(fixed_keys("new1"), "ada", kept) is None
    for forged in (
        "",
        "$argon2id$v=19$a.b.c",
        "1.",
        "1.old1",
        "1.old1.00.$argon2id",
        kept + "x",
        "2" + kept[1:],
    ):
        assert open_password(keys, "ada", forged) is None


def test_a_grant_that_no_event_has_sealed_is_sealed_when_it_is_stored():
    """The protocol gives nothing for a grant without its seal, so one that was put there by this process has one."""
    inner, keys = memory_storage(), fixed_keys()
    storage = SealedStorage(inner, keys, seal_of)
    owner, client = factories.owner(), factories.client()
    bare = replace(factories.grant(owner.owner_id, client.client_id), key_id="", seal=b"")
    with storage.transaction() as uow:
        uow.owners.add(owner)
        uow.clients.add(client)
        uow.grants.add(bare)
    with inner.reading() as uow:
        kept = uow.grants.get(bare.grant_id)
    assert (kept.key_id, kept.seal) == (keys.current_id, seal_of(keys, kept))
    assert replace(kept, key_id="", seal=b"") == bare


def test_a_grant_keeps_the_seal_that_it_comes_with():
    inner = memory_storage()
    owner, client = factories.owner(), factories.client()
    strange = replace(factories.grant(owner.owner_id, client.client_id), seal=b"?" * 32, key_id="test1")
    with SealedStorage(inner, fixed_keys(), seal_of).transaction() as uow:
        uow.owners.add(owner)
        uow.clients.add(client)
        uow.grants.add(strange)
    with inner.reading() as uow:
        assert uow.grants.get(strange.grant_id) == strange


def test_what_only_the_storage_beneath_has_can_be_reached():
    inner = memory_storage()
    storage = SealedStorage(inner, fixed_keys(), seal_of)
    assert storage.bare is inner
    assert storage.capabilities is inner.capabilities
    owner = factories.owner()
    with storage.transaction() as uow:
        uow.owners.add(owner)
        uow.owners.set_password_hash(owner.owner_id, "secret")
        uow.owners.add_session(factories.session(owner.owner_id, session_hash=b"1" * 32))
    with inner.transaction() as uow:
        assert uow.owners.get(owner.owner_id).seal.startswith(b"test1:")
        assert uow.owners.password_hash(owner.owner_id).startswith("1.test1.")
        uow.owners.add_session(factories.session(owner.owner_id, session_hash=b"2" * 32))
    with storage.reading() as uow:
        assert uow.owners.password_hash(owner.owner_id) == "secret"
        assert [one.session_hash for one in uow.owners.sessions(owner.owner_id, NOW)] == [b"1" * 32]
        assert uow.owners.signed_in(b"1" * 32, NOW)[1] == owner
        assert uow.owners.signed_in(b"2" * 32, NOW) is None
