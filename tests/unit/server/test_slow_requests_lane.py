"""Requests that wait for somebody outside: bounded by kind, target and sender, and in nobody's way."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

import pytest

from consentcore.egress.errands import Busy, Elsewhere, Errand, Here, Kind, errand, moving, served_at
from consentcore.server.slow_requests import Waiter, WaitingLane
from tests.support.patience import PATIENCE_S, eventually

KIND = Kind("a test", at_once=3, per_target=2, per_sender=1, waiting=2)
OTHER = Kind("another test", at_once=3, per_target=2)
SLOW = Errand(KIND, "slow.example", "isv")


class Held:
    """Jobs that run until the gate opens."""

    def __init__(self):
        self.lane, self.gate = WaitingLane(), threading.Event()
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.refused: list[str] = []

    def put(self, name, wanted, *, held=True, deadline=float("inf")):
        def go():
            self.begun.append(name)
            if held:
                self.gate.wait(PATIENCE_S)
            self.ended.append(name)

        return self.lane.put(Waiter(wanted, go, lambda: self.refused.append(name), deadline))


@pytest.fixture
def held():
    made = Held()
    yield made
    made.gate.set()


def test_one_sender_takes_its_share_and_others_overtake(held):
    assert held.put("first", SLOW)
    assert held.put("second", Errand(KIND, "other.example", "isv"))
    assert held.put("stranger", Errand(KIND, "slow.example", "stranger"), held=False)
    assert held.put("other kind", Errand(OTHER, "slow.example", "isv"), held=False)
    eventually(lambda: sorted(held.ended) == ["other kind", "stranger"])
    assert "second" not in held.begun
    assert not held.lane.idle
    held.gate.set()
    eventually(lambda: held.lane.idle)
    assert sorted(held.ended) == ["first", "other kind", "second", "stranger"]


def test_one_target_and_one_kind_take_their_shares(held):
    for number in range(3):
        assert held.put(f"one {number}", Errand(KIND, "slow.example", f"isv{number}"))
    eventually(lambda: len(held.begun) == 2)
    assert held.put("elsewhere", Errand(KIND, "other.example", "isv3"))
    eventually(lambda: len(held.begun) == 3)
    assert held.put("one too many", Errand(KIND, "third.example", "isv4"))
    held.gate.set()
    eventually(lambda: held.lane.idle)
    assert len(held.ended) == 5


def test_who_floods_the_lane_is_refused_and_nobody_else(held):
    assert [held.put(f"flood {number}", SLOW) for number in range(5)] == [True, True, True, False, False]
    assert held.put("stranger", Errand(KIND, "fast.example", "stranger"), held=False)
    eventually(lambda: held.ended == ["stranger"])


def test_what_waits_too_long_for_its_turn_is_refused(held):
    now = time.monotonic()
    assert held.put("first", SLOW, deadline=now)
    eventually(lambda: held.begun == ["first"])
    assert held.put("patient", SLOW, deadline=now + 100)
    assert held.put("late", SLOW, deadline=now + 1)
    held.lane.expire(now + 2)
    assert held.refused == ["late"]
    held.gate.set()
    eventually(lambda: held.ended == ["first", "patient"])


def test_a_job_that_fails_gives_its_turn_back(held):
    def fail():
        raise RuntimeError

    assert held.lane.put(Waiter(SLOW, fail, lambda: None, float("inf")))
    assert held.put("next", SLOW, held=False)
    eventually(lambda: held.ended == ["next"])
    assert held.lane.idle


def test_outside_of_requests_an_errand_is_nothing_special():
    with errand(SLOW):
        assert moving() is None


def test_a_thread_that_others_need_does_only_what_was_granted():
    place = Elsewhere()
    with served_at(place), pytest.raises(Busy), errand(SLOW):
        raise AssertionError
    assert place.wanted == SLOW
    granted = Elsewhere(frozenset({SLOW}))
    with served_at(granted), served_at(Here(1)), errand(SLOW):
        assert moving() is None


def test_without_a_lane_few_wait_and_the_others_are_refused():
    here = Here(2)
    with ExitStack() as waiting:
        waiting.enter_context(served_at(here))
        waiting.enter_context(errand(Errand(KIND, "one.example", "a")))
        waiting.enter_context(errand(Errand(KIND, "two.example", "b")))
        with pytest.raises(Busy), errand(Errand(KIND, "three.example", "c")):
            raise AssertionError
    with served_at(here), errand(Errand(KIND, "three.example", "c")):
        pass


def test_without_a_lane_one_sender_waits_for_its_own_turn():
    here, inside, go_on, done = Here(2), threading.Event(), threading.Event(), []

    def first():
        with served_at(here), errand(SLOW):
            inside.set()
            go_on.wait(PATIENCE_S)
            done.append("first")

    def second():
        with served_at(here), errand(SLOW):
            done.append("second")

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    assert inside.wait(PATIENCE_S)
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join()
    assert done == ["first", "second"]
