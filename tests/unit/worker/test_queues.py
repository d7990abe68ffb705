from __future__ import annotations

from collections import Counter

import pytest

from consentcore.api import Delivered, Reject, Retry
from consentcore.testing import factories
from consentcore.worker.queues import MAX_HELD, MAX_LANES, Lanes
from consentcore.worker.sender import Claimed

TIMEOUT = Retry("no answer", error="timeout")


def to(target: str, notifier: str = "webhook") -> Claimed:
    return Claimed(factories.delivery("n1", notifier=notifier, target=target), None, 0.0)


def hold(lanes: Lanes, targets: str, notifier: str = "webhook") -> list[bool]:
    return [lanes.hold(to(target, notifier)) for target in targets]


def enter(lanes: Lanes) -> str:
    """The targets that are let in, until no more are."""
    return "".join(claimed.delivery.target for claimed in iter(lanes.enter, None))


def learn(lanes: Lanes, targets: str, outcome, took_s: float = 0.01) -> None:
    """Let one delivery to each target end like this."""
    for target in targets:
        assert lanes.hold(to(target))
        assert enter(lanes) == target
        lanes.leave(to(target).delivery, outcome, took_s)


def test_places_of_one_target_and_in_all_are_bounded():
    lanes = Lanes(threads=4, per_target=2)
    learn(lanes, "abc", Delivered())
    hold(lanes, "aaabbbccc")
    assert Counter(enter(lanes)) == {"a": 1, "b": 1, "c": 1}, "one scenario is never given to one notifier"
    assert lanes.running == 3
    lanes.leave(to("b").delivery, Delivered(), 0.01)
    assert enter(lanes) in "abc"


def test_targets_take_turns():
    lanes = Lanes(threads=2, per_target=1)
    learn(lanes, "abc", Delivered())
    hold(lanes, "aaabbc")
    order = ""
    while (claimed := lanes.enter()) is not None:
        order += claimed.delivery.target
        lanes.leave(claimed.delivery, Delivered(), 0.01)
    assert order == "abcaba"


def test_unknown_target_gets_one_place_until_it_answers():
    lanes = Lanes(threads=8, per_target=4)
    hold(lanes, "aaaa")
    assert enter(lanes) == "a"
    lanes.leave(to("a").delivery, Delivered(), 0.01)
    assert enter(lanes) == "aaa"
    assert lanes.hold(to("a", "smtp")), "the same name at another notifier is another target"
    assert enter(lanes) == "a"


@pytest.mark.parametrize(
    ("outcome", "took_s"),
    [(TIMEOUT, 0.01), (Retry("x", status=503), 0.01), (Retry("x", status=429), 0.01), (Delivered(), 14.0)],
)
def test_97_target_that_hangs_is_overloaded_or_slow_gets_one_place(outcome, took_s):
    lanes = Lanes(threads=8, per_target=4)
    learn(lanes, "a", Delivered())
    hold(lanes, "a" * 6)
    assert enter(lanes) == "aaaa"
    surplus = lanes.leave(to("a").delivery, outcome, took_s)
    assert len(surplus) == 2, "the others need not wait here for a target that does not answer"
    for _ in range(3):
        lanes.leave(to("a").delivery, outcome, took_s)
    assert hold(lanes, "aa") == [True, False]
    assert enter(lanes) == "a"
    assert ("webhook", "a") in lanes.busy()
    lanes.leave(to("a").delivery, Delivered(), 0.01)
    assert lanes.busy() == []


@pytest.mark.parametrize(
    "outcome", [Reject("no such mailbox", 550), Retry("greylisted", status=451), Retry("x", status=500)]
)
def test_answers_that_are_no_sign_of_trouble_do_not_narrow_a_lane(outcome):
    lanes = Lanes(threads=8, per_target=4)
    learn(lanes, "a", outcome)
    hold(lanes, "aaaaa")
    assert enter(lanes) == "aaaa"


def test_dead_targets_leave_three_quarters_of_the_places():
    lanes = Lanes(threads=8, per_target=4)
    learn(lanes, "abcdef", TIMEOUT, 15.0)
    learn(lanes, "x", Delivered())
    assert hold(lanes, "abcdef") == [True] * 6
    assert enter(lanes) == "ab"
    hold(lanes, "nopx")
    assert sorted(enter(lanes)) == ["n", "o", "x"], "unknown ones get as many again, sound ones the rest"


def test_nothing_learnt_changes_nothing():
    lanes = Lanes(threads=8, per_target=4)
    learn(lanes, "a", TIMEOUT)
    hold(lanes, "a")
    enter(lanes)
    assert lanes.leave(to("a").delivery, None, 0.0) == []
    assert hold(lanes, "aa") == [True, False]


def test_lane_holds_what_it_can_send_soon():
    lanes = Lanes(threads=8, per_target=2)
    for _ in range(20):
        learn(lanes, "q", Delivered(), 0.001)
        learn(lanes, "s", Delivered(), 0.5)
    assert lanes.most() == MAX_HELD
    hold(lanes, "q" * MAX_HELD + "sss")
    assert lanes.busy() == [("webhook", "q")]
    hold(lanes, "s")
    assert sorted(lanes.busy()) == [("webhook", "q"), ("webhook", "s")]
    assert lanes.held == MAX_HELD + 4
    assert len(lanes.clear()) == MAX_HELD + 4
    assert (lanes.held, lanes.enter()) == (0, None)


def test_webhooks_leave_a_place_for_mails():
    lanes = Lanes(threads=4, per_target=4)
    learn(lanes, "abcd", Delivered())
    hold(lanes, "abcd")
    assert len(enter(lanes)) == 3
    hold(lanes, "o", "smtp")
    assert enter(lanes) == "o"
    alone = Lanes(threads=1, per_target=1)
    hold(alone, "a")
    assert enter(alone) == "a"


def test_lanes_do_not_grow_without_bound():
    lanes = Lanes(threads=4, per_target=2)
    learn(lanes, "z", TIMEOUT)
    for number in range(MAX_LANES + 50):
        lanes.hold(to(f"t{number}"))
        claimed = lanes.enter()
        lanes.leave(claimed.delivery, Delivered(), 0.01)
    assert len(lanes._lanes) <= MAX_LANES + 1
    assert hold(lanes, "zz") == [True, False], "who is troubled stays known"
