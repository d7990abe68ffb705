from __future__ import annotations

from consentcore.api import Delivered, Reject, Retry
from consentcore.outbox.lanes import MAX_LANES, Lanes
from consentcore.testing import factories


def to(target: str, notifier: str = "webhook"):
    return factories.delivery("n1", notifier=notifier, target=target)


def test_places_of_one_target_and_in_all_are_bounded():
    lanes = Lanes(threads=4, per_target=2)
    assert [lanes.enter(to("a")) for _ in range(3)] == [True, True, False]
    assert lanes.enter(to("a", "smtp")) is True, "the same name at another notifier is another target"
    assert lanes.enter(to("b")) is True
    assert lanes.enter(to("c")) is False
    assert lanes.running == 4


def test_97_target_that_hangs_gets_one_place_until_it_answers():
    lanes = Lanes(threads=8, per_target=4)
    for outcome, places in ((Retry("t", error="timeout"), 1), (Retry("x", status=503), 1), (Delivered(), 4)):
        assert lanes.enter(to("a"))
        lanes.leave(to("a"), outcome, 0.1)
        entered = [lanes.enter(to("a")) for _ in range(5)]
        assert entered.count(True) == places
        for _ in range(places):
            lanes.leave(to("a"), None, 0.1)


def test_answers_that_are_no_sign_of_trouble_do_not_narrow_a_lane():
    lanes = Lanes(threads=8, per_target=4)
    for outcome in (Reject("no such mailbox", 550), Retry("greylisted", status=451), Retry("x", status=500)):
        lanes.enter(to("a"))
        lanes.leave(to("a"), outcome, 0.1)
        assert [lanes.enter(to("a")) for _ in range(4)] == [True] * 4
        for _ in range(4):
            lanes.leave(to("a"), None, 0.1)


def test_dead_targets_leave_half_of_the_places():
    lanes = Lanes(threads=4, per_target=2)
    for target in "abcdef":
        lanes.enter(to(target))
        lanes.leave(to(target), Retry("t", error="timeout"), 15.0)
    assert [lanes.enter(to(target)) for target in "abcdef"].count(True) == 2
    assert lanes.enter(to("alive")) is True


def test_slow_target_is_narrowed_even_when_it_says_yes():
    lanes = Lanes(threads=8, per_target=4)
    lanes.enter(to("a"))
    lanes.leave(to("a"), Delivered(), 14.0)
    assert [lanes.enter(to("a")) for _ in range(2)] == [True, False]


def test_webhooks_leave_a_place_for_mails():
    lanes = Lanes(threads=4, per_target=4)
    assert [lanes.enter(to(target)) for target in "abcd"] == [True, True, True, False]
    assert lanes.enter(to("owner", "smtp")) is True
    assert Lanes(threads=1, per_target=1).enter(to("a")) is True


def test_queue_gives_everybody_a_turn_of_their_own():
    lanes = Lanes(threads=4, per_target=2)
    waits = [lanes.queue(to("a"), 100.0) for _ in range(3)]
    assert waits == sorted(waits)
    assert len(set(waits)) == 3
    assert lanes.queue(to("b"), 100.0) == waits[0]
    assert lanes.queue(to("a"), 200.0) == waits[0], "the queue has passed"


def test_slow_target_makes_the_queue_longer():
    lanes = Lanes(threads=4, per_target=2)
    before = lanes.queue(to("a"), 0.0)
    lanes.enter(to("a"))
    lanes.leave(to("a"), Retry("t", error="timeout"), 15.0)
    assert lanes.queue(to("a"), 100.0) > 10 * before


def test_lanes_are_forgotten_in_the_end():
    lanes = Lanes(threads=4, per_target=2)
    for number in range(MAX_LANES + 10):
        delivery = to(f"t{number}")
        lanes.enter(delivery)
        lanes.leave(delivery, Delivered(), 0.0)
    assert len(lanes._lanes) <= MAX_LANES + 1
