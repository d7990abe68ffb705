from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from consentcore.consent import checkpoint
from consentcore.consent.checkpoint import LedgerBroken, advance
from consentcore.consent.evidence.heads import check_signed
from consentcore.consent.evidence.signer import LogSigner, origin_of
from consentcore.tlog import Note, TreeHead, VerifierKey


def head(leaves: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + head(leaves[:split]) + head(leaves[split:])).digest()


class Shelf:
    """An anchor that keeps what it is given, unless told to fail."""

    def __init__(self) -> None:
        self.kept = []
        self.fails = False

    def publish(self, found):
        if self.fails:
            raise OSError("no paper")
        self.kept.append(found.size)


def step(scenario, **anchors):
    return advance(scenario.storage, scenario.keys, scenario.clock, anchors)


def all_checkpoints(scenario):
    with scenario.storage.reading() as uow:
        return uow.ledger.checkpoints()


def test_a_checkpoint_covers_every_event_once(scenario):
    assert step(scenario) is None
    scenario.approve("sites.read")
    first = step(scenario)
    assert first.size == 1
    assert step(scenario) is None
    scenario.deny("sites.read")
    scenario.approve("comfort.read")
    second = step(scenario)
    assert second.size == 3
    assert list(all_checkpoints(scenario)) == [first, second]
    with scenario.storage.reading() as uow:
        leaves = [sha256(event.body.encode()).digest() for event in uow.ledger.leaves(0, 10)]
    assert second.root == head(leaves)
    assert second.previous == first.size
    signer = LogSigner(scenario.keys, "localhost")
    check_signed(signer, scenario.keys, second)
    for spoilt in (
        replace(second, size=2),
        replace(second, previous=0),
        replace(second, created_at=1),
        replace(second, signature=bytes(64)),
        replace(second, note=first.note),
    ):
        with pytest.raises(LedgerBroken):
            check_signed(signer, scenario.keys, spoilt)


def test_anybody_can_check_a_checkpoint_with_the_public_key(scenario):
    scenario.deny("sites.read")
    made = step(scenario)
    key = VerifierKey.read(str(LogSigner(scenario.keys, "localhost").key("test1")))
    note = Note.read(made.note)
    assert note.signed_by([key]) == (key,)
    assert TreeHead.read(note.text) == TreeHead("localhost", 1, made.root)


@pytest.mark.parametrize(
    ("issuer", "origin"),
    [
        ("https://auth.example.com", "auth.example.com"),
        ("https://auth.example.com/tenant+1/", "auth.example.com/tenant%2B1"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
    ],
)
def test_a_log_is_named_after_its_issuer(issuer, origin):
    assert origin_of(issuer) == origin


def test_only_new_leaves_are_read(scenario, monkeypatch):
    for _ in range(3):
        scenario.deny("sites.read")
    step(scenario)
    scenario.deny("sites.read")
    read = []
    with scenario.storage.reading() as uow:
        ledger = type(uow.ledger)
    leaves = ledger.leaves
    monkeypatch.setattr(
        ledger, "leaves", lambda self, start, limit: read.append(start) or leaves(self, start, limit)
    )
    assert step(scenario).size == 4
    assert read == [3]


def test_more_than_a_batch_is_covered_in_one_call(scenario, monkeypatch):
    monkeypatch.setattr(checkpoint, "BATCH", 2)
    for _ in range(5):
        scenario.deny("sites.read")
    assert step(scenario).size == 5
    assert [found.size for found in all_checkpoints(scenario)] == [2, 4, 5]


def test_a_worker_that_starts_anew_goes_on_where_another_stopped(scenario):
    scenario.deny("sites.read")
    step(scenario)
    scenario.deny("sites.read")
    made = checkpoint.Checkpointer().advance(scenario.storage, scenario.keys, scenario.clock, {})
    assert made.size == 2
    scenario.deny("sites.read")
    assert step(scenario).size == 3


def tamper(scenario, table, key, **fields):
    rows = getattr(scenario.storage._engine.committed, table)
    rows.put(key, replace(rows.get(key), **fields))


def test_nothing_is_signed_over_leaves_that_changed(scenario):
    event = scenario.deny("sites.read").event
    step(scenario)
    tamper(scenario, "events", event.event_id, body=event.body.replace("denied", "grante"))
    scenario.deny("sites.read")
    with pytest.raises(LedgerBroken, match="does not fit"):
        checkpoint.Checkpointer().advance(scenario.storage, scenario.keys, scenario.clock, {})
    assert len(all_checkpoints(scenario)) == 1


def test_a_checkpoint_that_somebody_else_signed_is_not_built_upon(scenario):
    scenario.deny("sites.read")
    step(scenario)
    tamper(scenario, "checkpoints", 1, signature=b"x" * 32)
    scenario.deny("sites.read")
    with pytest.raises(LedgerBroken):
        step(scenario)


def test_lost_checkpoints_are_noticed_by_a_running_worker(scenario):
    scenario.deny("sites.read")
    step(scenario)
    scenario.storage._engine.committed.checkpoints.drop([1])
    scenario.deny("sites.read")
    with pytest.raises(LedgerBroken, match="gone"):
        step(scenario)


def test_anchors_get_each_checkpoint_and_a_failing_one_gets_it_later(scenario):
    good, bad = Shelf(), Shelf()
    bad.fails = True
    for _ in range(2):
        scenario.deny("sites.read")
        step(scenario, good=good, bad=bad)
    assert (good.kept, bad.kept) == ([1, 2], [])
    bad.fails = False
    step(scenario, good=good, bad=bad)
    assert (good.kept, bad.kept) == ([1, 2], [2])
    scenario.deny("sites.read")
    bad.fails = True
    step(scenario, good=good, bad=bad)
    scenario.deny("sites.read")
    step(scenario, good=good, bad=bad)
    bad.fails = False
    step(scenario, good=good, bad=bad)
    assert (good.kept, bad.kept) == ([1, 2, 3, 4], [2, 3, 4])


def test_checkpoints_of_another_process_are_published_too(scenario):
    shelf = Shelf()
    scenario.deny("sites.read")
    step(scenario, shelf=shelf)
    scenario.deny("sites.read")
    checkpoint.Checkpointer().advance(scenario.storage, scenario.keys, scenario.clock, {})
    step(scenario, shelf=shelf)
    assert shelf.kept == [1, 2]
