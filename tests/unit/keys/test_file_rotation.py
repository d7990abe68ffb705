"""A new key is published before it is used, and running processes learn of it by themselves."""

from __future__ import annotations

import logging
import time
from dataclasses import replace

import pytest

from consentcore.domain.clock import HOUR, SECOND, from_iso
from consentcore.domain.errors import ConfigurationError, KeyUnavailable
from consentcore.keys import (
    Keys,
    MasterKey,
    WatchedKeys,
    create_key_file,
    key_line,
    new_master_key,
    open_key_ring,
    read_key_file,
    rotate_key_file,
)
from consentcore.testing import ManualClock
from consentcore.testing.threads import together

NOW = ManualClock().now()
OLD = MasterKey("old1", b"o" * 32, used_from=NOW - HOUR)
NEW = MasterKey("new1", b"n" * 32, used_from=NOW + HOUR)


@pytest.fixture
def path(tmp_path):
    create_key_file(tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("consentcore.keys.watched.LOOK_EVERY_S", 0.0)


def test_a_key_is_used_when_its_time_has_come():
    clock = ManualClock()
    ring = Keys([NEW, OLD], clock)
    assert (ring.current_id, list(ring.ids)) == ("old1", ["new1", "old1"])
    assert ring.seal("webhook", b"x", "").split(".")[1] == "old1"
    clock.advance(HOUR)
    assert ring.current_id == "new1"
    assert ring.seal("webhook", b"x", "").split(".")[1] == "new1"


def test_the_oldest_key_waits_for_nobody():
    assert Keys([replace(OLD, used_from=NOW + HOUR)], ManualClock()).current_id == "old1"


def test_nothing_is_made_with_a_revoked_key_also_by_a_clock_that_is_late():
    ring = Keys([NEW, replace(OLD, revoked_at=NOW)], ManualClock())
    assert ring.current_id == "new1"
    assert Keys([replace(OLD, revoked_at=NOW)], ManualClock()).current_id == "old1"  # there is no other


def test_time_of_use_is_written_and_read(path):
    fresh = rotate_key_file(path, lead_s=3600)
    again = read_key_file(path)[0]
    assert again == fresh
    assert again.used_from % SECOND == 0
    assert "from=" in key_line(fresh)
    assert "from=" not in key_line(new_master_key())
    ring = open_key_ring("env:MASTER", environ={"MASTER": path.read_text()})
    assert ring.used_from(fresh.key_id) == fresh.used_from
    with pytest.raises(KeyUnavailable):
        ring.used_from("gone1")


def test_time_that_is_none_is_refused_with_its_line(path):
    path.write_text(path.read_text().rstrip() + " from=tomorrow\n")
    with pytest.raises(ConfigurationError, match=r"line 4: expected from= and a time"):
        read_key_file(path)


def test_time_without_a_zone_is_utc_wherever_the_machine_stands(path, monkeypatch):
    path.write_text(path.read_text().rstrip() + " from=2026-11-26T12:00:00\n")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        found = read_key_file(path)[-1].used_from
    finally:
        monkeypatch.undo()
        time.tzset()
    assert found == from_iso("2026-11-26T12:00:00+00:00")


def test_a_running_process_reads_a_rotated_file(path, impatient):
    ring = open_key_ring(str(path))
    before = ring.current_id
    fresh = rotate_key_file(path).key_id
    assert ring.current_id == fresh
    assert list(ring.ids) == [fresh, before]


def test_rotations_at_once_lose_no_key(path):
    fresh = together(8, lambda _: rotate_key_file(path).key_id)
    kept = [key.key_id for key in read_key_file(path)]
    assert set(fresh) <= set(kept)
    assert len(kept) == 9


def test_a_file_in_a_folder_that_is_not_there_is_not_rotated(tmp_path):
    with pytest.raises(ConfigurationError, match="there is no file"):
        rotate_key_file(tmp_path / "nowhere" / "keys")


def test_an_unknown_key_is_looked_for_at_once(path):
    """Another process of the machine has used a new key within the second in which nobody looks."""
    ring = open_key_ring(str(path))
    rotate_key_file(path)
    sealed = open_key_ring(str(path)).seal("webhook", b"x", "")
    assert ring.open("webhook", sealed, "") == b"x"


@pytest.mark.parametrize("text", ["", "# nothing\n", "broken\n", None])
def test_a_file_that_is_not_in_order_is_not_taken_over(path, impatient, caplog, text):
    ring = WatchedKeys(path)
    before = list(ring.ids)
    if text is None:
        path.unlink()
        create_key_file(path)
    else:
        path.write_text(text)
    assert list(ring.ids) == before
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert list(ring.ids) == before
    assert len(caplog.records) == 1, "it is said once, not at every look"


def test_a_missing_file_leaves_the_keys_as_they_are_and_is_said_once(path, impatient, caplog):
    ring = WatchedKeys(path)
    kept = path.read_text()
    path.unlink()
    assert len(ring.ids) == 1
    assert len(ring.ids) == 1
    assert [record.getMessage() for record in caplog.records] == [
        f"{path} is gone, so the keys stay as they were; bring it back from its copy"
    ]
    path.write_text(kept)
    fresh = rotate_key_file(path).key_id
    assert fresh in ring.ids


def test_another_oldest_key_is_not_taken_over(path, impatient, caplog):
    """The names of people under their applications come from it."""
    ring = WatchedKeys(path)
    before = list(ring.ids)
    path.write_text(path.read_text() + key_line(OLD) + "\n")
    assert list(ring.ids) == before
    assert "lost keys" in caplog.text


def test_a_provider_says_when_a_key_is_used():
    class Vault:
        def key_provider(self, name):
            return self

        def master_keys(self):
            return [("new1", b"n" * 32, NOW + HOUR), ("old1", b"o" * 32)]

    ring = open_key_ring("provider:vault", Vault(), clock=ManualClock())
    assert ring.current_id == "old1"


@pytest.mark.parametrize(
    "key",
    [7, None, "new1", ("new1",), (1, b"n" * 32), ("new1", "n" * 32), ("new1", b"n" * 32, "soon"),
     ("new1", b"n" * 32, 0, 0, 0), ("new1", b"n" * 32, -1), ("new1", b"n" * 32, float("nan"))],
    ids=["number", "nothing", "text", "short", "no-id", "no-bytes", "no-time", "long", "before", "nan"],
)  # fmt: skip
def test_what_a_provider_gives_and_is_no_key_is_said_without_it(key):
    class Vault:
        def key_provider(self, name):
            return self

        def master_keys(self):
            return [key]

    with pytest.raises(ConfigurationError, match="consentcore.keys: expected of its provider") as caught:
        open_key_ring("provider:vault", Vault())
    assert "nnnn" not in str(caught.value)
