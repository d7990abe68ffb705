"""The delivery log: what people see of deliveries, and replays."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from consentcore.api import (
    DAY,
    DELIVERY_LOG_MS,
    UNDELIVERED,
    Delivery,
    DeliveryState,
    EndpointHealth,
    NoticeKind,
    Storage,
    transact,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario, populate
from consentcore.testing.storage.deliveries import ALL, Box
from consentcore.testing.storage.endpoints import add_endpoints


def ids(deliveries: list[Delivery]) -> list[str]:
    """Their ids."""
    return [one.delivery_id for one in deliveries]


class DeliveryReplayGroup:
    """Deliveries that are due once more, and how full the outbox is."""

    @pytest.fixture
    def box(self, world: Scenario) -> Box:
        return Box(world)

    def test_deliveries_are_narrowed_by_what_is_given(
        self, storage: Storage, world: Scenario, box: Box
    ) -> None:
        first, second = box.add(created_at=NOW), box.add(created_at=NOW + 1)
        foreign = Box(populate(storage)).add(created_at=NOW + 2)
        for claimed in box.claim(limit=1):
            box.settle(claimed, DeliveryState.DEAD)
        ids = [one.delivery_id for one in box.log.deliveries()]
        assert ids == [foreign.delivery_id, second.delivery_id, first.delivery_id]
        assert [one.delivery_id for one in box.log.deliveries(limit=1)] == ids[:1]
        mine = box.log.deliveries(client_id=world.client.client_id)
        assert [one.delivery_id for one in mine] == ids[1:]
        dead = box.log.deliveries(state=DeliveryState.DEAD)
        pending = box.log.deliveries(state=DeliveryState.PENDING)
        assert (len(dead), len(pending)) == (1, 2)
        of_notice = box.log.deliveries(notice_id=second.notice_id, client_id=world.client.client_id)
        assert [one.delivery_id for one in of_notice] == [second.delivery_id]
        assert list(box.log.deliveries(notice_id=foreign.notice_id, client_id=world.client.client_id)) == []

    @pytest.mark.parametrize("state", [DeliveryState.DEAD, DeliveryState.DELIVERED, DeliveryState.GONE])
    def test_finished_delivery_is_requeued(self, box: Box, state: DeliveryState) -> None:
        delivery = box.add()
        (claimed,) = box.claim()
        box.settle(claimed, state)
        assert list(box.log.requeue([delivery.delivery_id], NOW + 5000)) == [delivery.delivery_id]
        found = box.get(delivery)
        assert (found.state, found.next_at) == (DeliveryState.PENDING, NOW + 5000)
        assert found.finished_at is None
        (again,) = box.claim(NOW + 5000)
        assert again.attempts == 2, "the numbers in the delivery log go on"
        assert again.body == delivery.body

    def test_waiting_delivery_is_due_at_once_when_requeued(self, box: Box) -> None:
        delivery = box.add(next_at=NOW + 10**9)
        assert box.claim() == []
        assert list(box.log.requeue([delivery.delivery_id], NOW)) == [delivery.delivery_id]
        assert len(box.claim()) == 1

    def test_leased_or_unknown_delivery_is_not_requeued(self, box: Box) -> None:
        delivery = box.add()
        (claimed,) = box.claim()
        assert list(box.log.requeue([delivery.delivery_id, "unknown"], NOW + 1)) == []
        assert box.get(delivery) == claimed

    def test_stats_tell_how_full_it_is(self, box: Box) -> None:
        empty = box.log.stats(NOW, notifiers=ALL)
        assert (empty.pending, empty.oldest_due_at, empty.dead, empty.unexpanded) == (0, None, 0, 0)
        box.add(next_at=NOW - 5)
        box.add(next_at=NOW - 9)
        (claimed,) = box.claim(limit=1)
        box.settle(claimed, DeliveryState.DEAD)
        box.add(next_at=NOW + 7)
        box.add_notice()
        full = box.log.stats(NOW, notifiers=ALL)
        assert (full.pending, full.oldest_due_at, full.dead, full.unexpanded) == (2, NOW - 5, 1, 1)

    def test_stats_without_anything_due_name_no_time(self, box: Box) -> None:
        box.add(next_at=NOW + 7)
        assert box.log.stats(NOW, notifiers=ALL).oldest_due_at is None
        assert box.log.stats(NOW + 7, notifiers=ALL).oldest_due_at == NOW + 7


class DeliveryLogGroup:
    """What happened to deliveries, and replays."""

    @pytest.fixture
    def box(self, world: Scenario) -> Box:
        return Box(world)

    def finish(self, box: Box, state: DeliveryState, **fields: object) -> Delivery:
        """Commit a delivery in some state."""
        delivery = box.add(**fields)
        (claimed,) = box.claim()
        box.settle(claimed, state, attempt=factories.attempt(delivery.delivery_id))
        return box.get(delivery)

    def test_deliveries_are_narrowed_by_target_kind_and_time(self, box: Box) -> None:
        notice = box.add_notice(kind=NoticeKind.REVOKED)
        revoked = factories.delivery(notice.notice_id, target="ep_1", created_at=NOW)
        box.expand(notice.notice_id, [revoked], NOW)
        later = box.add(target="ep_1", created_at=NOW + 1)
        other = box.add(target="ep_2", created_at=NOW + 2)
        find = box.log.deliveries
        assert ids([*find(target="ep_1")]) == ids([later, revoked])
        assert ids([*find(kind=NoticeKind.REVOKED)]) == ids([revoked])
        assert ids([*find(since=NOW + 1)]) == ids([other, later])
        assert ids([*find(until=NOW + 1)]) == ids([revoked])
        assert ids([*find(target="ep_1", since=NOW + 1, until=NOW + 2)]) == ids([later])
        assert list(find(target="ep_3")) == []

    def test_pages_follow_each_other_also_within_one_moment(self, box: Box) -> None:
        for _ in range(5):
            box.add(created_at=NOW)
        everything = ids([*box.log.deliveries()])
        paged: list[str] = []
        while page := ids([*box.log.deliveries(after=paged[-1] if paged else "", limit=2)]):
            paged += page
        assert paged == everything
        assert list(box.log.deliveries(after="unknown")) == []

    def test_undelivered_are_those_that_a_replay_may_help(self, box: Box) -> None:
        made = {state: self.finish(box, state) for state in set(DeliveryState) - {DeliveryState.PENDING}}
        box.add()
        found = {one.state for one in box.log.deliveries(undelivered=True)}
        assert found == set(UNDELIVERED)
        assert ids([*box.log.deliveries(undelivered=True, state=DeliveryState.HELD)]) == ids(
            [made[DeliveryState.HELD]]
        )

    def test_one_delivery_is_found_by_its_id(self, box: Box) -> None:
        delivery = box.add()
        assert box.find(delivery.delivery_id) == delivery
        assert box.find("unknown") is None

    def test_attempts_of_several_deliveries_come_by_id_and_number(self, box: Box) -> None:
        first, second = (self.finish(box, DeliveryState.DEAD) for _ in range(2))
        untried = box.add(next_at=NOW + DAY)
        box.log.requeue([second.delivery_id], NOW)
        (claimed,) = box.claim()
        again = factories.attempt(second.delivery_id, number=2, trigger="manual")
        box.settle(claimed, DeliveryState.DEAD, attempt=again)
        found = box.log.attempts_of(ids([first, second, untried]))
        assert {key: [one.number for one in attempts] for key, attempts in found.items()} == {
            first.delivery_id: [1],
            second.delivery_id: [1, 2],
        }
        assert box.log.attempts_of([]) == {}

    def test_backlog_counts_by_state(self, box: Box) -> None:
        for state in (DeliveryState.HELD, DeliveryState.HELD, DeliveryState.DEAD):
            self.finish(box, state, target="ep_1")
        box.add(target="ep_1")
        box.add(target="ep_2")
        counted = box.log.backlog("ep_1")
        assert {state: count for state, count in counted.items() if count} == {
            DeliveryState.HELD: 2,
            DeliveryState.DEAD: 1,
            DeliveryState.PENDING: 1,
        }
        assert not any(box.log.backlog("unknown").values())

    def test_replay_remembers_what_the_delivery_was(self, box: Box) -> None:
        dead = self.finish(box, DeliveryState.DEAD)
        waiting = box.add(next_at=NOW + DAY)
        requeued = box.log.requeue([dead.delivery_id, waiting.delivery_id, "unknown"], NOW + 5000)
        assert set(requeued) == {dead.delivery_id, waiting.delivery_id}
        assert box.get(dead).before_replay is DeliveryState.DEAD
        found = box.get(waiting)
        assert (found.before_replay, found.next_before_replay) == (DeliveryState.PENDING, NOW + DAY)
        assert (found.state, found.next_at) == (DeliveryState.PENDING, NOW + 5000)
        assert box.log.requeue([], NOW) == []

    def test_replay_of_a_replay_remembers_the_first_state(self, box: Box) -> None:
        dead = self.finish(box, DeliveryState.DEAD)
        for offset in (1, 2):
            box.log.requeue([dead.delivery_id], NOW + offset)
        assert box.get(dead).before_replay is DeliveryState.DEAD
        assert box.get(dead).next_before_replay == dead.next_at

    def test_only_a_try_ends_a_replay(self, box: Box) -> None:
        dead = self.finish(box, DeliveryState.DEAD)
        box.log.requeue([dead.delivery_id], NOW)
        (claimed,) = box.claim()
        assert claimed.before_replay is DeliveryState.DEAD
        box.settle(claimed, DeliveryState.PENDING, next_at=NOW)
        assert box.get(dead).before_replay is DeliveryState.DEAD
        (claimed,) = box.claim()
        attempt = factories.attempt(dead.delivery_id, number=2, trigger="manual")
        box.settle(claimed, DeliveryState.DEAD, attempt=attempt)
        found = box.get(dead)
        assert (found.state, found.before_replay, found.next_before_replay) == (
            DeliveryState.DEAD,
            None,
            None,
        )

    def test_old_deliveries_are_purged_with_their_attempts(self, box: Box) -> None:
        old, young = (
            self.finish(box, DeliveryState.DELIVERED, created_at=created) for created in (NOW, NOW + 1)
        )
        pending = box.add(created_at=NOW - DAY)
        report = box.world.storage.purge(NOW + DELIVERY_LOG_MS, 1000)
        assert report.counts["deliveries"] == 1
        assert box.find(old.delivery_id) is None
        assert list(box.attempts(old.delivery_id)) == []
        assert ids([*box.log.deliveries()]) == ids([young, pending])
        assert len(box.attempts(young.delivery_id)) == 1

    def test_endpoint_is_removed_and_its_deliveries_stay(self, box: Box) -> None:
        storage, client_id = box.world.storage, box.world.client.client_id
        gone, other = add_endpoints(storage, client_id, EndpointHealth(), EndpointHealth())
        delivery = box.add(target=gone.endpoint_id)
        assert transact(storage, lambda uow: uow.clients.remove_endpoint(gone.endpoint_id)) is True
        assert transact(storage, lambda uow: uow.clients.remove_endpoint(gone.endpoint_id)) is False
        with storage.reading() as uow:
            assert list(uow.clients.endpoints(client_id)) == [other]
        assert box.find(delivery.delivery_id) == delivery


class NamedOutboxGroup:
    """What waits for some notifiers, told from what waits for others."""

    def test_pending_of_counts_the_named_notifiers_only(self, world: Scenario) -> None:
        box = Box(world)

        def pending_of(now: int, notifiers: Sequence[str]) -> tuple[int, int | None]:
            found = box.log.stats(now, notifiers=notifiers)
            assert found.pending + found.unnamed == len(box.log.deliveries(state=DeliveryState.PENDING))
            return found.pending, found.oldest_due_at

        assert pending_of(NOW, ("webhook",)) == (0, None)
        box.add(notifier="webhook", next_at=NOW - 5)
        box.add(notifier="webhook", next_at=NOW + 7)
        box.add(notifier="smtp", next_at=NOW - 9)
        box.add(notifier="event:audit", next_at=NOW - 20)
        assert pending_of(NOW, ("webhook",)) == (2, NOW - 5)
        assert pending_of(NOW, ("webhook", "smtp")) == (3, NOW - 9)
        assert pending_of(NOW, ("event:audit", "gone")) == (1, NOW - 20)
        assert pending_of(NOW, ()) == (0, None)
        (claimed,) = box.claim(notifiers=("smtp",))
        assert pending_of(NOW, ("smtp",)) == (1, None), "what somebody is at is not due"
        box.settle(claimed, DeliveryState.DELIVERED)
        assert pending_of(NOW, ("smtp",)) == (0, None)
