"""Grants: one active per owner and client, changed only in sequence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import ENDED, Grant, GrantState, Storage, StorageConflict, UnitOfWork, transact
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario, populate
from consentcore.testing.storage.base import needs
from consentcore.testing.threads import together

ACTIVE = (GrantState.ACTIVE,)


def _more(storage: Storage, world: Scenario, count: int, **fields: int) -> list[Grant]:
    """Give the world's owner grants for further clients, each changed a second after the one before."""
    grants = []
    with storage.transaction() as uow:
        for number in range(count):
            client = factories.client()
            uow.clients.add(client)
            grant = factories.grant(
                world.owner.owner_id,
                client.client_id,
                **{"changed_at": NOW + 1000 * (number + 1), **fields},
            )
            uow.grants.add(grant)
            grants.append(grant)
    return grants


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

    def test_latest_ended_is_the_one_that_ended_last(self, world: Scenario) -> None:
        pair = (world.owner.owner_id, world.client.client_id)
        with world.storage.reading() as uow:
            assert list(uow.grants.of_owner(pair[0], ENDED, client_id=pair[1], limit=1)) == []
        with world.storage.transaction() as uow:
            for offset, state in enumerate(sorted(ENDED)):
                uow.grants.add(factories.grant(*pair, state=state, changed_at=NOW - 1000 + offset))
            last = factories.grant(*pair, state=GrantState.EXPIRED, changed_at=NOW - 10)
            uow.grants.add(last)
            uow.grants.add(factories.grant(*pair, state=GrantState.DENIED, changed_at=NOW))
            uow.grants.add(factories.grant(*pair, state=GrantState.ABANDONED, changed_at=NOW + 1))
        with world.storage.reading() as uow:
            assert list(uow.grants.of_owner(pair[0], ENDED, client_id=pair[1], limit=1)) == [last]
            assert list(uow.grants.of_owner(pair[0], ENDED, client_id="other")) == []

    def test_grants_of_an_owner_come_changed_last_first(self, storage: Storage, world: Scenario) -> None:
        more = _more(storage, world, 4)
        populate(storage)
        with storage.reading() as uow:
            found = uow.grants.of_owner(world.owner.owner_id, ACTIVE)
            assert list(found) == [*reversed(more), world.grant]
            assert list(uow.grants.of_owner(world.owner.owner_id, ENDED)) == []
            assert list(uow.grants.of_owner(world.owner.owner_id, ())) == []

    def test_grants_of_an_owner_are_chosen_by_state(self, world: Scenario) -> None:
        pair = (world.owner.owner_id, world.client.client_id)
        denied = factories.grant(*pair, state=GrantState.DENIED, changed_at=NOW + 1)
        closed = factories.grant(*pair, state=GrantState.CLOSED, changed_at=NOW + 2)
        with world.storage.transaction() as uow:
            uow.grants.add(denied)
            uow.grants.add(closed)
        with world.storage.reading() as uow:
            found = uow.grants.of_owner(pair[0], iter([GrantState.CLOSED, GrantState.DENIED]))
            assert list(found) == [closed, denied]

    def test_active_grants_of_several_owners_are_found_together(
        self, storage: Storage, world: Scenario
    ) -> None:
        more, other = _more(storage, world, 2), populate(storage)
        other.end()
        another = populate(storage)
        owners = [one.owner.owner_id for one in (world, other, another)]
        with storage.reading() as uow:
            found = {grant.grant_id for grant in uow.grants.active_of_owners([*owners, "nobody"])}
            assert list(uow.grants.active_of_owners([])) == []
        assert found == {one.grant_id for one in (*more, world.grant, another.grant)}

    def test_owner_pages_hold_everything_once_even_when_times_are_equal(
        self, storage: Storage, world: Scenario
    ) -> None:
        everything = {grant.grant_id for grant in _more(storage, world, 9, changed_at=NOW)}
        everything.add(world.grant.grant_id)
        seen: list[str] = []
        with storage.reading() as uow:
            while page := uow.grants.of_owner(
                world.owner.owner_id, ACTIVE, after=seen[-1] if seen else "", limit=3
            ):
                assert len(page) <= 3
                seen.extend(grant.grant_id for grant in page)
        assert len(seen) == len(everything)
        assert set(seen) == everything

    def test_owner_pages_are_stable_when_something_new_comes(self, storage: Storage, world: Scenario) -> None:
        more = _more(storage, world, 5)
        with storage.reading() as uow:
            first = uow.grants.of_owner(world.owner.owner_id, ACTIVE, limit=3)
        _more(storage, world, 2, changed_at=NOW + 60_000)
        with storage.reading() as uow:
            second = uow.grants.of_owner(world.owner.owner_id, ACTIVE, after=first[-1].grant_id, limit=10)
        assert [*first, *second] == [*reversed(more), world.grant]

    def test_grants_of_an_owner_are_narrowed_to_a_client(self, storage: Storage, world: Scenario) -> None:
        pair = (world.owner.owner_id, world.client.client_id)
        _more(storage, world, 3)
        ended = [
            factories.grant(*pair, state=GrantState.CLOSED, changed_at=NOW + number) for number in (1, 2, 3)
        ]
        with storage.transaction() as uow:
            for grant in ended:
                uow.grants.add(grant)
        with storage.reading() as uow:
            assert list(uow.grants.of_owner(pair[0], ACTIVE, client_id=pair[1])) == [world.grant]
            first = uow.grants.of_owner(pair[0], ENDED, client_id=pair[1], limit=2)
            rest = uow.grants.of_owner(pair[0], ENDED, client_id=pair[1], after=first[-1].grant_id, limit=2)
        assert [*first, *rest] == list(reversed(ended))

    def test_grants_of_a_client_come_by_id_in_pages(self, storage: Storage, world: Scenario) -> None:
        grants = [world.grant]
        with storage.transaction() as uow:
            for _ in range(6):
                owner = factories.owner()
                uow.owners.add(owner)
                grants.append(factories.grant(owner.owner_id, world.client.client_id))
                uow.grants.add(grants[-1])
        populate(storage)
        expected = sorted(grants, key=lambda grant: grant.grant_id)
        with storage.reading() as uow:
            first = uow.grants.all(client_id=world.client.client_id, states=ACTIVE, limit=4)
            rest = uow.grants.all(
                client_id=world.client.client_id, states=ACTIVE, after=first[-1].grant_id, limit=4
            )
            assert [*first, *rest] == expected
            assert list(uow.grants.all(client_id=world.client.client_id, states=ENDED)) == []

    def test_all_grants_come_by_id_in_pages(self, storage: Storage) -> None:
        grants = sorted((populate(storage).grant for _ in range(5)), key=lambda grant: grant.grant_id)
        with storage.reading() as uow:
            first = uow.grants.all(limit=2)
            rest = uow.grants.all(after=first[-1].grant_id)
            assert list(uow.grants.all(states=())) == []
            assert list(uow.grants.all(states=ACTIVE)) == grants
        assert [*first, *rest] == grants

    def test_ending_grants_come_by_their_end_in_pages(self, storage: Storage) -> None:
        populate(storage, expires_at=NOW - 1)
        first, second = sorted(
            (populate(storage, expires_at=NOW + 5).grant for _ in range(2)), key=lambda grant: grant.grant_id
        )
        third = populate(storage, expires_at=NOW + 9).grant
        populate(storage, expires_at=NOW + 8).end()
        populate(storage, expires_at=NOW + 10)
        with storage.reading() as uow:
            ending = uow.grants.ending
            assert list(ending((NOW, ""), NOW + 9, 10)) == [first, second, third]
            assert list(ending((NOW, ""), NOW + 9, 2)) == [first, second]
            assert list(ending((first.expires_at, first.grant_id), NOW + 9, 10)) == [second, third]
            assert list(ending((third.expires_at, third.grant_id), NOW + 9, 10)) == []

    def test_due_grants_are_over(self, storage: Storage) -> None:
        over = populate(storage, expires_at=NOW)
        earlier = populate(storage, expires_at=NOW - 5)
        ended = populate(storage, expires_at=NOW - 9)
        ended.end()
        populate(storage, expires_at=NOW + 1)
        with storage.reading() as uow:
            assert list(uow.grants.due(NOW, 10)) == [earlier.grant, over.grant]
            assert list(uow.grants.due(NOW, 1)) == [earlier.grant]

    @needs("joins_client_state")
    def test_due_grants_are_over_or_of_disabled_clients(self, storage: Storage) -> None:
        over = populate(storage, expires_at=NOW)
        earlier = populate(storage, expires_at=NOW - 5)
        of_disabled = populate(storage, expires_at=NOW + 50)
        of_disabled.disable_client()
        ended = populate(storage, expires_at=NOW - 9)
        ended.end()
        populate(storage, expires_at=NOW + 1)
        with storage.reading() as uow:
            expected = [earlier.grant, over.grant, of_disabled.grant]
            assert list(uow.grants.due(NOW, 10)) == expected
            assert list(uow.grants.due(NOW, 2)) == expected[:2]
