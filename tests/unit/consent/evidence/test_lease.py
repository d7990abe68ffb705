from __future__ import annotations

import pytest

from consentcore.consent.checkpoint import Checkpointer
from consentcore.consent.evidence.lease import LEASE_MS, PATH, Lease
from consentcore.ports.tlog import LogObject


def step(scenario, checkpointer, anchors=None):
    return checkpointer.advance(scenario.storage, scenario.keys, scenario.clock, anchors or {})


def held(scenario):
    lease = Lease()
    with scenario.storage.transaction() as uow:
        assert lease.is_free(uow, scenario.clock.now())
        lease.take(uow, scenario.clock.now())
    return lease


def test_one_worker_adds_at_a_time_and_another_takes_over_when_it_is_gone(scenario):
    scenario.deny("sites.read")
    held(scenario)
    other = Checkpointer()
    assert step(scenario, other) is None
    scenario.clock.advance(LEASE_MS)
    assert step(scenario, other).size == 1


def test_a_lease_is_given_back_at_once(scenario):
    for number in (1, 2, 3):
        scenario.deny("sites.read")
        assert step(scenario, Checkpointer()).size == number


def test_a_lease_is_given_back_when_something_fails(scenario):
    scenario.deny("sites.read")

    class Rude:
        def publish(self, _checkpoint):
            raise OSError("no")

    step(scenario, Checkpointer(), {"rude": Rude()})
    scenario.deny("sites.read")
    assert step(scenario, Checkpointer()).size == 2


def test_who_has_lost_a_lease_does_not_give_back_that_of_another(scenario):
    first = held(scenario)
    scenario.clock.advance(LEASE_MS)
    held(scenario)
    with scenario.storage.transaction() as uow:
        first.give_back(uow)
    with scenario.storage.transaction() as uow:
        assert not first.is_free(uow, scenario.clock.now())


@pytest.mark.parametrize("ahead", [0, 1])
def test_a_lease_of_a_clock_that_went_wrong_lasts_no_longer_than_any(scenario, ahead):
    scenario.clock.advance(ahead)
    held(scenario)
    scenario.clock.advance(-ahead)
    with scenario.storage.transaction() as uow:
        assert Lease().is_free(uow, scenario.clock.now()) is bool(ahead)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"{}",
        b"[1]",
        b'{"holder": "x"}',
        b'{"holder": "x", "until": "z"}',
        b'{"until": 9}',
        b"[" * 9**5,
    ],
    ids=["empty", "no text", "no member", "list", "no time", "time that is none", "no holder", "deep"],
)
def test_rt_09_a_row_that_is_no_lease_keeps_the_log_from_nothing(scenario, data):
    """Otherwise one row, which nothing looks at, would end all signing."""
    scenario.deny("sites.read")
    with scenario.storage.transaction() as uow:
        uow.tlog.put(LogObject(PATH, data))
    assert step(scenario, Checkpointer()).size == 1
