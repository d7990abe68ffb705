"""What a key that is over seals, does not verify, whatever date it bears."""

from __future__ import annotations

import pytest

from consentcore.consent.checkpoint import advance
from consentcore.consent.evidence.statements import StatementType, statements
from consentcore.consent.verify import verify_all
from consentcore.domain.clock import HOUR, MINUTE
from consentcore.keys import Keys, MasterKey
from consentcore.testing.factories import NOW
from consentcore.testing.fakes import ManualClock
from tests.unit.consent.conftest import begin

OLD = MasterKey("old1", b"o" * 32, used_from=NOW - HOUR)
NEW = MasterKey("new1", b"n" * 32, used_from=NOW)


def step(scenario, keys):
    return advance(scenario.storage, keys, scenario.clock, {})


def said(scenario):
    with scenario.storage.reading() as uow:
        return list(statements(uow))


def lived(scenario, *, revoked=0):
    """A denial sealed by the old key, one by the new key, and the ring of both."""
    scenario.keys = Keys([OLD], scenario.clock)
    scenario.deny("sites.read")
    step(scenario, scenario.keys)
    marked = MasterKey(OLD.key_id, OLD.secret, used_from=OLD.used_from, revoked_at=revoked)
    both = Keys([NEW, marked], scenario.clock)
    scenario.keys = both
    scenario.deny("sites.read")
    step(scenario, both)
    return both


def forged(scenario, keys):
    """Somebody who has the old key seals an event with it, dated back."""
    now, scenario.clock, service_keys = scenario.clock, ManualClock(NOW - MINUTE), scenario.keys
    scenario.keys = Keys([OLD], scenario.clock)
    for made in ("service", "_service"):
        scenario.__dict__.pop(made, None)
    event = scenario.deny("energy.read").event
    scenario.clock, scenario.keys = now, service_keys
    for made in ("service", "_service"):
        scenario.__dict__.pop(made, None)
    assert event.key_id == "old1"
    return event


def of_events(scenario, keys):
    """What is wrong, but for rows that a revoked key has sealed and nobody has sealed anew."""
    found = verify_all(scenario.storage, keys).problems
    return [one for one in found if "the row of the grant is sealed by the key" not in one.text]


@pytest.mark.parametrize(("revoked", "after"), [(0, 10 * MINUTE), (NOW, MINUTE)])
def test_rt_09_what_an_old_key_seals_after_its_end_is_found_whatever_date_it_bears(revoked, after):
    scenario = begin()
    keys = lived(scenario, revoked=revoked)
    scenario.clock.advance(after - 1)
    assert step(scenario, keys) is None
    scenario.clock.advance(1)
    assert step(scenario, keys).size == 3
    (statement,) = said(scenario)
    assert statement.index == 2
    assert statement.type is StatementType.KEYS
    (ended,) = statement.facts["ended"]
    assert (ended["key_id"], ended["why"]) == ("old1", "revoked" if revoked else "retired")
    assert of_events(scenario, keys) == []
    event = forged(scenario, keys)
    (problem,) = of_events(scenario, keys)
    assert problem.event_id == event.event_id
    assert "the key old1, which was over before (place 2 of the log)" in problem.text
    step(scenario, keys)
    assert of_events(scenario, keys)[0].event_id == event.event_id


def test_a_late_process_may_finish_with_the_old_key_before_its_end():
    scenario = begin()
    keys = lived(scenario)
    scenario.clock.advance(9 * MINUTE)
    forged(scenario, keys)
    step(scenario, keys)
    scenario.clock.advance(MINUTE)
    step(scenario, keys)
    assert verify_all(scenario.storage, keys).ok


@pytest.mark.parametrize("revoked", [0, NOW])
def test_what_waits_for_its_place_while_no_worker_runs_gets_it_before_the_end_of_its_key(revoked):
    """Otherwise a worker that was down over a rotation would end what people have decided meanwhile."""
    scenario = begin()
    keys = lived(scenario, revoked=revoked)
    waits = forged(scenario, keys)  # of whoever has the old key: a process, before it has read the new one
    scenario.clock.advance(HOUR)
    assert step(scenario, keys).size == 4
    (statement,) = said(scenario)
    assert statement.index == 3
    with scenario.storage.reading() as uow:
        assert uow.ledger.get(waits.event_id).leaf_index == 2
    assert of_events(scenario, keys) == []


def test_it_is_said_once():
    scenario = begin()
    keys = lived(scenario)
    scenario.clock.advance(HOUR)
    assert [step(scenario, keys) is None for _ in range(3)] == [False, True, True]
    assert len(said(scenario)) == 1


def test_of_a_ring_without_times_the_old_key_is_over_an_hour_after_the_new_one_was_seen():
    scenario = begin()
    scenario.keys = Keys([("old1", b"o" * 32)], scenario.clock)
    scenario.deny("sites.read")
    step(scenario, scenario.keys)
    keys = Keys([("new1", b"n" * 32), ("old1", b"o" * 32)], scenario.clock)
    assert step(scenario, keys) is None
    scenario.clock.advance(59 * MINUTE)
    assert step(scenario, keys) is None
    scenario.clock.advance(MINUTE)
    assert step(scenario, keys).size == 2
    assert verify_all(scenario.storage, keys).ok


def test_a_statement_that_was_taken_away_or_changed_is_found():
    scenario = begin()
    keys = lived(scenario)
    scenario.clock.advance(HOUR)
    step(scenario, keys)
    objects = scenario.storage._engine.committed.log_objects
    (path,) = (one.path for one in objects.values() if one.path.startswith("statement/"))
    kept = objects.get(path)
    objects.drop([path])
    assert "event 2 of the sequence is missing" in verify_all(scenario.storage, keys).problems[0].text
    objects.put(path, type(kept)(path, kept.data.replace(b"retired", b"Retired")))
    assert "signature" in verify_all(scenario.storage, keys).problems[0].text
    objects.put(path, kept)
    later = path[:-1] + "3"
    objects.put(later, type(kept)(later, kept.data))
    assert "another place" in verify_all(scenario.storage, keys).problems[0].text
