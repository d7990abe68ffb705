"""Bounds: how much a page holds, which millisecond still counts, what is counted apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import (
    HOUR,
    MINUTE,
    DeliveryState,
    EndpointHealth,
    Settlement,
    Storage,
    UnitOfWork,
    transact,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario
from consentcore.testing.storage.deliveries import Box
from consentcore.testing.storage.feed import enter, page, tell

START = NOW - NOW % HOUR
"""Where windows of every length in these tests begin."""


class BoundGroup:
    """``limit``, ``since`` and ``expires_at``, to the last of each."""

    def test_failing_endpoints_count_from_their_millisecond_and_come_by_id(self, world: Scenario) -> None:
        sick = EndpointHealth(failing_since=NOW)
        made = [
            factories.endpoint(world.client.client_id, endpoint_id=name, health=sick) for name in ("b", "a")
        ]

        def work(uow: UnitOfWork) -> None:
            for endpoint in made:
                uow.clients.add_endpoint(endpoint)

        transact(world.storage, work)
        with world.storage.reading() as uow:
            find = uow.clients.failing_endpoints
            assert [one.endpoint_id for one in find(NOW, warned=False, limit=9)] == ["a", "b"]
            assert [one.endpoint_id for one in find(NOW, warned=False, limit=1)] == ["a"]
            assert list(find(NOW - 1, warned=False, limit=9)) == []

    def test_page_of_a_feed_has_no_more_than_was_asked_for(self, world: Scenario) -> None:
        told = [tell(world.storage, world.grant, number).notice_id for number in range(1, 6)]
        enter(world.storage, world.client.client_id)
        assert page(world.storage, world.client.client_id, limit=2) == told[:2]
        assert page(world.storage, world.client.client_id, after=told[1], limit=2) == told[2:4]

    def test_evidence_comes_in_no_more_than_was_asked_for(self, world: Scenario) -> None:
        events = [
            factories.event(world.grant, sequence=number, occurred_at=NOW + number) for number in range(1, 6)
        ]
        orphans = [factories.event(replace(world.grant, grant_id=f"lost-{number}")) for number in range(3)]
        checkpoints = [factories.checkpoint(size=size) for size in (1, 2, 3)]

        def work(uow: UnitOfWork) -> None:
            for event in (*events, *orphans):
                uow.ledger.append(event)
            for checkpoint in checkpoints:
                uow.ledger.add_checkpoint(checkpoint)

        transact(world.storage, work)
        assert transact(world.storage, lambda uow: uow.ledger.sequence_leaves(4)) == 4
        with world.storage.reading() as uow:
            ledger = uow.ledger
            newest = ledger.of_owner(world.owner.owner_id, limit=2)
            assert [one.occurred_at for one in newest] == [NOW + 5, NOW + 4]
            assert len(ledger.orphans(2)) == 2
            assert [one.leaf_index for one in ledger.leaves(0, 2)] == [0, 1]
            assert [one.leaf_index for one in ledger.leaves(2, 100)] == [2, 3]
            assert [one.size for one in ledger.checkpoints(limit=2)] == [1, 2]
            assert [one.size for one in ledger.checkpoints(after=1, limit=1)] == [2]

    def test_nothing_follows_an_event_that_is_not_there(self, world: Scenario) -> None:
        transact(world.storage, lambda uow: uow.ledger.append(factories.event(world.grant)))
        with world.storage.reading() as uow:
            assert list(uow.ledger.of_owner(world.owner.owner_id, before="unknown")) == []

    def test_chains_of_several_grants_come_by_grant_however_they_are_asked_for(self, world: Scenario) -> None:
        names = ["grant-c", "grant-a", "grant-b"]
        chains = [
            factories.event(replace(world.grant, grant_id=name), sequence=number)
            for name in names
            for number in (1, 2)
        ]

        def work(uow: UnitOfWork) -> None:
            for one in chains:
                uow.ledger.append(one)

        transact(world.storage, work)
        with world.storage.reading() as uow:
            found = [(one.grant_id, one.sequence) for one in uow.ledger.of_grants(names)]
        assert found == [(name, number) for name in sorted(names) for number in (1, 2)]

    def test_grants_come_by_id_and_no_more_than_were_asked_for(self, world: Scenario) -> None:
        more = [
            replace(world.grant, grant_id=f"grant-{number}", owner_id=f"owner-{number}")
            for number in (3, 1, 2)
        ]

        def work(uow: UnitOfWork) -> None:
            for one in more:
                uow.grants.add(one)

        transact(world.storage, work)
        everyone = sorted([world.grant.grant_id, *(one.grant_id for one in more)])
        with world.storage.reading() as uow:
            assert [one.grant_id for one in uow.grants.all(limit=3)] == everyone[:3]
            assert [one.grant_id for one in uow.grants.all(after=everyone[0], limit=2)] == everyone[1:3]

    def test_interaction_is_found_when_its_time_is_over_and_is_expired_then(self, world: Scenario) -> None:
        opened = [
            factories.interaction(world.client.client_id, expires_at=NOW + number) for number in (3, 1, 2)
        ]
        for one in opened:
            world.storage.protocol.open_interaction(one)
        with world.storage.reading() as uow:
            assert uow.interactions.get(opened[0].interaction_hash) == opened[0]
            assert list(uow.interactions.expired(NOW + 2, 10)) == [opened[1], opened[2]]
            assert list(uow.interactions.expired(NOW + 3, 2)) == [opened[1], opened[2]]
            assert list(uow.interactions.expired(NOW, 10)) == []

    def test_used_ticket_is_still_found(self, world: Scenario) -> None:
        ticket = factories.ticket(world.owner.owner_id)
        transact(world.storage, lambda uow: uow.tickets.add(ticket))
        used = transact(
            world.storage, lambda uow: uow.tickets.use(ticket.ticket_hash, ticket.purpose, NOW + 5)
        )
        assert used == replace(ticket, used_at=NOW + 5)
        with world.storage.reading() as uow:
            assert uow.tickets.get(ticket.ticket_hash, NOW + 6) == used


class WindowGroup:
    """Windows of counters."""

    def test_windows_of_other_lengths_count_apart(self, storage: Storage) -> None:
        counters = storage.counters
        assert [counters.hit("a", START, MINUTE), counters.hit("a", START, HOUR)] == [1, 1]
        assert counters.hit("a", START + 1, HOUR) == 2
        assert counters.count("a", START + 1, MINUTE) == 1
        counters.reset("a")
        assert [counters.count("a", START + 2, length) for length in (MINUTE, HOUR)] == [0, 0]

    def test_windows_begin_at_multiples_of_their_length(self, storage: Storage) -> None:
        counters, odd = storage.counters, 7 * MINUTE
        begin = NOW - NOW % odd
        assert counters.hit("a", begin + odd - 1, odd) == 1
        assert counters.count("a", begin, odd) == 1
        assert counters.count("a", begin - 1, odd) == 0
        assert counters.hit("a", begin + odd, odd) == 1

    def test_purge_takes_windows_that_are_over_and_no_other(self, storage: Storage) -> None:
        for key in ("a", "b"):
            storage.counters.hit(key, START, MINUTE)
        storage.counters.hit("a", START, HOUR)
        storage.purge(START + MINUTE - 1, 1000)
        assert storage.counters.count("b", START, MINUTE) == 1
        storage.purge(START + MINUTE, 1000)
        assert [storage.counters.count(key, START, MINUTE) for key in ("a", "b")] == [0, 0]
        assert storage.counters.count("a", START, HOUR) == 1


class LeaseGroup:
    """Leases and addresses of deliveries, where they meet."""

    @pytest.fixture
    def box(self, world: Scenario) -> Box:
        return Box(world)

    def test_target_that_is_named_twice_at_once_gets_one_delivery(self, box: Box) -> None:
        notice = box.add_notice()
        twice = [factories.delivery(notice.notice_id, target="endpoint-1") for _ in range(2)]
        assert box.outbox.expand_all({notice.notice_id: twice}, NOW) == 1
        (kept,) = box.log.deliveries(notice_id=notice.notice_id)
        assert kept in twice

    def test_leased_delivery_is_not_due(self, box: Box) -> None:
        box.add(next_at=NOW - 5)
        (claimed,) = box.claim()
        assert box.log.stats(NOW, notifiers=(claimed.notifier,)).oldest_due_at is None
        assert claimed.lease_until is not None
        assert box.log.stats(claimed.lease_until, notifiers=(claimed.notifier,)).oldest_due_at == NOW - 5

    def test_old_lease_settles_nothing_of_what_was_asked_for_again(self, box: Box) -> None:
        box.add()
        (claimed,) = box.claim()
        assert claimed.lease_until is not None
        assert list(box.log.requeue([claimed.delivery_id], claimed.lease_until)) == [claimed.delivery_id]
        late = Settlement(
            claimed.delivery_id, claimed.lease_token, DeliveryState.DELIVERED, claimed.lease_until + 1
        )
        assert list(box.outbox.settle_all([late])) == [False]
        (waiting,) = box.log.deliveries(delivery_id=claimed.delivery_id)
        assert waiting.state is DeliveryState.PENDING
