"""Grants as they are listed: of an owner, of a client, all of them, and those whose time is over."""

from __future__ import annotations

from consentcore.api import ENDED, Grant, GrantState, Storage
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario, populate
from consentcore.testing.storage.base import needs

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


class GrantListGroup:
    """The lists and pages of :class:`consentcore.api.GrantRepository`."""

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
