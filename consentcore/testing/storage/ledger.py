"""Evidence: appended in sequence, found by everybody who may ask, never changed."""

from __future__ import annotations

import pytest

from consentcore.api import ConsentEvent, EventType, Storage, StorageConflict
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario, populate


class LedgerGroup:
    """What :class:`consentcore.api.LedgerRepository` promises."""

    def test_event_comes_back_equal(self, world: Scenario) -> None:
        event = factories.event(
            world.grant,
            type=EventType.REFRESH_REUSED,
            body='{"text":"“Zählerstände” 日本 \\u0000"}',
            prev_hash=b"\x00\xff" * 16,
        )
        with world.storage.transaction() as uow:
            uow.ledger.append(event)
        with world.storage.reading() as uow:
            assert uow.ledger.get(event.event_id) == event
            assert list(uow.ledger.of_grant(world.grant.grant_id)) == [event]

    def test_sequence_of_a_grant_is_taken_once(self, world: Scenario) -> None:
        first, rival = factories.event(world.grant), factories.event(world.grant)
        with world.storage.transaction() as uow:
            uow.ledger.append(first)
        with pytest.raises(StorageConflict), world.storage.transaction() as uow:
            uow.ledger.append(rival)
        with world.storage.reading() as uow:
            assert list(uow.ledger.of_grant(world.grant.grant_id)) == [first]
            assert uow.ledger.get(rival.event_id) is None

    def test_chain_comes_by_sequence_not_by_time(self, world: Scenario) -> None:
        chain = [
            factories.event(world.grant, sequence=number, occurred_at=NOW - number) for number in range(1, 13)
        ]
        with world.storage.transaction() as uow:
            for event in chain:
                uow.ledger.append(event)
        with world.storage.reading() as uow:
            assert list(uow.ledger.of_grant(world.grant.grant_id)) == chain

    def test_chains_of_several_grants_come_at_once(self, storage: Storage, world: Scenario) -> None:
        others = [factories.grant(world.owner.owner_id, f"client-{number}") for number in range(2)]
        chains = [
            [factories.event(grant, sequence=number) for number in (1, 2)] for grant in (world.grant, *others)
        ]
        with storage.transaction() as uow:
            for chain in chains:
                for event in reversed(chain):
                    uow.ledger.append(event)
        with storage.reading() as uow:
            wanted = [world.grant.grant_id, "nobody", others[1].grant_id]
            expected = sorted((chains[0], chains[2]), key=lambda chain: chain[0].grant_id)
            assert list(uow.ledger.of_grants(wanted)) == [event for chain in expected for event in chain]
            assert list(uow.ledger.of_grants([])) == []

    def test_events_of_an_owner_come_newest_first_in_pages(self, storage: Storage, world: Scenario) -> None:
        events = [
            factories.event(world.grant, sequence=number, occurred_at=NOW + number) for number in range(1, 8)
        ]
        foreign = populate(storage)
        with storage.transaction() as uow:
            for event in (*events, factories.event(foreign.grant, occurred_at=NOW + 3)):
                uow.ledger.append(event)
        with storage.reading() as uow:
            first = uow.ledger.of_owner(world.owner.owner_id, limit=4)
            rest = uow.ledger.of_owner(world.owner.owner_id, before=first[-1].event_id, limit=4)
        assert [*first, *rest] == list(reversed(events))

    def test_events_of_the_same_moment_come_by_sequence_and_once(self, world: Scenario) -> None:
        events = [factories.event(world.grant, sequence=number) for number in range(1, 8)]
        with world.storage.transaction() as uow:
            for event in events:
                uow.ledger.append(event)
        seen: list[ConsentEvent] = []
        with world.storage.reading() as uow:
            while page := uow.ledger.of_owner(
                world.owner.owner_id, before=seen[-1].event_id if seen else "", limit=3
            ):
                seen.extend(page)
        assert seen == list(reversed(events))

    def test_event_pages_are_stable_when_something_new_comes(self, world: Scenario) -> None:
        events = [
            factories.event(world.grant, sequence=number, occurred_at=NOW + number) for number in range(1, 6)
        ]
        with world.storage.transaction() as uow:
            for event in events[:4]:
                uow.ledger.append(event)
        with world.storage.reading() as uow:
            first = uow.ledger.of_owner(world.owner.owner_id, limit=2)
        with world.storage.transaction() as uow:
            uow.ledger.append(events[4])
        with world.storage.reading() as uow:
            rest = uow.ledger.of_owner(world.owner.owner_id, before=first[-1].event_id)
        assert [*first, *rest] == list(reversed(events[:4]))

    def test_orphans_are_events_without_a_grant(self, world: Scenario) -> None:
        lost = factories.grant(world.owner.owner_id, world.client.client_id)
        orphans = [factories.event(lost, sequence=number) for number in (1, 2)]
        with world.storage.transaction() as uow:
            uow.ledger.append(factories.event(world.grant))
            for event in orphans:
                uow.ledger.append(event)
        with world.storage.reading() as uow:
            found = {event.event_id for event in uow.ledger.orphans(10)}
            assert found == {event.event_id for event in orphans}
            assert len(uow.ledger.orphans(1)) == 1

    def test_snapshot_is_kept_as_it_was_first_stored(self, storage: Storage) -> None:
        first = factories.snapshot(content='{"html":"<p>é</p>"}')
        again = factories.snapshot(content=first.content, created_at=NOW + 9)
        with storage.transaction() as uow:
            uow.ledger.put_snapshot(first)
            uow.ledger.put_snapshot(again)
        with storage.transaction() as uow:
            uow.ledger.put_snapshot(again)
        with storage.reading() as uow:
            assert uow.ledger.snapshot(first.snapshot_hash) == first

    def test_leaves_are_numbered_from_zero_without_gaps(self, storage: Storage) -> None:
        worlds = [populate(storage) for _ in range(3)]
        for sequence in (1, 2, 3):
            for world in worlds:
                with storage.transaction() as uow:
                    # The clock of this machine runs backwards: the order of a chain holds nevertheless.
                    uow.ledger.append(
                        factories.event(world.grant, sequence=sequence, occurred_at=NOW - sequence)
                    )
        taken: list[int] = []
        while not taken or taken[-1]:
            with storage.transaction() as uow:
                taken.append(uow.ledger.sequence_leaves(4))
        assert taken == [4, 4, 1, 0]
        with storage.reading() as uow:
            leaves = [*uow.ledger.leaves(0, 5), *uow.ledger.leaves(5, 100)]
            assert [event.leaf_index for event in leaves] == list(range(9))
            assert len({event.event_id for event in leaves}) == 9
            for world in worlds:
                chain = [event.sequence for event in leaves if event.grant_id == world.grant.grant_id]
                assert chain == [1, 2, 3]

    def test_leaf_index_shows_on_the_event(self, world: Scenario) -> None:
        event = factories.event(world.grant)
        with world.storage.transaction() as uow:
            uow.ledger.append(event)
            assert uow.ledger.sequence_leaves(10) == 1
        with world.storage.reading() as uow:
            found = uow.ledger.get(event.event_id)
            assert found is not None
            assert found.leaf_index == 0
            assert list(uow.ledger.of_grant(world.grant.grant_id)) == [found]
            assert list(uow.ledger.leaves(0, 10)) == [found]
            assert list(uow.ledger.leaves(1, 10)) == []

    def test_later_events_continue_the_numbering(self, world: Scenario) -> None:
        for sequence in (1, 2, 3):
            with world.storage.transaction() as uow:
                uow.ledger.append(factories.event(world.grant, sequence=sequence))
                assert uow.ledger.sequence_leaves(10) == 1
        with world.storage.reading() as uow:
            found = [(event.sequence, event.leaf_index) for event in uow.ledger.leaves(1, 10)]
        assert found == [(2, 1), (3, 2)]

    def test_checkpoints_come_by_size(self, storage: Storage) -> None:
        checkpoints = [factories.checkpoint(size=size, created_at=NOW - size) for size in (1, 5, 12)]
        with storage.transaction() as uow:
            for checkpoint in reversed(checkpoints):
                uow.ledger.add_checkpoint(checkpoint)
        with storage.reading() as uow:
            assert list(uow.ledger.checkpoints()) == checkpoints
            assert list(uow.ledger.checkpoints(limit=2)) == checkpoints[:2]
            assert list(uow.ledger.checkpoints(after=5)) == checkpoints[2:]
            assert list(uow.ledger.checkpoints(after=12)) == []

    def test_newest_checkpoint_is_the_largest(self, storage: Storage) -> None:
        with storage.transaction() as uow:
            assert uow.ledger.newest_checkpoint() is None
            for size in (5, 112, 12):
                uow.ledger.add_checkpoint(factories.checkpoint(size=size))
        with storage.reading() as uow:
            found = uow.ledger.newest_checkpoint()
            assert found is not None
            assert found.size == 112

    def test_checkpoint_comes_back_equal(self, storage: Storage) -> None:
        signed = factories.checkpoint(
            size=7,
            signature=b"\x00\xff" * 32,
            note="a.example\n7\n…\n\n— a b\n",
            previous=3,
            seal=b"\x00" * 32,
        )
        with storage.transaction() as uow:
            uow.ledger.add_checkpoint(signed)
        with storage.reading() as uow:
            assert list(uow.ledger.checkpoints()) == [signed]

    def test_numbering_leaves_room_for_what_is_no_event(self, world: Scenario) -> None:
        for sequence, start in ((1, 0), (2, 3), (3, 1)):
            with world.storage.transaction() as uow:
                uow.ledger.append(factories.event(world.grant, sequence=sequence))
                assert uow.ledger.sequence_leaves(10, start=start) == 1
        with world.storage.reading() as uow:
            assert [event.leaf_index for event in uow.ledger.leaves(0, 10)] == [0, 3, 4]
            assert [event.leaf_index for event in uow.ledger.leaves(1, 10)] == [3, 4]
