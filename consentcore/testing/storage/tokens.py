"""Tokens: found, narrowed, killed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import (
    DAY,
    HOUR,
    Grace,
    GrantState,
    Storage,
    Unknown,
    transact,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario, populate


class TokenGroup:
    """find_token, kill_family."""

    def test_look_up_finds_the_asker_and_all_that_liveness_needs(
        self, storage: Storage, world: Scenario
    ) -> None:
        issued, api = world.redeem(), populate(storage).client
        found = storage.protocol.find_token(api.client_id, issued.access)
        assert (found.client, found.grant) == (api, world.grant)
        assert found.token is not None
        assert found.token.client_id == world.client.client_id
        assert (found.family_killed_at, found.token_client_enabled) == (None, True)

    def test_unknown_token_or_asker_is_none(self, world: Scenario) -> None:
        found = world.look_up(b"?" * 32)
        assert (found.client, found.token, found.grant) == (world.client, None, None)
        assert world.storage.protocol.find_token("nobody", b"?" * 32).client is None

    def test_expired_tokens_are_found_and_are_not_live(self, world: Scenario) -> None:
        issued = world.redeem()
        assert world.is_live(issued.access, NOW + HOUR - 1)
        assert not world.is_live(issued.access, NOW + HOUR)
        assert world.is_live(issued.refresh, NOW + DAY - 1)
        assert not world.is_live(issued.refresh, NOW + DAY)

    def test_killed_family_is_dead_at_the_next_look_up(self, world: Scenario) -> None:
        issued = world.redeem()
        rotated = world.rotate(issued.refresh)
        assert world.storage.protocol.kill_family(issued.code.family_id, NOW + 2500) is True
        tokens = (issued.access, issued.refresh, rotated.access.token_hash, rotated.refresh.token_hash)
        assert not any(world.is_live(token) for token in tokens)
        assert world.look_up(issued.access).family_killed_at == NOW + 2500

    def test_what_lives_of_families_and_refresh_tokens(self, storage: Storage, world: Scenario) -> None:
        sound, dead = world.redeem(), world.redeem()
        rotated = world.rotate(sound.refresh)
        storage.protocol.kill_family(dead.code.family_id, NOW + 2500)
        families = {sound.code.family_id, dead.code.family_id, "no-such-family"}
        tokens = {sound.refresh, rotated.refresh.token_hash, dead.refresh, b"?" * 32}
        with storage.reading() as uow:
            assert uow.tokens.living(families, tokens) == (
                {sound.code.family_id},
                {rotated.refresh.token_hash, dead.refresh},
            )
            assert uow.tokens.living((), ()) == (set(), set())

    def test_killing_erases_what_proves_the_family(self, world: Scenario) -> None:
        issued = world.redeem()
        assert world.look_up(issued.access).family_proof == issued.code.family_proof != b""
        assert world.storage.protocol.kill_family(issued.code.family_id, NOW + 3)
        assert world.look_up(issued.access).family_proof == b""
        read = world.storage.protocol.read_code(world.client.client_id, issued.code.code_hash)
        assert read.code is not None
        assert read.code.family_proof == b""

    def test_look_up_tells_when_the_family_was_born(self, world: Scenario) -> None:
        issued = world.redeem()
        rotated = world.rotate(issued.refresh)
        tokens = (issued.access, issued.refresh, rotated.access.token_hash, rotated.refresh.token_hash)
        assert [world.look_up(token).family_created_at for token in tokens] == [issued.code.created_at] * 4

    def test_seal_is_kept_with_each_token_until_it_is_rotated(self, world: Scenario) -> None:
        access, refresh = factories.access(seal=b"a" * 64), factories.refresh(seal=b"k1:" + b"\x00\xff" * 16)
        issued = world.redeem(access=access, refresh=refresh)
        tokens = [world.look_up(one).token for one in (issued.access, issued.refresh)]
        assert [token and token.seal for token in tokens] == [access.seal, refresh.seal]
        rotation = world.rotate(issued.refresh)
        again = world.storage.protocol.rotate_refresh(rotation)
        assert isinstance(again, Grace)
        assert (again.access.seal, again.refresh.seal) == (rotation.access.seal, rotation.refresh.seal)
        spent = world.look_up(issued.refresh).token
        assert spent is not None
        assert spent.seal == b""

    def test_killing_twice_says_so_and_keeps_the_first_time(self, world: Scenario) -> None:
        issued = world.redeem()
        assert world.storage.protocol.kill_family(issued.code.family_id, NOW + 1) is True
        assert world.storage.protocol.kill_family(issued.code.family_id, NOW + 2) is False
        assert world.look_up(issued.access).family_killed_at == NOW + 1

    def test_unknown_family_cannot_be_killed(self, world: Scenario) -> None:
        issued = world.redeem()
        assert world.storage.protocol.kill_family("no-such-family", NOW) is False
        assert world.is_live(issued.access)

    def test_family_is_killed_inside_a_transaction(self, world: Scenario) -> None:
        issued = world.redeem()
        with world.storage.transaction() as uow:
            assert uow.tokens.kill_family(issued.code.family_id, NOW + 1) is True
        with world.storage.transaction() as uow:
            assert uow.tokens.kill_family(issued.code.family_id, NOW + 2) is False
        assert world.look_up(issued.access).family_killed_at == NOW + 1

    @pytest.mark.parametrize("state", sorted(set(GrantState) - {GrantState.ACTIVE}))
    def test_one_grant_row_kills_all_its_tokens_and_codes(self, world: Scenario, state: GrantState) -> None:
        pending, families = world.issue(), [world.redeem() for _ in range(3)]
        rotated = [world.rotate(issued.refresh) for issued in families]
        world.end(state)
        tokens = [token for issued in families for token in (issued.access, issued.refresh)]
        tokens += [new.token_hash for one in rotated for new in (one.access, one.refresh)]
        assert not any(world.is_live(token) for token in tokens)
        assert world.storage.protocol.consume_code(factories.redemption(pending)) == Unknown()
        successor = world.rotation(rotated[0].refresh.token_hash, now=NOW + 3000)
        assert world.storage.protocol.rotate_refresh(successor) == Unknown()

    def test_narrowed_grant_narrows_its_tokens_at_once(self, world: Scenario) -> None:
        issued = world.redeem()
        narrowed = replace(world.grant, scopes=("energy.read@1",), sequence=2)
        transact(world.storage, lambda uow: uow.grants.update(narrowed, expected_sequence=1))
        assert world.look_up(issued.access).effective_scopes() == ("energy.read",)

    def test_disabled_client_is_dead_and_lives_again_when_enabled(self, world: Scenario) -> None:
        issued = world.redeem()
        world.disable_client()
        assert not world.is_live(issued.access)
        assert world.look_up(issued.access).token_client_enabled is False
        transact(world.storage, lambda uow: uow.clients.update(world.client))
        assert world.is_live(issued.access)

    def test_tokens_under_another_grant_live_on(self, storage: Storage, world: Scenario) -> None:
        other = populate(storage)
        issued = other.redeem()
        world.redeem()
        world.end()
        assert other.is_live(issued.access)
