"""What anchors keep is held against the log: by the worker before it signs, by verification, by resuming."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.consent.checkpoint import Checkpointer
from consentcore.consent.evidence.anchored import anchor_remarks
from consentcore.consent.evidence.errors import AnchorsSilent, LedgerBroken
from consentcore.consent.evidence.service import EvidenceLog
from consentcore.consent.evidence.statements import StatementType, statements
from consentcore.domain.errors import InvalidInput
from consentcore.tlog import Note, TreeHead
from tests.support.anchors import Blind, Shelf

ORIGIN = "auth.example"


class Town:
    """A log with an anchor, whose database can be put back."""

    def __init__(self, scenario) -> None:
        self.scenario, self.shelf = scenario, Shelf()
        self.anchors = {"shelf": self.shelf}
        self.restart()

    def restart(self) -> None:
        self.worker = Checkpointer(ORIGIN)

    def step(self, events=1):
        for _ in range(events):
            self.scenario.deny("sites.read")
        one = self.scenario
        return self.worker.advance(one.storage, one.keys, one.clock, self.anchors)

    def backup(self):
        return self.scenario.storage._engine.committed.fork()

    def restore(self, state) -> None:
        self.scenario.storage._engine._state = state

    @property
    def log(self):
        one = self.scenario
        return EvidenceLog(one.storage, one.keys, one.clock, ORIGIN, lambda: self.anchors)

    def problems(self):
        return [problem.text for problem in self.log.verify().problems]


@pytest.fixture
def town(scenario):
    return Town(scenario)


@pytest.mark.parametrize("restarted", [False, True])
def test_rt_13_a_database_that_was_rolled_back_is_noticed_and_not_signed(town, restarted):
    town.step(2)
    old = town.backup()
    town.step()
    town.restore(old)
    if restarted:
        town.restart()
    with pytest.raises(LedgerBroken):
        town.step()
    with pytest.raises(LedgerBroken):
        town.step()
    assert [one.size for one in town.shelf.kept] == [2, 3]
    (text,) = town.problems()
    assert text == "anchor shelf keeps the checkpoint of 3 events: the log has 2, so it was rolled back"


def test_rt_13_a_database_without_any_checkpoint_is_none_that_an_anchor_knows(town):
    empty = town.backup()
    town.step()
    town.restore(empty)
    town.restart()
    with pytest.raises(LedgerBroken, match="the log has 0"):
        town.step()
    assert any("the log has 0" in text for text in town.problems())


def test_rt_09_a_history_that_was_signed_a_second_time_is_none_that_an_anchor_knows(town):
    """Whoever has the key ring too rolls back, forgets the anchors and signs on."""
    town.step()
    old = town.backup()
    town.step()
    town.restore(old)
    town.restart()
    anchors, town.anchors = town.anchors, {}
    town.step(5)
    town.anchors = anchors
    town.restart()
    with pytest.raises(LedgerBroken, match="the log has others in their place"):
        town.step()
    assert town.problems() == [
        "anchor shelf keeps the checkpoint of 2 events: the log has others in their place"
    ]


def test_anchors_are_asked_once_while_one_worker_signs(town):
    for _ in range(3):
        town.step()
        town.step(0)
    assert town.shelf.reads == 1


def test_anchors_are_asked_again_when_another_worker_has_signed(town):
    town.step()
    Checkpointer(ORIGIN).advance(town.scenario.storage, town.scenario.keys, town.scenario.clock, town.anchors)
    other = Checkpointer(ORIGIN)
    town.scenario.deny("sites.read")
    other.advance(town.scenario.storage, town.scenario.keys, town.scenario.clock, town.anchors)
    before = town.shelf.reads
    town.step()
    assert town.shelf.reads > before
    assert town.problems() == []


def test_nothing_is_signed_while_an_anchor_is_silent(town):
    town.step()
    town.restart()
    town.shelf.is_silent = True
    with pytest.raises(AnchorsSilent, match="shelf could not be read"):
        town.step()
    report = town.log.verify()
    assert report.ok
    assert [one.unreadable for one in report.anchors] != [""]
    town.shelf.is_silent = False
    assert town.step(0).size == 2


def test_what_was_found_wrong_outweighs_an_anchor_that_is_silent(town):
    town.anchors["other"] = Shelf()
    old = town.backup()
    town.step()
    town.restore(old)
    town.restart()
    town.anchors["other"].is_silent = True
    with pytest.raises(LedgerBroken):
        town.step()


def test_an_anchor_that_cannot_be_asked_is_given_everything_and_said_to_be_blind(town):
    town.anchors = {"vault": Blind()}
    town.step()
    town.step()
    assert [one.size for one in town.anchors["vault"].kept] == [1, 2]
    report = town.log.verify()
    assert report.ok
    assert anchor_remarks(report.anchors) == [
        "anchor vault cannot be read by us: look yourself at what it keeps"
    ]


def test_without_an_anchor_it_is_said_what_cannot_be_seen(town):
    town.anchors = {}
    town.step(2)
    (remark,) = anchor_remarks(town.log.verify().anchors)
    assert "no anchor is configured" in remark


def test_what_an_anchor_keeps_and_we_never_signed_is_said(town):
    made = town.step()
    forged = Note.read(made.note)
    head = replace(TreeHead.read(forged.text), size=9)
    town.shelf.kept.append(replace(made, note=str(Note(str(head), forged.signatures))))
    assert "anchor shelf: it keeps what is no checkpoint of ours" in town.problems()[0]
    town.restart()
    with pytest.raises(LedgerBroken, match="no checkpoint of ours"):
        town.step()


class TestResuming:
    @pytest.fixture
    def restored(self, town):
        """A backup was restored: two of five events are left."""
        town.step(2)
        old = town.backup()
        town.step(3)
        town.restore(old)
        return town

    def test_rt_13_a_lawful_restore_goes_on_after_it_was_stated_what_is_lost(self, restored):
        done = restored.log.resume("  the disk died ")
        assert (done.kept, done.lost, done.origin) == (2, 5, f"{ORIGIN}/2")
        assert restored.problems() == []
        (said,) = restored.log.verify().resumed
        assert (said.kept, said.lost, said.reason) == (2, {ORIGIN: 5}, "the disk died")
        made = restored.step()
        assert made.size == 4
        assert TreeHead.read(Note.read(made.note).text).origin == f"{ORIGIN}/2"
        restored.restart()
        assert restored.step().size == 5
        assert restored.step(5).size == 10
        assert restored.problems() == []

    def test_the_statement_is_a_leaf_with_the_checkpoint_that_was_lost(self, restored):
        restored.log.resume("the disk died")
        with restored.scenario.storage.reading() as uow:
            (said,) = statements(uow)
        assert (said.type, said.index) == (StatementType.RESUMED, 2)
        (lost,) = said.facts["lost"]
        assert lost["checkpoint"] == restored.shelf.kept[-2].note
        assert (lost["anchor"], lost["log"], lost["size"]) == ("shelf", ORIGIN, 5)

    def test_rt_13_a_rollback_after_it_is_noticed_again(self, restored):
        restored.log.resume("the disk died")
        old = restored.backup()
        restored.step(4)
        restored.restore(old)
        restored.restart()
        with pytest.raises(LedgerBroken, match="the checkpoint of 7 events"):
            restored.step()
        assert restored.log.resume("again").origin == f"{ORIGIN}/3"
        assert restored.step(0).size == 5
        assert restored.problems() == []

    def test_to_put_back_what_was_before_it_does_not_help(self, restored):
        old = restored.backup()
        restored.log.resume("the disk died")
        restored.restore(old)
        restored.restart()
        with pytest.raises(LedgerBroken, match="rolled back"):
            restored.step()

    def test_nothing_can_be_resumed_where_nothing_is_lost(self, town):
        town.step()
        with pytest.raises(InvalidInput, match="nothing is lost"):
            town.log.resume("just so")
        with pytest.raises(InvalidInput, match="reason"):
            town.log.resume(" ")
        town.shelf.is_silent = True
        with pytest.raises(AnchorsSilent):
            town.log.resume("just so")

    def test_a_statement_of_somebody_without_the_key_is_not_believed(self, restored):
        kept = restored.backup()
        restored.log.resume("the disk died")
        with restored.scenario.storage.reading() as uow:
            (said,) = statements(uow)
        restored.restore(kept)
        with restored.scenario.storage.transaction() as uow:
            uow.tlog.put(said.kept)
        restored.restart()
        with pytest.raises(LedgerBroken):
            restored.step()
        assert any("that no checkpoint covers" in text for text in restored.problems())
