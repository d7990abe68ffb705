"""Claims that are fair, and several workers at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from consentcore.api import Delivery, DeliveryState, Settlement, Storage
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario
from consentcore.testing.storage.deliveries import LEASE, Box
from consentcore.testing.threads import insist, together


class ClaimsGroup:
    """:class:`consentcore.api.OutboxStorage` as a worker with many deliveries uses it."""

    @pytest.fixture
    def box(self, world: Scenario) -> Box:
        return Box(world)

    def test_claim_takes_a_few_of_each_target(self, box: Box) -> None:
        full = box.add_some("full", 6)
        other, mail = box.add(target="other"), box.add(target="full", notifier="smtp")
        claimed = box.claim(per_target=2)
        assert Counter((one.notifier, one.target) for one in claimed) == {
            ("webhook", "full"): 2, ("webhook", "other"): 1, ("smtp", "full"): 1,
        }  # fmt: skip
        assert {one.delivery_id for one in claimed} >= {other.delivery_id, mail.delivery_id}
        assert len(box.claim(per_target=3)) == 3
        assert len(box.claim()) == len(full) - 5

    def test_claim_leaves_busy_targets_out(self, box: Box) -> None:
        busy = box.add_some("busy", 5, next_at=NOW - 10)
        others = [*box.add_some("after", 2), *box.add_some("busy", 1, notifier="smtp"), *box.add_some("x", 1)]
        claimed = box.claim(limit=3, busy={("webhook", "busy")})
        assert len(claimed) == 3
        claimed += box.claim(busy=[("webhook", "busy"), ("smtp", "nobody")])
        assert sorted(one.delivery_id for one in claimed) == sorted(others)
        assert sorted(one.delivery_id for one in box.claim()) == sorted(busy)

    def test_lease_of_a_clock_that_was_wrong_does_not_last(self, box: Box) -> None:
        box.add()
        hour = 3600_000
        assert len(box.claim(NOW + hour)) == 1
        assert len(box.claim(NOW + hour - LEASE)) == 0, "clocks may differ by a lease"
        assert box.waiting(NOW + hour - LEASE) is False
        assert box.waiting(NOW) is True
        assert len(box.claim(NOW)) == 1

    def test_waiting_tells_of_notices_and_of_what_can_be_claimed(self, box: Box) -> None:
        assert box.waiting() is False
        notice = box.add_notice()
        assert box.waiting(notifiers=()) is True
        box.expand(notice.notice_id, [], NOW)
        assert box.waiting() is False
        box.add(notifier="smtp", next_at=NOW + 5)
        assert box.waiting(NOW + 4) is False
        assert box.waiting(NOW + 5) is True
        assert box.waiting(NOW + 5, notifiers=("webhook", "mtp")) is False
        assert len(box.claim(NOW + 5)) == 1
        assert box.waiting(NOW + 5) is False
        assert box.waiting(NOW + 5 + LEASE) is True

    def test_notices_are_expanded_together(self, box: Box) -> None:
        notices = [box.add_notice(occurred_at=NOW + number) for number in range(4)]
        assert list(box.outbox.unexpanded(2, skip=1)) == notices[1:3]
        ids = [notice.notice_id for notice in notices]
        box.expand(ids[0], [factories.delivery(ids[0], target="owner")], NOW)
        wanted = {one: [factories.delivery(one, target=name) for name in ("a", "b")] for one in ids[1:3]}
        assert box.outbox.expand_all({**wanted, "unknown": []}, NOW) == 2
        assert list(box.outbox.unexpanded(9)) == notices[3:]
        for notice_id, deliveries in wanted.items():
            found = box.log.deliveries(notice_id=notice_id)
            assert sorted(found, key=lambda one: one.target) == deliveries
        assert box.outbox.expand_all({}, NOW) == 0

    def test_notices_are_expanded_once_by_many_workers_together(self, box: Box) -> None:
        ids = [box.add_notice().notice_id for _ in range(12)]

        def work(number: int) -> int:
            mine = {one: [factories.delivery(one, target="owner")] for one in ids[number:] + ids[:number]}
            return insist(lambda: box.outbox.expand_all(mine, NOW))

        assert sum(together(6, work)) <= len(ids)
        work(0)
        assert len(box.log.deliveries()) == len(ids)
        assert list(box.outbox.unexpanded(99)) == []

    def test_deliveries_are_settled_together(self, box: Box) -> None:
        deliveries = [box.add(next_at=NOW - number) for number in range(4)]
        late, *claimed = box.claim()
        (again,) = box.claim(NOW + LEASE, limit=1)
        assert again.delivery_id == late.delivery_id
        outcomes = [
            Settlement(late.delivery_id, late.lease_token, DeliveryState.DEAD, NOW + 1, error="too late"),
            Settlement(
                claimed[0].delivery_id, claimed[0].lease_token, DeliveryState.DELIVERED, NOW + 1,
                attempt=factories.attempt(claimed[0].delivery_id, status=204),
            ),
            Settlement(
                claimed[1].delivery_id, claimed[1].lease_token, DeliveryState.PENDING, NOW + 1, NOW + 7, "slow",
                factories.attempt(claimed[1].delivery_id, outcome="retry", status=None, error="timeout"),
            ),
            Settlement(claimed[2].delivery_id, claimed[2].lease_token, DeliveryState.PENDING, NOW + 1, NOW + 9),
        ]  # fmt: skip
        assert list(box.outbox.settle_all(outcomes)) == [False, True, True, True]
        assert list(box.outbox.settle_all([])) == []
        found = {one.delivery_id: box.get(one) for one in deliveries}
        assert found[late.delivery_id] == again
        assert found[claimed[0].delivery_id].state is DeliveryState.DELIVERED
        assert found[claimed[0].delivery_id].finished_at == NOW + 1
        second = found[claimed[1].delivery_id]
        assert (second.state, second.next_at, second.last_error) == (DeliveryState.PENDING, NOW + 7, "slow")
        assert (second.lease_until, second.lease_token, second.finished_at) == (None, "", None)
        assert found[claimed[2].delivery_id].next_at == NOW + 9
        logged = [list(box.attempts(one.delivery_id)) for one in (late, *claimed)]
        assert logged == [[], [outcomes[1].attempt], [outcomes[2].attempt], []]

    def test_no_delivery_is_claimed_by_two_workers(self, box: Box) -> None:
        deliveries = {box.add().delivery_id for _ in range(24)}

        def work(_: int) -> list[str]:
            mine: list[str] = []
            while claimed := insist(lambda: box.claim(limit=3)):
                mine.extend(one.delivery_id for one in claimed)
            return mine

        claimed = [delivery_id for mine in together(8, work) for delivery_id in mine]
        # A worker may find nothing while the others hold their locks: what is left comes with the next round.
        claimed.extend(one.delivery_id for one in box.claim(limit=100))
        assert Counter(claimed) == Counter(deliveries)

    def test_no_delivery_is_claimed_in_two_processes(
        self, storage: Storage, second_storage: Storage, box: Box
    ) -> None:
        expected = [box.add(target=f"t{number % 3}").delivery_id for number in range(18)]
        outboxes = (storage.outbox, second_storage.outbox)

        def claim(number: int) -> Sequence[Delivery]:
            return outboxes[number % 2].claim_deliveries(
                NOW, limit=4, lease_ms=LEASE, notifiers=("webhook",), per_target=2
            )

        def work(number: int) -> list[str]:
            mine: list[str] = []
            while claimed := insist(lambda: claim(number)):
                mine.extend(one.delivery_id for one in claimed)
            return mine

        claimed = [delivery_id for mine in together(6, work) for delivery_id in mine]
        claimed.extend(one.delivery_id for one in box.claim(limit=100))
        assert Counter(claimed) == Counter(expected)

    def test_lease_that_ran_out_is_won_by_one_worker(self, box: Box) -> None:
        box.add()
        (slow,) = box.claim()
        won = together(8, lambda _: insist(lambda: box.claim(NOW + LEASE)))
        winners = [one for claimed in won for one in claimed]
        assert len(winners) == 1
        assert winners[0].attempts == 2
        assert box.settle(slow, DeliveryState.DELIVERED) is False

    def test_notice_is_expanded_once_by_many_workers(self, box: Box) -> None:
        notice = box.add_notice()
        together(
            8,
            lambda _: insist(
                lambda: box.expand(
                    notice.notice_id, [factories.delivery(notice.notice_id, target="owner")], NOW
                )
            ),
        )
        assert len(box.log.deliveries(notice_id=notice.notice_id)) == 1
        assert list(box.outbox.unexpanded(10)) == []
