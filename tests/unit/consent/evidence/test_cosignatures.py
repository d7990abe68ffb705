"""What stands beside a checkpoint, where anybody who writes the store may write."""

from __future__ import annotations

import pytest

from consentcore.consent.checkpoint import advance
from consentcore.consent.evidence.cosignatures import MOST, cosignature_object, cosigned
from consentcore.ports.tlog import LogObject
from consentcore.tlog import Note, Signature

WITNESS = Signature("witness.example/w1", b"1234", b"x" * 72)
BAD = {
    "no text": b"\xff\xfe",
    "no line of a signature": b"garbage\n",
    "no more than a key id": "— witness.example/w2 AAAA\n".encode(),
    "a control character": "— witness\x01 AAAAAAAAAAA=\n".encode(),
    "a line of a million characters": f"— long {'A' * 1_000_000}\n".encode(),
}


def kept(scenario, data):
    """The newest checkpoint as it is published, with a cosignature and what somebody has written beside it."""
    scenario.deny("sites.read")
    newest = advance(scenario.storage, scenario.keys, scenario.clock, {})
    with scenario.storage.transaction() as uow:
        good = cosignature_object(newest, "b", [WITNESS])
        uow.tlog.put(good)
        uow.tlog.put(LogObject(good.path.removesuffix("b") + "a", data))
        return newest, cosigned(uow, newest)


@pytest.mark.parametrize("what", BAD)
def test_rt_09_what_is_no_cosignature_keeps_no_checkpoint_from_being_published(scenario, what):
    newest, published = kept(scenario, BAD[what])
    assert published == Note.read(newest.note).with_signatures([WITNESS])
    assert Note.read(str(published)) == published


def test_rt_09_none_claims_to_be_ours(scenario):
    """A wrong signature under our own name would make the note bad for everybody."""
    newest, _ = kept(scenario, b"")
    ours = Note.read(newest.note).signatures[0]
    newest, published = kept(scenario, str(Signature(ours.name, ours.key_id, b"x" * 64)).encode())
    assert published.signatures == (*Note.read(newest.note).signatures, WITNESS)


def test_rt_09_however_many_there_are_the_note_is_one(scenario):
    many = "".join(str(Signature(f"w{number}", b"1234", b"x" * 72)) for number in range(500))
    _, published = kept(scenario, many.encode())
    assert len(published.signatures) == MOST + 1
    assert Note.read(str(published)) == published
