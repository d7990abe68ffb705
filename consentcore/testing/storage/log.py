"""The delivery log and the endpoints that it is about."""

from __future__ import annotations

from dataclasses import replace

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
    UnitOfWork,
    WebhookEndpoint,
    transact,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.storage.outbox import Box
from consentcore.testing.threads import insist, together
from consentcore.testing.worlds import World, populate

SICK = EndpointHealth(NOW - DAY, NOW - 1, NOW - 2 * DAY, NOW - 5, NOW + 60_000)


def ids(deliveries: list[Delivery]) -> list[str]:
    """Their ids."""
    return [one.delivery_id for one in deliveries]


def add_endpoints(storage: Storage, client_id: str, *healths: EndpointHealth) -> list[WebhookEndpoint]:
    """Commit an endpoint for each health, in that order."""
    made = [factories.endpoint(client_id, health=health) for health in healths]

    def work(uow: UnitOfWork) -> None:
        for endpoint in made:
            uow.clients.add_endpoint(endpoint)

    transact(storage, work)
    return made


class DeliveryLogGroup:
    """What happened to deliveries, replays, and the health of endpoints."""

    @pytest.fixture
    def box(self, world: World) -> Box:
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
        box.outbox.expand(notice.notice_id, [revoked], NOW)
        later = box.add(target="ep_1", created_at=NOW + 1)
        other = box.add(target="ep_2", created_at=NOW + 2)
        find = box.outbox.deliveries
        assert ids([*find(target="ep_1")]) == ids([later, revoked])
        assert ids([*find(kind=NoticeKind.REVOKED)]) == ids([revoked])
        assert ids([*find(since=NOW + 1)]) == ids([other, later])
        assert ids([*find(until=NOW + 1)]) == ids([revoked])
        assert ids([*find(target="ep_1", since=NOW + 1, until=NOW + 2)]) == ids([later])
        assert list(find(target="ep_3")) == []

    def test_pages_follow_each_other_also_within_one_moment(self, box: Box) -> None:
        for _ in range(5):
            box.add(created_at=NOW)
        everything = ids([*box.outbox.deliveries()])
        paged: list[str] = []
        while page := ids([*box.outbox.deliveries(after=paged[-1] if paged else "", limit=2)]):
            paged += page
        assert paged == everything
        assert list(box.outbox.deliveries(after="unknown")) == []

    def test_undelivered_are_those_that_a_replay_may_help(self, box: Box) -> None:
        made = {state: self.finish(box, state) for state in set(DeliveryState) - {DeliveryState.PENDING}}
        box.add()
        found = {one.state for one in box.outbox.deliveries(undelivered=True)}
        assert found == set(UNDELIVERED)
        assert ids([*box.outbox.deliveries(undelivered=True, state=DeliveryState.HELD)]) == ids(
            [made[DeliveryState.HELD]]
        )

    def test_one_delivery_is_found_by_its_id(self, box: Box) -> None:
        delivery = box.add()
        assert box.outbox.delivery(delivery.delivery_id) == delivery
        assert box.outbox.delivery("unknown") is None

    def test_attempts_of_several_deliveries_come_by_id_and_number(self, box: Box) -> None:
        first, second = (self.finish(box, DeliveryState.DEAD) for _ in range(2))
        untried = box.add(next_at=NOW + DAY)
        box.outbox.requeue([second.delivery_id], NOW)
        (claimed,) = box.claim()
        again = factories.attempt(second.delivery_id, number=2, trigger="manual")
        box.settle(claimed, DeliveryState.DEAD, attempt=again)
        found = box.outbox.attempts_of(ids([first, second, untried]))
        assert {key: [one.number for one in attempts] for key, attempts in found.items()} == {
            first.delivery_id: [1],
            second.delivery_id: [1, 2],
        }
        assert box.outbox.attempts_of([]) == {}

    def test_backlog_counts_by_state(self, box: Box) -> None:
        for state in (DeliveryState.HELD, DeliveryState.HELD, DeliveryState.DEAD):
            self.finish(box, state, target="ep_1")
        box.add(target="ep_1")
        box.add(target="ep_2")
        counted = box.outbox.backlog("ep_1")
        assert {state: count for state, count in counted.items() if count} == {
            DeliveryState.HELD: 2,
            DeliveryState.DEAD: 1,
            DeliveryState.PENDING: 1,
        }
        assert not any(box.outbox.backlog("unknown").values())

    def test_replay_remembers_what_the_delivery_was(self, box: Box) -> None:
        dead = self.finish(box, DeliveryState.DEAD)
        waiting = box.add(next_at=NOW + DAY)
        requeued = box.outbox.requeue([dead.delivery_id, waiting.delivery_id, "unknown"], NOW + 5000)
        assert set(requeued) == {dead.delivery_id, waiting.delivery_id}
        assert box.get(dead).before_replay is DeliveryState.DEAD
        found = box.get(waiting)
        assert (found.before_replay, found.next_before_replay) == (DeliveryState.PENDING, NOW + DAY)
        assert (found.state, found.next_at) == (DeliveryState.PENDING, NOW + 5000)
        assert box.outbox.requeue([], NOW) == []

    def test_replay_of_a_replay_remembers_the_first_state(self, box: Box) -> None:
        dead = self.finish(box, DeliveryState.DEAD)
        for offset in (1, 2):
            box.outbox.requeue([dead.delivery_id], NOW + offset)
        assert box.get(dead).before_replay is DeliveryState.DEAD
        assert box.get(dead).next_before_replay == dead.next_at

    def test_only_a_try_ends_a_replay(self, box: Box) -> None:
        dead = self.finish(box, DeliveryState.DEAD)
        box.outbox.requeue([dead.delivery_id], NOW)
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
        assert box.outbox.delivery(old.delivery_id) is None
        assert list(box.outbox.attempts(old.delivery_id)) == []
        assert ids([*box.outbox.deliveries()]) == ids([young, pending])
        assert len(box.outbox.attempts(young.delivery_id)) == 1

    def test_health_is_kept_apart_from_everything_else(self, storage: Storage, world: World) -> None:
        (endpoint,) = add_endpoints(storage, world.client.client_id, EndpointHealth())
        transact(storage, lambda uow: uow.clients.set_health(endpoint.endpoint_id, SICK))
        changed = replace(endpoint, url="https://new.example/", health=EndpointHealth())
        transact(storage, lambda uow: uow.clients.update_endpoint(changed))
        transact(storage, lambda uow: uow.clients.set_health("unknown", SICK))
        with storage.reading() as uow:
            assert uow.clients.get_endpoint(endpoint.endpoint_id) == replace(changed, health=SICK)

    def test_endpoint_comes_back_with_its_health(self, storage: Storage, world: World) -> None:
        (endpoint,) = add_endpoints(storage, world.client.client_id, SICK)
        with storage.transaction() as uow:
            assert uow.clients.lock_endpoint(endpoint.endpoint_id) == endpoint
            assert uow.clients.lock_endpoint("unknown") is None

    def test_endpoint_is_removed_and_its_deliveries_stay(self, box: Box) -> None:
        storage, client_id = box.world.storage, box.world.client.client_id
        gone, other = add_endpoints(storage, client_id, EndpointHealth(), EndpointHealth())
        delivery = box.add(target=gone.endpoint_id)
        assert transact(storage, lambda uow: uow.clients.remove_endpoint(gone.endpoint_id)) is True
        assert transact(storage, lambda uow: uow.clients.remove_endpoint(gone.endpoint_id)) is False
        with storage.reading() as uow:
            assert list(uow.clients.endpoints(client_id)) == [other]
        assert box.outbox.delivery(delivery.delivery_id) == delivery

    def test_failing_endpoints_come_longest_first(self, storage: Storage, world: World) -> None:
        client_id = world.client.client_id
        newer, older, warned, _fresh, _well = add_endpoints(
            storage,
            client_id,
            EndpointHealth(failing_since=NOW - 1),
            EndpointHealth(failing_since=NOW - 2),
            EndpointHealth(failing_since=NOW - 3, warned_at=NOW),
            EndpointHealth(failing_since=NOW + 1),
            EndpointHealth(last_success_at=NOW - 9),
        )
        off = factories.endpoint(client_id, disabled_at=NOW, health=EndpointHealth(failing_since=NOW - 9))
        transact(storage, lambda uow: uow.clients.add_endpoint(off))
        with storage.reading() as uow:
            find = uow.clients.failing_endpoints
            assert list(find(NOW, warned=False, limit=9)) == [older, newer]
            assert list(find(NOW, warned=False, limit=1)) == [older]
            assert list(find(NOW, warned=True, limit=9)) == [warned]

    def test_no_change_of_an_endpoint_is_lost_to_another(self, storage: Storage) -> None:
        world = populate(storage)
        (endpoint,) = add_endpoints(storage, world.client.client_id, EndpointHealth())

        def add_type(number: int) -> None:
            def work(uow: UnitOfWork) -> None:
                found = uow.clients.lock_endpoint(endpoint.endpoint_id)
                assert found is not None
                uow.clients.update_endpoint(replace(found, events=(*found.events, f"type.{number}")))

            insist(lambda: transact(storage, work))

        together(8, add_type)
        with storage.reading() as uow:
            found = uow.clients.get_endpoint(endpoint.endpoint_id)
        assert found is not None
        assert sorted(found.events) == [f"type.{number}" for number in range(8)]
