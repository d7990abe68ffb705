from __future__ import annotations

import pytest

from consentcore.api import Delivered, DeliveryState, Gone, Reject, Retry
from consentcore.testing import factories
from consentcore.worker.retry import AttemptResult, settlement, wait_s

SCHEDULE = (5.0, 300.0, 1800.0)
NOW = factories.NOW


def tried(outcome, number: int = 1) -> AttemptResult:
    return AttemptResult(factories.delivery("n1", lease_token="t"), number, NOW, 17, outcome, number)


@pytest.mark.parametrize(("failures", "base"), [(1, 5.0), (2, 300.0), (3, 1800.0)])
def test_93_waits_are_those_of_the_schedule_within_a_fifth(failures, base):
    assert wait_s(SCHEDULE, failures, None, 0.5) == pytest.approx(base)
    assert wait_s(SCHEDULE, failures, None, 0.0) == pytest.approx(0.8 * base)
    assert wait_s(SCHEDULE, failures, None, 1.0) == pytest.approx(1.2 * base)


def test_used_up_schedule_has_no_wait():
    assert wait_s(SCHEDULE, 4, None, 0.5) is None
    assert wait_s((), 1, 5.0, 0.5) is None


@pytest.mark.parametrize(("wish", "wait"), [(0, 300), (299, 300), (450, 450), (600, 600), (10**9, 600)])
def test_wish_of_the_target_is_honoured_up_to_twice_the_wait(wish, wait):
    assert wait_s(SCHEDULE, 2, wish, 0.0) == wait


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Delivered(204, "ok"), DeliveryState.DELIVERED),
        (Gone("410", 410), DeliveryState.GONE),
        (Reject("no", 550, "smtp"), DeliveryState.REJECTED),
        (Retry("later"), DeliveryState.PENDING),
    ],
)
def test_outcome_decides_the_state(outcome, state):
    settled = settlement(tried(outcome), SCHEDULE, NOW + 20)
    assert settled.state is state
    assert (settled.next_at is not None) is (state is DeliveryState.PENDING)
    assert (settled.lease_token, settled.now) == ("t", NOW + 20)
    assert settled.attempt.outcome == type(outcome).__name__.lower()
    assert (settled.attempt.status, settled.attempt.latency_ms) == (outcome.status, 17)


def test_last_failure_is_a_dead_letter():
    settled = settlement(tried(Retry("no answer", error="timeout"), number=4), SCHEDULE, NOW)
    assert (settled.state, settled.error, settled.attempt.error) == (
        DeliveryState.DEAD,
        "no answer",
        "timeout",
    )


def test_answer_is_kept_as_every_store_takes_it():
    settled = settlement(tried(Retry("a\x00b", answer="x\x00\ud800" + "y" * 5000)), SCHEDULE, NOW)
    assert settled.error == "ab"
    assert settled.attempt.answer == "x?" + "y" * 1021
