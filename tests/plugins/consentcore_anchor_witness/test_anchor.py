"""Witnesses, with one that is strict by the specification."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import AnchorContradiction, ConfigurationError, Signature, TreeHead
from consentcore.consent.checkpoint import Checkpointer, LedgerBroken
from consentcore.consent.evidence.cosignatures import cosigned
from consentcore.consent.evidence.service import EvidenceLog
from consentcore.consent.evidence.signer import LogSigner
from consentcore.tlog import Note, cosigned_at
from consentcore_anchor_witness import AnchorWitnessSettings, consentcore_anchor, consentcore_plugin
from tests.support.witness import witness
from tests.unit.consent.conftest import begin

ORIGIN = "auth.example"
LOOPBACK = ("127.0.0.0/8",)


def settings(*witnesses, **more):
    words = [word for one in witnesses for word in (one.url, str(one.key))]
    return AnchorWitnessSettings(tuple(words), allow_networks=LOOPBACK, **more)


class Town:
    """A log whose checkpoints are cosigned."""

    def __init__(self, *witnesses) -> None:
        self.scenario = begin()
        for one in witnesses:
            one.trust(LogSigner(self.scenario.keys, ORIGIN).key("test1"))
        self.made = settings(*witnesses)
        self.restart()

    def restart(self) -> None:
        made = consentcore_anchor(self.made) if self.made.witnesses else {}
        self.anchors = {f"anchor_witness:{name}": one for name, one in made.items()}
        self.worker = Checkpointer(ORIGIN)

    def step(self, events=1):
        for _ in range(events):
            self.scenario.deny("sites.read")
        one = self.scenario
        return self.worker.advance(one.storage, one.keys, one.clock, self.anchors)

    @property
    def log(self):
        one = self.scenario
        return EvidenceLog(one.storage, one.keys, one.clock, ORIGIN, lambda: self.anchors)

    def published(self):
        with self.scenario.storage.reading() as uow:
            return cosigned(uow, uow.ledger.newest_checkpoint())


@pytest.fixture
def w1():
    with witness() as made:
        yield made


@pytest.fixture
def town(w1):
    return Town(w1)


def sizes(one):
    return [int(body.partition("\n")[0].removeprefix("old ")) for body in one.requests]


def test_it_says_who_it_is():
    info = consentcore_plugin()
    assert (info.name, info.kind.value) == ("anchor_witness", "extensions")


def test_each_checkpoint_is_cosigned_with_a_proof_that_it_continues_the_one_before(town, w1):
    for events in (1, 2, 5, 300):
        town.step(events)
    assert sizes(w1) == [0, 1, 3, 8]
    note = town.published()
    assert cosigned_at(note, w1.key) == w1.time
    assert len(note.signatures) == 2
    assert w1.seen[ORIGIN][0] == TreeHead.read(note.text)


def test_a_worker_that_starts_anew_learns_what_was_cosigned(town, w1):
    town.step(3)
    town.restart()
    town.step(2)
    assert sizes(w1) == [0, 0, 3]
    assert cosigned_at(town.published(), w1.key) is not None


def test_every_witness_signs_for_itself(w1):
    with witness(name="other.example") as w2:
        town = Town(w1, w2)
        town.step(2)
        note = town.published()
        assert [cosigned_at(note, one.key) for one in (w1, w2)] == [w1.time, w2.time]
        report = town.log.verify()
        assert report.ok
        assert [one.name for one in report.anchors] == [
            "anchor_witness:witness.example/w1",
            "anchor_witness:other.example",
        ]


def test_rt_13_a_rollback_is_noticed_by_what_a_witness_has_cosigned(town):
    town.step(2)
    old = town.scenario.storage._engine.committed.fork()
    town.step()
    town.scenario.storage._engine._state = old
    town.restart()
    with pytest.raises(LedgerBroken, match="the log has 2, so it was rolled back"):
        town.step()
    (problem,) = town.log.verify().problems
    assert "keeps the checkpoint of 3 events" in problem.text


def test_rt_09_a_fork_is_not_cosigned(town, w1):
    """Who signs another history with our key, and asks no anchor, has no cosignature for it."""
    town.step(2)
    other = Town(w1)
    (name,) = other.anchors
    other.anchors = {name: Deaf(other.anchors[name])}
    with pytest.raises(LedgerBroken, match="does not follow the checkpoint of 5 events"):
        other.step(5)
    with pytest.raises(LedgerBroken, match="does not follow"):
        other.step()
    with other.scenario.storage.reading() as uow:
        assert [one.size for one in uow.ledger.checkpoints()] == [5]
    assert w1.seen[ORIGIN][0].size == 2


class Deaf:
    """A witness that nobody asks before."""

    def __init__(self, anchor) -> None:
        self.publish, self.cosign = anchor.publish, anchor.cosign


def test_what_a_witness_has_cosigned_and_we_do_not_have_is_said(town):
    made = town.step(5)
    (anchor,) = town.anchors.values()
    smaller = Town()
    with pytest.raises(AnchorContradiction, match="it has cosigned 5 events"):
        anchor.cosign(smaller.step(3), lambda _old: [])
    with pytest.raises(AnchorContradiction, match="not continued"):
        anchor.cosign(smaller.step(2), lambda _old: [])
    assert anchor.newest(ORIGIN).startswith(Note.read(made.note).text)


def test_a_witness_that_knows_nothing_of_us_stops_nobody(w1, caplog):
    town = Town(w1)
    w1.logs.clear()
    assert town.step().size == 1
    assert "it does not know the log" in caplog.text
    w1.trust(LogSigner(begin().keys, ORIGIN).key("test1"))
    w1.logs = {ORIGIN: [replace(w1.logs[ORIGIN][0], public=bytes(32))]}
    assert town.step().size == 2
    assert "it does not know the key that signed" in caplog.text


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _one: "",
        lambda _one: "nonsense\n",
        lambda one: one.replace("w1", "w2"),
        lambda one: str(spoilt(Signature.read(one[:-1]))),
    ],
)
def test_an_answer_that_is_no_cosignature_is_not_kept(town, w1, spoil):
    good = w1.add_checkpoint
    w1.add_checkpoint = lambda body: spoil(good(body))
    town.step()
    assert len(town.published().signatures) == 1


def spoilt(one):
    return Signature(one.name, one.key_id, one.data[:-1] + b"x")


@pytest.mark.parametrize("text", ["", "x\n", "-1\n", "9" * 30 + "\n"])
def test_a_409_that_says_no_size_is_no_answer(town, w1, text, caplog):
    from tests.support.witness import Refused

    def refuse(_body):
        raise Refused(409, text, "text/x.tlog.size")

    w1.add_checkpoint = refuse
    town.step()
    assert "answered 409" in caplog.text


def test_rt_12_a_witness_whose_clock_says_otherwise_is_heard(town, w1, caplog):
    w1.time += 86_400 * 365
    town.step()
    assert "see which clock is wrong" in caplog.text


def test_a_witness_that_is_away_is_silent_and_not_empty(w1):
    town = Town(w1)
    town.step()
    w1.port = 9
    town.made = settings(w1)
    town.restart()
    report = town.log.verify()
    assert report.ok
    assert all(one.unreadable for one in report.anchors)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "at least one witness"),
        (("https://w.example",), "expected URL KEY"),
        (("w.example", "key"), "expected URL KEY"),
        (("https://w.example", "key"), "expected a verifier key"),
        (
            ("https://w.example", "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"),
            "type 4",
        ),
    ],
)
def test_what_names_no_witness_is_refused_at_start(words, said):
    with pytest.raises(ConfigurationError, match=said):
        consentcore_anchor(AnchorWitnessSettings(words))


def test_a_witness_that_is_named_twice_is_refused(w1):
    with pytest.raises(ConfigurationError, match="named twice"):
        consentcore_anchor(settings(w1, w1))


def test_a_witness_may_be_read_elsewhere(town, w1):
    town.step()
    with witness(private=w1.private, seen=w1.seen) as mirror:
        words = (w1.url, str(w1.key), f"monitor={mirror.url}/")
        w1.seen = {}
        (anchor,) = consentcore_anchor(AnchorWitnessSettings(words, allow_networks=LOOPBACK)).values()
        assert anchor.newest(ORIGIN)
        assert anchor.newest("nobody.example") == ""
