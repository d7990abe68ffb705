"""Indexes that show nothing of what another process has just written: an index is a hint, the item decides."""

from __future__ import annotations

import pytest

from consentcore.api import DeliveryState, GrantState, StorageConflict, transact
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario, populate
from consentcore.testing.storage.deliveries import Box
from consentcore.testing.storage.feed import enter, page, tell
from tests.support.dynamo import dynamo_storage


@pytest.fixture
def storage(dynamo):
    return dynamo_storage(dynamo)


@pytest.fixture
def elsewhere(dynamo):
    """The storage of another process, which knows nothing of what the first has written."""
    return dynamo_storage(dynamo)


@pytest.fixture
def world(storage):
    return populate(storage)


@pytest.fixture
def box(world):
    return Box(world)


@pytest.fixture
def other_box(world, elsewhere):
    return Box(Scenario(elsewhere, world.client, world.owner, world.grant))


def append(world, *sequences: int) -> None:
    for number in sequences:
        with world.storage.transaction() as uow:
            uow.ledger.append(factories.event(world.grant, sequence=number, occurred_at=NOW - number))


def test_leaves_follow_the_chain_although_the_index_shows_part_of_it(dynamo, world, elsewhere):
    append(world, 1, 2)
    with dynamo.late_indexes():
        append(world, 3)
        assert transact(elsewhere, lambda uow: uow.ledger.sequence_leaves(10)) == 3
        assert transact(world.storage, lambda uow: uow.ledger.sequence_leaves(10)) == 0
        with world.storage.reading() as uow:
            assert [event.sequence for event in uow.ledger.leaves(0, 10)] == [1, 2, 3]


def test_two_that_number_leaves_at_once_do_not_mistake_each_other_for_a_breach(world):
    """The second has read the leaves from before the first's commit, and its checkpoint from after it."""
    append(world, 1, 2)

    def number(uow, size):
        assert uow.ledger.sequence_leaves(1) == 1
        uow.ledger.add_checkpoint(factories.checkpoint(size=size))

    def overtaken(late):
        assert late.ledger.sequence_leaves(1) == 1
        transact(world.storage, lambda uow: number(uow, 1))
        late.ledger.checkpoints()
        pytest.fail("a checkpoint was shown that covers more than the leaves that were read")

    with pytest.raises(StorageConflict):
        transact(world.storage, overtaken, attempts=1)
    transact(world.storage, lambda uow: number(uow, 2))
    with world.storage.reading() as uow:
        assert [one.size for one in uow.ledger.checkpoints()] == [1, 2]


def test_verification_sees_every_event_although_no_index_does(dynamo, world, elsewhere):
    with dynamo.late_indexes():
        append(world, 1, 2)
        with elsewhere.reading() as uow:
            assert [event.sequence for event in uow.ledger.of_grant(world.grant.grant_id)] == [1, 2]


def test_what_was_claimed_is_not_claimed_again(dynamo, box, other_box):
    box.add()
    with dynamo.late_indexes():
        (claimed,) = other_box.claim()
        assert box.claim() == other_box.claim() == []
        assert other_box.settle(claimed, DeliveryState.DELIVERED) is True
        assert box.claim(NOW + 3_600_000) == other_box.claim(NOW + 3_600_000) == []


def test_what_was_expanded_is_not_expanded_again(dynamo, box, other_box):
    notice = box.add_notice()
    delivery = factories.delivery(notice.notice_id)
    with dynamo.late_indexes():
        assert box.outbox.expand_all({notice.notice_id: [delivery]}, NOW) == 1
        assert list(other_box.outbox.unexpanded(10)) == []
        assert other_box.outbox.expand_all({notice.notice_id: [delivery]}, NOW) == 0
        assert list(other_box.log.deliveries(notice_id=notice.notice_id)) == [delivery]


def test_grant_that_ended_is_not_due(dynamo, world, elsewhere):
    later = world.grant.expires_at + 1
    with dynamo.late_indexes():
        with elsewhere.reading() as uow:
            assert list(uow.grants.due(later, 10)) == [world.grant]
        world.end()
        with elsewhere.reading() as uow:
            assert list(uow.grants.due(later, 10)) == []


def test_owner_sees_their_grants_at_once(dynamo, storage, elsewhere):
    with dynamo.late_indexes():
        world = populate(storage)
        with elsewhere.reading() as uow:
            assert list(uow.grants.of_owner(world.owner.owner_id, [GrantState.ACTIVE])) == [world.grant]


def test_session_that_just_began_ends_with_all_others(dynamo, world, elsewhere):
    sessions = [factories.session(world.owner.owner_id) for _ in range(50)]
    with dynamo.late_indexes():
        for session in sessions:
            transact(world.storage, lambda uow, one=session: uow.owners.add_session(one))
        ended = transact(elsewhere, lambda uow: uow.owners.end_sessions(world.owner.owner_id))
        assert ended == 50
        with world.storage.reading() as uow:
            assert list(uow.owners.sessions(world.owner.owner_id, NOW)) == []


def test_feed_keeps_the_order_of_a_chain_that_the_index_shows_in_part(dynamo, world, elsewhere):
    storage, client_id = world.storage, world.client.client_id
    told = [tell(storage, world.grant, number, NOW - number).notice_id for number in (1, 2)]
    assert enter(storage, client_id, limit=1) == 1
    with dynamo.late_indexes():
        told.append(tell(storage, world.grant, 3, NOW - 3).notice_id)
        assert enter(elsewhere, client_id) == 1
        assert page(storage, client_id) == told[:1], "what the index does not show yet is not passed over"
        assert page(elsewhere, client_id) == told[:2], "but what this process has written"
    assert enter(elsewhere, client_id) == 1
    assert page(storage, client_id) == page(elsewhere, client_id) == told


def test_who_an_owner_is_elsewhere_is_known_at_once(dynamo, world, elsewhere):
    """Else a second account of a provider would be linked to the same owner."""
    owner_id = world.owner.owner_id
    with dynamo.late_indexes():
        transact(world.storage, lambda uow: uow.identities.add(factories.identity(owner_id=owner_id)))
        with elsewhere.reading() as uow:
            assert [one.owner_id for one in uow.identities.of_owner(owner_id)] == [owner_id]
