"""Deliveries: nothing lost, nothing leased twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from consentcore.api import Attempt, Delivery, DeliveryState, Notice, Settlement
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario

LEASE = 30_000


ALL = ("webhook", "smtp")


class Box:
    """A notice with deliveries, and the worker's calls with their usual arguments."""

    def __init__(self, world: Scenario) -> None:
        self.world = world
        self.outbox = world.storage.outbox
        self.log = world.storage.delivery_log

    def add_notice(self, **fields: Any) -> Notice:
        """Commit a notice."""
        notice = factories.notice(self.world.grant, **fields)
        with self.world.storage.transaction() as uow:
            uow.notices.add(notice)
        return notice

    def add(self, **fields: Any) -> Delivery:
        """Commit a notice with one delivery."""
        delivery = factories.delivery(self.add_notice().notice_id, **fields)
        self.expand(delivery.notice_id, [delivery], NOW)
        return delivery

    def add_some(self, target: str, count: int, **fields: Any) -> list[str]:
        """Commit so many deliveries to one target, each of a notice of its own; their ids."""
        return [self.add(target=target, **fields).delivery_id for _ in range(count)]

    def expand(self, notice_id: str, deliveries: Sequence[Delivery], now: int) -> None:
        """Give a notice its deliveries, expanded already or not."""
        self.outbox.expand_all({notice_id: deliveries}, now, again=True)

    def find(self, delivery_id: str) -> Delivery | None:
        """Read one by its id."""
        return next(iter(self.log.deliveries(delivery_id=delivery_id)), None)

    def attempts(self, delivery_id: str) -> Sequence[Attempt]:
        """Read the attempts of one."""
        return self.log.attempts_of([delivery_id]).get(delivery_id, ())

    def claim(
        self, now: int = NOW, limit: int = 10, notifiers: tuple[str, ...] = ALL, **fields: Any
    ) -> list[Delivery]:
        """Claim what is due."""
        claimed = self.outbox.claim_deliveries(
            now, limit=limit, lease_ms=LEASE, notifiers=notifiers, **fields
        )
        return list(claimed)

    def waiting(self, now: int = NOW, notifiers: tuple[str, ...] = ALL) -> bool:
        """Ask whether there is something to do."""
        return self.outbox.waiting(now, lease_ms=LEASE, notifiers=notifiers)

    def settle(self, claimed: Delivery, state: DeliveryState, **fields: Any) -> bool:
        """Settle a claimed delivery a second after :data:`NOW`."""
        settlement = Settlement(claimed.delivery_id, claimed.lease_token, state, NOW + 1000)
        (settled,) = self.outbox.settle_all([replace(settlement, **fields)])
        return settled

    def get(self, delivery: Delivery) -> Delivery:
        """Read it back."""
        found = self.log.deliveries(notice_id=delivery.notice_id)
        return next(one for one in found if one.delivery_id == delivery.delivery_id)


