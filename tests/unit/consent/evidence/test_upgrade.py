"""A ledger that a release without a public log has signed, is verified, and a digest of it is signed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.consent.checkpoint import LedgerBroken, advance
from consentcore.consent.evidence.before import SEAL
from consentcore.consent.evidence.service import EvidenceLog
from consentcore.consent.evidence.statements import StatementType, statements
from consentcore.consent.ledger import canonical
from consentcore.consent.verify import verify_all
from consentcore.domain.event import Checkpoint
from consentcore.tlog import Tree

EVENTS, SIZES = 600, (1, 5, 300, 600)


def sealed_as_before(keys, size, root, now):
    """What releases up to 0.1.0 wrote."""
    key_id = keys.current_id
    text = canonical({"size": size, "root": root.hex(), "created_at": now, "key_id": key_id})
    return Checkpoint(size, root, now, keys.mac(SEAL, text.encode(), key_id), key_id)


@pytest.fixture
def before(scenario):
    """A ledger of then."""
    for _ in range(EVENTS):
        scenario.deny("sites.read")
    tree = Tree()
    with scenario.storage.transaction() as uow:
        assert uow.ledger.sequence_leaves(EVENTS) == EVENTS
        for event in uow.ledger.leaves(0, EVENTS):
            tree.add(event.record_hash)
            if tree.size in SIZES:
                uow.ledger.add_checkpoint(sealed_as_before(scenario.keys, tree.size, tree.root(), 5))
    return scenario


def log_of(scenario):
    return EvidenceLog(scenario.storage, scenario.keys, scenario.clock, "auth.example", dict)


def tables(scenario):
    return scenario.storage._engine.committed


def problems(scenario):
    return [problem.text for problem in verify_all(scenario.storage, scenario.keys).problems]


def test_a_ledger_of_before_is_taken_over_once(before):
    assert problems(before) == []
    done, wrong = log_of(before).take_over()
    assert (f"{EVENTS} events" in done, wrong) == (True, [])
    assert log_of(before).take_over() == ("", [])
    assert problems(before) == []
    before.deny("sites.read")
    assert log_of(before).advance().size == EVENTS + 2
    report = verify_all(before.storage, before.keys)
    assert (report.ok, report.events, report.checkpoints) == (True, EVENTS + 1, len(SIZES) + 2)
    with before.storage.reading() as uow:
        (said,) = statements(uow)
    assert said.type is StatementType.UPGRADED
    assert (said.index, said.facts["before"]["checkpoints"]) == (EVENTS, len(SIZES))


def test_nothing_is_signed_before_the_upgrade(before):
    before.deny("sites.read")
    with pytest.raises(LedgerBroken, match="consentcore init"):
        advance(before.storage, before.keys, before.clock, {})


def test_a_ledger_that_is_not_intact_is_not_taken_over(before):
    tables(before).checkpoints.drop([600])
    row = tables(before).checkpoints.get(300)
    tables(before).checkpoints.put(300, replace(row, root=bytes(32)))
    done, (wrong,) = log_of(before).take_over()
    assert done == ""
    assert "not intact" in wrong
    with before.storage.reading() as uow:
        assert list(statements(uow)) == []


def test_what_is_broken_for_good_is_stated_and_the_log_goes_on(before):
    event = next(iter(tables(before).events.values()))
    tables(before).events.put(event.event_id, replace(event, body=event.body.replace("denied", "grante")))
    done, (wrong,) = log_of(before).take_over()
    assert done == ""
    assert "audit resume" in wrong
    log_of(before).resume("an old disk")
    with before.storage.reading() as uow:
        (said,) = statements(uow)
    reason, problem = said.facts["problems"]
    assert reason == "taken over nevertheless: an old disk"
    assert event.grant_id in problem
    before.deny("sites.read")
    assert log_of(before).advance().size == EVENTS + 2
    report = verify_all(before.storage, before.keys)
    assert [one.event_id for one in report.problems] == [event.event_id]


def test_a_new_storage_has_nothing_to_take_over(scenario):
    assert log_of(scenario).take_over() == ("", [])
    scenario.deny("sites.read")
    assert log_of(scenario).take_over() == ("", [])


@pytest.mark.parametrize("size", SIZES)
def test_a_checkpoint_of_before_that_was_deleted_is_found(before, size):
    log_of(before).take_over()
    tables(before).checkpoints.drop([size])
    assert problems(before)


def test_a_keyed_hash_of_before_that_was_exchanged_is_found(before):
    log_of(before).take_over()
    tables(before).checkpoints.drop(SIZES)
    assert problems(before)
