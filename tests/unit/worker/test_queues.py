from __future__ import annotations

from collections import Counter

import pytest

from consentcore.api import Delivered, Reject, Retry
from consentcore.testing import factories
from consentcore.worker.claimed_delivery import ClaimedDelivery
from consentcore.worker.queues import MAX_QUEUES, MAX_WAITING, TargetQueues

TIMEOUT = Retry("no answer", error="timeout")


def to(target: str, notifier: str = "webhook") -> ClaimedDelivery:
    return ClaimedDelivery(factories.delivery("n1", notifier=notifier, target=target), None, 0.0)


def hold(queues: TargetQueues, targets: str, notifier: str = "webhook") -> list[bool]:
    return [queues.put(to(target, notifier)) for target in targets]


def enter(queues: TargetQueues) -> str:
    """The targets that are let in, until no more are."""
    return "".join(claimed.delivery.target for claimed in iter(queues.take, None))


def learn(queues: TargetQueues, targets: str, outcome, took_s: float = 0.01) -> None:
    """Let one delivery to each target end like this."""
    for target in targets:
        assert queues.put(to(target))
        assert enter(queues) == target
        queues.finish(to(target).delivery, outcome, took_s)


def test_places_of_one_target_and_in_all_are_bounded():
    queues = TargetQueues(threads=4, per_target=2)
    learn(queues, "abc", Delivered())
    hold(queues, "aaabbbccc")
    assert Counter(enter(queues)) == {"a": 1, "b": 1, "c": 1}, "one scenario is never given to one notifier"
    assert queues.running == 3
    queues.finish(to("b").delivery, Delivered(), 0.01)
    assert enter(queues) in "abc"


def test_targets_take_turns():
    queues = TargetQueues(threads=2, per_target=1)
    learn(queues, "abc", Delivered())
    hold(queues, "aaabbc")
    order = ""
    while (claimed := queues.take()) is not None:
        order += claimed.delivery.target
        queues.finish(claimed.delivery, Delivered(), 0.01)
    assert order == "abcaba"


def test_unknown_target_gets_one_place_until_it_answers():
    queues = TargetQueues(threads=8, per_target=4)
    hold(queues, "aaaa")
    assert enter(queues) == "a"
    queues.finish(to("a").delivery, Delivered(), 0.01)
    assert enter(queues) == "aaa"
    assert queues.put(to("a", "smtp")), "the same name at another notifier is another target"
    assert enter(queues) == "a"


@pytest.mark.parametrize(
    ("outcome", "took_s"),
    [(TIMEOUT, 0.01), (Retry("x", status=503), 0.01), (Retry("x", status=429), 0.01), (Delivered(), 14.0)],
)
def test_97_target_that_hangs_is_overloaded_or_slow_gets_one_place(outcome, took_s):
    queues = TargetQueues(threads=8, per_target=4)
    learn(queues, "a", Delivered())
    hold(queues, "a" * 6)
    assert enter(queues) == "aaaa"
    surplus = queues.finish(to("a").delivery, outcome, took_s)
    assert len(surplus) == 2, "the others need not wait here for a target that does not answer"
    for _ in range(3):
        queues.finish(to("a").delivery, outcome, took_s)
    assert hold(queues, "aa") == [True, False]
    assert enter(queues) == "a"
    assert ("webhook", "a") in queues.busy()
    queues.finish(to("a").delivery, Delivered(), 0.01)
    assert queues.busy() == []


@pytest.mark.parametrize(
    "outcome", [Reject("no such mailbox", 550), Retry("greylisted", status=451), Retry("x", status=500)]
)
def test_answers_that_are_no_sign_of_trouble_do_not_narrow_a_lane(outcome):
    queues = TargetQueues(threads=8, per_target=4)
    learn(queues, "a", outcome)
    hold(queues, "aaaaa")
    assert enter(queues) == "aaaa"


def test_dead_targets_leave_three_quarters_of_the_places():
    queues = TargetQueues(threads=8, per_target=4)
    learn(queues, "abcdef", TIMEOUT, 15.0)
    learn(queues, "x", Delivered())
    assert hold(queues, "abcdef") == [True] * 6
    assert enter(queues) == "ab"
    hold(queues, "nopx")
    assert sorted(enter(queues)) == ["n", "o", "x"], "unknown ones get as many again, sound ones the rest"


def test_nothing_learnt_changes_nothing():
    queues = TargetQueues(threads=8, per_target=4)
    learn(queues, "a", TIMEOUT)
    hold(queues, "a")
    enter(queues)
    assert queues.finish(to("a").delivery, None, 0.0) == []
    assert hold(queues, "aa") == [True, False]


def test_lane_holds_what_it_can_send_soon():
    queues = TargetQueues(threads=8, per_target=2)
    for _ in range(20):
        learn(queues, "q", Delivered(), 0.001)
        learn(queues, "s", Delivered(), 0.5)
    assert queues.claim_limit() == MAX_WAITING
    hold(queues, "q" * MAX_WAITING + "sss")
    assert queues.busy() == [("webhook", "q")]
    hold(queues, "s")
    assert sorted(queues.busy()) == [("webhook", "q"), ("webhook", "s")]
    assert queues.waiting == MAX_WAITING + 4
    assert len(queues.clear()) == MAX_WAITING + 4
    assert (queues.waiting, queues.take()) == (0, None)


def test_webhooks_leave_a_place_for_mails():
    queues = TargetQueues(threads=4, per_target=4)
    learn(queues, "abcd", Delivered())
    hold(queues, "abcd")
    assert len(enter(queues)) == 3
    hold(queues, "o", "smtp")
    assert enter(queues) == "o"
    alone = TargetQueues(threads=1, per_target=1)
    hold(alone, "a")
    assert enter(alone) == "a"


def test_queues_do_not_grow_without_bound():
    queues = TargetQueues(threads=4, per_target=2)
    learn(queues, "z", TIMEOUT)
    for number in range(MAX_QUEUES + 50):
        queues.put(to(f"t{number}"))
        claimed = queues.take()
        queues.finish(claimed.delivery, Delivered(), 0.01)
    assert len(queues._queues) <= MAX_QUEUES + 1
    assert hold(queues, "zz") == [True, False], "who is troubled stays known"


def test_whether_there_is_a_next_one_is_what_take_finds():
    queues = TargetQueues(threads=3, per_target=1)
    assert not queues.has_next
    learn(queues, "ab", Delivered())
    hold(queues, "aab")
    assert queues.has_next
    assert enter(queues) == "ab"
    assert not queues.has_next, "each has its one place"
    queues.finish(to("a").delivery, Delivered(), 0.01)
    assert queues.has_next
