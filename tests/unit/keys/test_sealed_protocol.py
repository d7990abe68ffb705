"""What the protocol routes are given of a grant or a sign-in that somebody changed by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.consent.ledger import seal_of
from consentcore.domain.grant_states import GrantState
from consentcore.keys.ring import Keys, MasterKey
from consentcore.keys.sealed_storage import SealedStorage
from consentcore.testing import factories, fixed_keys, memory_storage
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import populate


def with_grant(storage, **changes):
    """A storage whose grant is sealed, and then changed; its owner's tokens."""
    scenario = populate(storage)
    issued = scenario.redeem()
    keyed = replace(scenario.grant, key_id="test1")
    sound = replace(keyed, seal=seal_of(fixed_keys(), keyed))
    with storage.transaction() as uow:
        uow.grants.update(replace(sound, **changes), expected_sequence=scenario.grant.sequence)
    return scenario, issued


@pytest.mark.parametrize(
    ("changes", "given"),
    [
        ({}, True),
        ({"scopes": ("alarms.read@1", "sites.read@1")}, False),
        ({"expires_at": NOW * 2}, False),
        ({"state": GrantState.ACTIVE, "changed_at": NOW + 1}, False),
        ({"seal": b"?" * 32}, False),
        ({"key_id": "nobody"}, False),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else str(value),
)
def test_rt_09_a_grant_that_was_changed_by_hand_gives_nothing(changes, given):
    inner = memory_storage()
    storage = SealedStorage(inner, fixed_keys(), seal_of)
    scenario, issued = with_grant(inner, **changes)
    client_id = scenario.client.client_id
    for _ in range(2):  # what was found sound is remembered
        assert (storage.protocol.find_token(client_id, issued.access).grant is not None) is given
        assert (storage.protocol.read_code(client_id, issued.code.code_hash).grant is not None) is given


def test_a_sign_in_under_a_revoked_key_is_over():
    inner = memory_storage()
    master = MasterKey("k1", b"1" * 32)
    owner = factories.owner()
    session = factories.session(owner.owner_id)
    before = SealedStorage(inner, Keys([master]), seal_of)
    with before.transaction() as uow:
        uow.owners.add(owner)
        uow.owners.add_session(session)
    with before.reading() as uow:
        assert uow.owners.session(session.session_hash, NOW) == session
    after = SealedStorage(inner, Keys([MasterKey("k2", b"2" * 32), replace(master, revoked_at=1)]), seal_of)
    with after.reading() as uow:
        assert uow.owners.session(session.session_hash, NOW) is None
        assert uow.owners.signed_in(session.session_hash, NOW) is None
    assert after.protocol.read_authorize("nobody", session.session_hash, NOW).session is None
