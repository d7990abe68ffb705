"""Clients that are suspended: refused in every verb, and as before when they are not any more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from consentcore.api import Client, Halt, Rotated, Storage, Suspension, Unknown, transact
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario

HALT = Halt(NOW + 1, "ops", "Données envoyées ailleurs, « à vérifier »")


def _set(world: Scenario, **fields: Any) -> Client:
    """Change the world's client; as it is read afterwards."""
    transact(world.storage, lambda uow: uow.clients.update(replace(world.client, **fields)))
    with world.storage.reading() as uow:
        found = uow.clients.get(world.client.client_id)
    assert found is not None
    return found


class SuspensionGroup:
    """A client that is kept out: who, when and why is kept, and tokens heed it."""

    def test_who_keeps_a_client_out_is_kept(self, storage: Storage, world: Scenario) -> None:
        assert _set(world, suspended=HALT).suspended == HALT
        assert _set(world, disabled=HALT).disabled == HALT
        other = factories.client(enabled=False, disabled=Halt(NOW), suspended=Halt(NOW + 2, "a", ""))
        transact(storage, lambda uow: uow.clients.add(other))
        with storage.reading() as uow:
            assert uow.clients.get(other.client_id) == other
        assert storage.protocol.read_authorize(other.client_id, None, NOW).client == other

    def test_suspensions_that_are_over_are_kept(self, storage: Storage, world: Scenario) -> None:
        past = (Suspension(NOW, NOW + 5), Suspension(NOW + 9, NOW + 10))
        changed = _set(world, suspensions=past)
        assert changed.suspensions == past
        assert storage.protocol.read_authorize(changed.client_id, None, NOW).client == changed

    def test_tokens_of_a_suspended_client_are_dead_and_live_again(self, world: Scenario) -> None:
        issued = world.redeem()
        suspended = _set(world, suspended=HALT)
        found = world.look_up(issued.access)
        assert (found.client, found.token_client_enabled) == (suspended, False)
        assert not world.is_live(issued.access)
        assert not world.is_live(issued.refresh)
        _set(world, suspended=None)
        assert world.is_live(issued.access)
        assert world.is_live(issued.refresh)

    def test_suspended_client_refreshes_nothing_and_loses_nothing(self, world: Scenario) -> None:
        issued = world.redeem()
        _set(world, suspended=HALT)
        rotation = world.rotation(issued.refresh)
        for wanted in (rotation, replace(rotation, rotate=False)):
            assert world.storage.protocol.rotate_refresh(wanted) == Unknown()
        assert world.look_up(rotation.access.token_hash).token is None
        _set(world, suspended=None)
        assert world.storage.protocol.rotate_refresh(rotation) == Rotated()

    def test_suspended_client_gets_no_code_and_exchanges_none(self, world: Scenario) -> None:
        code, storage = world.issue(), world.storage
        _set(world, suspended=HALT)
        assert storage.protocol.issue_code(factories.code(world.grant)) is False
        redemption = factories.redemption(code)
        assert storage.protocol.consume_code(redemption) == Unknown()
        _set(world, suspended=None)
        assert world.redeem().code != code
        found = storage.protocol.read_code(world.client.client_id, code.code_hash).code
        assert found is not None
        assert found.used_at is None

    def test_grants_of_a_suspended_client_are_not_due(self, world: Scenario) -> None:
        _set(world, suspended=HALT)
        with world.storage.reading() as uow:
            assert list(uow.grants.due(NOW + 1, 10)) == []
            assert list(uow.grants.due(world.grant.expires_at, 10)) == [world.grant]