class OutboxGroup:
    """:class:`consentcore.api.OutboxStorage`."""

    @pytest.fixture
    def box(self, world: Scenario) -> Box:
        return Box(world)

    def test_unexpanded_notices_come_oldest_first(self, box: Box) -> None:
        notices = [box.add_notice(occurred_at=NOW + offset) for offset in (2, 0, 1)]
        expected = [notices[1], notices[2], notices[0]]
        assert list(box.outbox.unexpanded(10)) == expected
        assert list(box.outbox.unexpanded(2)) == expected[:2]

    def test_expanded_notice_does_not_come_again(self, box: Box) -> None:
        with_target, without = box.add_notice(), box.add_notice()
        delivery = factories.delivery(with_target.notice_id, body=b"\x00{}\xff", target="t" * 200)
        box.expand(with_target.notice_id, [delivery], NOW + 1)
        box.expand(without.notice_id, [], NOW + 1)
        assert list(box.outbox.unexpanded(10)) == []
        assert list(box.log.deliveries()) == [delivery]

    def test_expanding_again_keeps_what_is_there(self, box: Box) -> None:
        notice = box.add_notice()
        first = factories.delivery(notice.notice_id, target="owner")
        other = factories.delivery(notice.notice_id, target="operator")
        box.expand(notice.notice_id, [first], NOW)
        (claimed,) = box.claim()
        again = replace(first, delivery_id="another-id", body=b"changed")
        box.expand(notice.notice_id, [again, other], NOW + 5)
        found = sorted(box.log.deliveries(notice_id=notice.notice_id), key=lambda one: one.target)
        assert found == [other, claimed]

    def test_expanding_again_leaves_nothing_out_and_counts_what_is_new(self, box: Box) -> None:
        known, fresh = box.add_notice(), box.add_notice()
        made = {one.notice_id: [factories.delivery(one.notice_id)] for one in (known, fresh)}
        assert box.outbox.expand_all({known.notice_id: []}, NOW) == 1
        assert box.outbox.expand_all({known.notice_id: [], "unknown": []}, NOW + 1, again=True) == 0
        assert box.outbox.expand_all(made, NOW + 2, again=True) == 1
        for one in (known, fresh):
            assert list(box.log.deliveries(notice_id=one.notice_id)) == made[one.notice_id]
        assert list(box.outbox.unexpanded(10)) == []

    def test_same_target_of_another_notifier_or_notice_is_another_delivery(self, box: Box) -> None:
        for notice in (box.add_notice(), box.add_notice()):
            pair = [factories.delivery(notice.notice_id, notifier=name, target="owner") for name in ALL]
            box.expand(notice.notice_id, pair, NOW)
        assert len(box.log.deliveries()) == 4

    def test_claim_leases_and_counts(self, box: Box) -> None:
        delivery = box.add()
        (claimed,) = box.claim(NOW + 3)
        assert claimed.lease_token
        token = claimed.lease_token
        expected = replace(delivery, attempts=1, lease_until=NOW + 3 + LEASE, lease_token=token)
        assert claimed == expected
        assert box.get(delivery) == expected

    def test_leased_delivery_is_not_claimed_until_the_lease_ran_out(self, box: Box) -> None:
        box.add()
        (first,) = box.claim()
        assert box.claim(NOW + LEASE - 1) == []
        (second,) = box.claim(NOW + LEASE)
        assert second.delivery_id == first.delivery_id
        assert (second.attempts, second.lease_until) == (2, NOW + 2 * LEASE)
        assert second.lease_token != first.lease_token

    def test_claim_takes_the_earliest_due_first_and_only_what_is_due(self, box: Box) -> None:
        deliveries = [box.add(next_at=NOW + offset) for offset in (-1, -3, 0, 1)]
        ids = [claimed.delivery_id for claimed in box.claim(limit=2)]
        assert ids == [deliveries[1].delivery_id, deliveries[0].delivery_id]
        assert [claimed.delivery_id for claimed in box.claim()] == [deliveries[2].delivery_id]
        assert box.claim() == []

    def test_claim_is_for_the_named_notifiers_only(self, box: Box) -> None:
        mine, other = box.add(notifier="smtp"), box.add(notifier="event:audit")
        assert box.claim(notifiers=()) == []
        assert [claimed.delivery_id for claimed in box.claim(notifiers=("smtp",))] == [mine.delivery_id]
        assert [claimed.delivery_id for claimed in box.claim(notifiers=("event:audit",))] == [
            other.delivery_id
        ]

    @pytest.mark.parametrize("state", sorted(set(DeliveryState) - {DeliveryState.PENDING}))
    def test_settled_delivery_is_finished(self, box: Box, state: DeliveryState) -> None:
        delivery = box.add()
        (claimed,) = box.claim()
        assert box.settle(claimed, state, error="no such host") is True
        found = box.get(delivery)
        assert (found.state, found.finished_at, found.last_error) == (state, NOW + 1000, "no such host")
        assert (found.lease_until, found.lease_token, found.attempts) == (None, "", 1)
        assert found.body == delivery.body
        assert box.claim(NOW + 10 * LEASE) == []

    def test_rescheduled_delivery_comes_again_in_its_time(self, box: Box) -> None:
        delivery = box.add()
        (claimed,) = box.claim()
        later = NOW + 90_000
        assert box.settle(claimed, DeliveryState.PENDING, next_at=later, error="timeout") is True
        found = box.get(delivery)
        assert (found.state, found.next_at, found.last_error) == (DeliveryState.PENDING, later, "timeout")
        assert (found.finished_at, found.lease_until) == (None, None)
        assert box.claim(later - 1) == []
        (again,) = box.claim(later)
        assert again.attempts == 2

    def test_lost_lease_settles_nothing(self, box: Box) -> None:
        delivery = box.add()
        (slow,) = box.claim()
        (fast,) = box.claim(NOW + LEASE)
        attempt = factories.attempt(delivery.delivery_id)
        assert box.settle(slow, DeliveryState.DEAD, attempt=attempt) is False
        assert box.get(delivery) == fast
        assert list(box.attempts(delivery.delivery_id)) == []
        assert box.settle(fast, DeliveryState.DELIVERED) is True
        assert box.settle(fast, DeliveryState.DEAD) is False
        assert box.get(delivery).state is DeliveryState.DELIVERED

    def test_settling_without_a_lease_changes_nothing(self, box: Box) -> None:
        delivery = box.add()
        assert box.settle(delivery, DeliveryState.DELIVERED) is False
        assert box.settle(replace(delivery, delivery_id="unknown"), DeliveryState.DELIVERED) is False
        assert box.get(delivery) == delivery

    def test_attempts_are_logged_by_number(self, box: Box) -> None:
        delivery = box.add()
        tries = [
            factories.attempt(
                delivery.delivery_id,
                outcome="retry",
                status=None,
                error="timeout",
                answer="…",
                trigger="replay",
            ),
            factories.attempt(delivery.delivery_id, number=2, started_at=NOW - 5),
        ]
        for number, attempt in enumerate(tries):
            (claimed,) = box.claim(NOW + number)
            box.settle(claimed, DeliveryState.PENDING, next_at=NOW + number + 1, attempt=attempt)
        assert list(box.attempts(delivery.delivery_id)) == tries
        assert list(box.attempts("unknown")) == []
