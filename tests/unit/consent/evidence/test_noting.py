"""How long what is noted of sign-ins stays beside the log: `audit verify` reads all of it every night."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from consentcore.consent.checkpoint import advance
from consentcore.consent.evidence.noting import until_of
from consentcore.domain.clock import DAY
from consentcore.keys.ended_log import LONGEST_SESSION_MS
from consentcore.keys.record_notes import ENDED, ENDING, LOOKING, UNSTATED, EndedNote, note_ended
from consentcore.keys.recorded_storage import RecordedStorage
from consentcore.keys.ring import Keys, MasterKey
from consentcore.ports.tlog import LogObject
from consentcore.settings.processes import WebSettings
from consentcore.testing import ManualClock, factories, memory_storage
from consentcore.testing.factories import NOW


def test_that_a_sign_in_has_ended_is_kept_as_long_as_one_can_last():
    keys, clock = Keys([MasterKey("k1", b"1" * 32)]), ManualClock(NOW)
    storage = RecordedStorage(memory_storage(), keys, clock)
    owner = factories.owner()
    session = factories.session(owner.owner_id)
    with storage.transaction() as uow:
        uow.owners.add(owner)
        uow.owners.add_session(session)
        assert uow.owners.end_session(session.session_hash) is True
    advance(storage, keys, clock, {})
    with storage.reading() as uow:
        (kept,) = uow.tlog.list(ENDED)
    assert until_of(kept.path) == NOW + 30 * DAY


def test_no_sign_in_that_can_be_configured_lasts_longer():
    (ttl,) = (one for one in fields(WebSettings) if one.name == "session_ttl_s")
    assert ttl.metadata["maximum"] * 1000 == LONGEST_SESSION_MS


def test_a_note_that_cannot_be_stated_is_said_once_and_with_its_key(caplog):
    """A worker meets it again every few seconds, for as long as it waits."""
    leaked = MasterKey("leaked", b"1" * 32)
    keys, clock, bare = Keys([leaked]), ManualClock(NOW), memory_storage()
    with bare.transaction() as uow:
        note_ended(uow, keys, EndedNote(NOW + DAY, sessions=("00",)))
    rotated = Keys([MasterKey("k2", b"2" * 32), replace(leaked, revoked_at=1)])
    for _ in range(3):
        advance(bare, rotated, clock, {})
    said = [one.getMessage() for one in caplog.records if "is not stated" in one.getMessage()]
    assert len(said) == 1
    assert "a note is sealed by the key leaked, which was revoked" in said[0]


@pytest.mark.parametrize(
    "path", ["ended/zz", "ended/", "ended/-1", "ended/1e9", "ended/٣-x", "ended/" + "9" * 5000]
)
def test_rt_09_a_row_that_is_no_list_of_ours_keeps_no_anchor_from_being_told(path):
    """It is removed with what is old enough."""
    keys, clock, bare, told = Keys([MasterKey("k1", b"1" * 32)]), ManualClock(NOW), memory_storage(), []
    with bare.transaction() as uow:
        uow.tlog.put(LogObject(path, b"{}"))
        note_ended(uow, keys, EndedNote(NOW + DAY, sessions=("00",)))

    class Anchor:
        def publish(self, checkpoint):
            told.append(checkpoint)

    assert until_of(path) == 0
    assert advance(bare, keys, clock, {"a": Anchor()}) == told[-1]
    with bare.reading() as uow:
        assert [until_of(kept.path) for kept in uow.tlog.list(ENDED)] == [NOW + DAY]


@pytest.mark.parametrize("folder", [UNSTATED, ENDING, LOOKING])
@pytest.mark.parametrize(
    "data", [b"[" * 100_000, b"\xff", b"[1]", b"null"], ids=["deep", "no text", "list", "null"]
)
def test_rt_09_a_row_that_is_no_note_keeps_nothing_else_from_its_place(folder, data):
    keys, clock, bare = Keys([MasterKey("k1", b"1" * 32)]), ManualClock(NOW), memory_storage()
    with bare.transaction() as uow:
        uow.tlog.put(LogObject(f"{folder}/0", data))
        note_ended(uow, keys, EndedNote(NOW + DAY, sessions=("00",)))
    assert advance(bare, keys, clock, {}).size == 1
