"""Grants: one active per owner and client, changed only in sequence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import GrantState, Storage, StorageConflict, UnitOfWork, transact
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario, populate
from consentcore.testing.threads import together


class GrantGroup:
    """What :class:`consentcore.api.GrantRepository` promises."""

    def test_grant_comes_back_equal(self, world: Scenario) -> None:
        grant = factories.grant(
            world.owner.owner_id,
            world.client.client_id,
            state=GrantState.DENIED,
            scopes=(),
            resources=("site 1", "mètre/2"),
            declined=("alarms.read@1",),
            refresh_from=NOW - 5,
            authorization_details=factories.DETAILS,
            replaces=world.grant.grant_id,
            sequence=7,
            head=b"",
            seal=b"\x00" * 32,
            key_id="",
        )
        with world.storage.transaction() as uow:
            uow.grants.add(grant)
        with world.storage.reading() as uow:
            assert uow.grants.get(grant.grant_id) == grant
            assert uow.grants.get(world.grant.grant_id) == world.grant

    def test_second_active_grant_of_a_pair_is_a_conflict(self, world: Scenario) -> None:
        second = factories.grant(world.owner.owner_id, world.client.client_id)
        with pytest.raises(StorageConflict), world.storage.transaction() as uow:
            uow.grants.add(second)
        with world.storage.reading() as uow:
            assert uow.grants.get(second.grant_id) is None

    def test_denials_and_ended_grants_do_not_stand_in_the_way(self, world: Scenario) -> None:
        pair = (world.owner.owner_id, world.client.client_id)
        with world.storage.transaction() as uow:
            for state in (GrantState.DENIED, GrantState.DENIED, GrantState.ABANDONED):
                uow.grants.add(factories.grant(*pair, state=state))
        world.end()
        successor = factories.grant(*pair, replaces=world.grant.grant_id)
        with world.storage.transaction() as uow:
            uow.grants.add(successor)
        with world.storage.transaction() as uow:
            assert uow.grants.active_of(*pair, lock=True) == successor

    def test_an_ended_grant_cannot_come_back_beside_a_new_one(self, world: Scenario) -> None:
        world.end()
        with world.storage.transaction() as uow:
            uow.grants.add(factories.grant(world.owner.owner_id, world.client.client_id))
        revived = replace(world.grant, sequence=3)
        with pytest.raises(StorageConflict), world.storage.transaction() as uow:
            uow.grants.update(revived, expected_sequence=2)

    def test_update_needs_the_expected_sequence(self, world: Scenario) -> None:
        changed = replace(world.grant, scopes=("comfort.read@2",), sequence=2, changed_at=NOW + 5)
        with pytest.raises(StorageConflict), world.storage.transaction() as uow:
            uow.grants.update(changed, expected_sequence=0)
        with pytest.raises(StorageConflict), world.storage.transaction() as uow:
            uow.grants.update(replace(changed, grant_id="no-such-grant"), expected_sequence=1)
        with world.storage.transaction() as uow:
            uow.grants.update(changed, expected_sequence=1)
        with world.storage.reading() as uow:
            assert uow.grants.get(world.grant.grant_id) == changed

    def test_update_replaces_every_field(self, world: Scenario) -> None:
        changed = replace(
            world.grant,
            state=GrantState.REVOKED,
            scopes=("energy.read@3",),
            resources=("meter-1",),
            declined=("alarms.read@1", "sites.read@2"),
            refresh_from=NOW + 4,
            authorization_details=factories.DETAILS[1:],
            changed_at=NOW + 5,
            expires_at=NOW + 6,
            sequence=2,
            head=b"h" * 32,
            seal=b"s" * 32,
            key_id="test2",
        )
        with world.storage.transaction() as uow:
            uow.grants.update(changed, expected_sequence=1)
        with world.storage.reading() as uow:
            assert uow.grants.get(world.grant.grant_id) == changed

    def test_lock_finds_what_get_finds(self, world: Scenario) -> None:
        with world.storage.transaction() as uow:
            assert uow.grants.get(world.grant.grant_id, lock=True) == world.grant
            assert uow.grants.get("no-such-grant", lock=True) is None

    def test_lock_active_finds_one_whose_time_is_over(self, storage: Storage) -> None:
        world = populate(storage, expires_at=NOW - 1)
        with storage.transaction() as uow:
            assert (
                uow.grants.active_of(world.owner.owner_id, world.client.client_id, lock=True) == world.grant
            )
            assert uow.grants.active_of(world.owner.owner_id, "other", lock=True) is None
            assert uow.grants.active_of("other", world.client.client_id, lock=True) is None

    def test_active_of_is_found_without_a_lock_in_a_view_too(self, storage: Storage, world: Scenario) -> None:
        pair, others = (world.owner.owner_id, world.client.client_id), populate(storage)
        over = populate(storage, expires_at=NOW - 1)
        with storage.reading() as uow:
            assert uow.grants.active_of(*pair) == world.grant
            assert uow.grants.active_of(over.owner.owner_id, over.client.client_id) == over.grant
            assert uow.grants.active_of(pair[0], others.client.client_id) is None
            assert uow.grants.active_of(others.owner.owner_id, pair[1]) is None

    def test_a_client_comes_with_what_it_is_allowed(self, storage: Storage, world: Scenario) -> None:
        others, pair = (
            populate(storage, state=GrantState.WITHDRAWN),
            (world.owner.owner_id, world.client.client_id),
        )
        with storage.reading() as uow:
            assert uow.grants.asked(*pair) == (world.client, world.grant)
            assert uow.grants.asked(pair[0], others.client.client_id) == (others.client, None)
            assert uow.grants.asked(others.owner.owner_id, others.client.client_id) == (others.client, None)
            assert uow.grants.asked(others.owner.owner_id, pair[1]) == (world.client, None)
            assert uow.grants.asked(pair[0], "nobody") == (None, None)

    @pytest.mark.parametrize("lock", [False, True])
    def test_active_of_passes_over_what_ended_or_was_denied(self, world: Scenario, lock: bool) -> None:
        pair = (world.owner.owner_id, world.client.client_id)
        with world.storage.transaction() as uow:
            for number, state in enumerate(sorted(set(GrantState) - {GrantState.ACTIVE})):
                uow.grants.add(factories.grant(*pair, state=state, changed_at=NOW + number))
            assert uow.grants.active_of(*pair, lock=lock) == world.grant
            world.end_in(uow)
            assert uow.grants.active_of(*pair, lock=lock) is None, "a transaction sees what it has written"
            successor = factories.grant(*pair, replaces=world.grant.grant_id)
            uow.grants.add(successor)
            assert uow.grants.active_of(*pair, lock=lock) == successor
        with world.storage.transaction() as uow:
            assert uow.grants.active_of(*pair, lock=lock) == successor

    def test_active_of_is_one_grant_or_none_while_one_follows_another(self, world: Scenario) -> None:
        """A reader never sees one that has ended, nor none between a grant and its successor of the same commit."""
        pair, rounds = (world.owner.owner_id, world.client.client_id), 12

        def succeed(uow: UnitOfWork) -> None:
            grant = uow.grants.active_of(*pair, lock=True)
            if grant is None:
                raise StorageConflict("the port allows it while somebody else replaces the grant")
            ended = replace(grant, state=GrantState.REVOKED, sequence=grant.sequence + 1)
            uow.grants.update(ended, expected_sequence=grant.sequence)
            uow.grants.add(factories.grant(*pair, replaces=grant.grant_id))

        def work(number: int) -> int:
            for _ in range(rounds):
                if number < 2:
                    transact(world.storage, succeed, attempts=100)
                    continue
                with world.storage.reading() as uow:
                    found = uow.grants.active_of(*pair)
                    assert found is not None or not world.storage.capabilities.snapshot_reads
                    assert found is None or found.state is GrantState.ACTIVE
            return rounds

        together(4, work)
        with world.storage.reading() as uow:
            last = uow.grants.active_of(*pair)
            ended = uow.grants.of_owner(pair[0], [GrantState.REVOKED], client_id=pair[1])
        assert last is not None
        assert len(ended) == 2 * rounds
        assert {grant.replaces for grant in (last, *ended)} == {"", *(grant.grant_id for grant in ended)}
