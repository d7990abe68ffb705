"""Notes of what operators have looked at go in their time, and say nothing of a person who was erased."""

from __future__ import annotations

import pytest

from consentcore.consent.checkpoint import advance
from consentcore.consent.verify import verify_all
from consentcore.keys.record_notes import looked_folder
from consentcore.operators.erasure import Erasure
from consentcore.operators.looks import KEPT_MS, OperatorLooks
from consentcore.testing.scenario import Scenario
from consentcore_memory import MemoryStorage


@pytest.fixture
def scenario():
    return Scenario.begin(MemoryStorage())


@pytest.fixture
def looks(scenario):
    return OperatorLooks(scenario.storage, scenario.keys, scenario.clock)


def look(scenario, looks, reason):
    looks.note("owner show", by="ops", owner_id=scenario.owner.owner_id, reason=reason)


def kept_values(scenario):
    return repr(list(scenario.storage._engine.committed.disclosures.values()))


def sign(scenario):
    advance(scenario.storage, scenario.keys, scenario.clock, {})


def folder(scenario):
    with scenario.storage.reading() as uow:
        return uow.tlog.list(looked_folder(scenario.owner.owner_id))


def test_rt_10_a_look_goes_with_the_next_look_at_the_same_person_after_six_years(scenario, looks):
    look(scenario, looks, "ticket of then")
    sign(scenario)
    assert len(folder(scenario)) == 1
    scenario.clock.advance(KEPT_MS)
    look(scenario, looks, "ticket of the last day")
    assert len(folder(scenario)) == 1
    scenario.clock.advance(1)
    look(scenario, looks, "ticket of today")
    assert folder(scenario) == []  # what is newer waits for its place
    assert [one.reason for one in looks.at(scenario.owner.owner_id)] == [
        "ticket of the last day",
        "ticket of today",
    ]
    assert "ticket of then" not in kept_values(scenario)


@pytest.mark.parametrize("stated", [True, False], ids=["in the log", "waiting"])
def test_rt_05_why_somebody_looked_goes_with_the_person_and_that_they_did_stays(scenario, looks, stated):
    scenario.approve("energy.read")
    look(scenario, looks, "Mrs Lovelace rang about her divorce")
    if stated:
        sign(scenario)
    assert "divorce" in str(looks.at(scenario.owner.owner_id))
    erasure = Erasure(scenario.storage, scenario.keys, scenario.clock, scenario.service)
    erasure.erase(scenario.owner.owner_id, by="ops", reason="she asked for it")
    (found,) = looks.at(scenario.owner.owner_id)
    assert (found.action, found.by, found.reason) == ("owner show", "ops", "")
    assert "divorce" not in repr(list(scenario.storage._engine.committed.disclosures.values()))
    sign(scenario)
    report = verify_all(scenario.storage, scenario.keys)
    assert report.ok, report.problems
