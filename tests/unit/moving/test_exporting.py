"""Moving out: the same file whatever storage it comes from, and whatever breaks off."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from consentcore.api import LogObject, transact
from consentcore.domain.errors import InvalidInput
from consentcore.moving import everything, exporting
from consentcore.moving.errors import MoveRefused
from consentcore.moving.exporting import Export
from consentcore.moving.file import ExportFile, Place
from consentcore.testing import factories, fixed_keys
from consentcore.testing.factories.moving import House
from consentcore.testing.storage.moving import in_order
from consentcore_memory import MemoryStorage
from tests.support.postgres import storage_at
from tests.support.sqlite_template import migrated_sqlite

KEYS = fixed_keys()


class Breaks(Exception):
    """The process ends here."""


class Breaking:
    """A storage's ``moving`` that breaks at the n-th read."""

    def __init__(self, moving, number):
        self._moving, self._left = moving, number

    def read(self, after="", *, limit=1000):
        self._left -= 1
        if self._left == 0:
            raise Breaks
        return self._moving.read(after, limit=limit)


@pytest.fixture
def house():
    return House()


@pytest.fixture
def storage(house):
    made = MemoryStorage()
    made.moving.write(house.records)
    return made


@pytest.fixture
def small(monkeypatch):
    """Pages, parts and merges of a few records."""
    monkeypatch.setattr(everything, "PAGE", 2)
    monkeypatch.setattr(exporting, "STEP", 3)
    monkeypatch.setattr("consentcore.moving.sorting.MOST_RUNS", 2)


def exported(storage, target, moving=None):
    Export(moving or storage.moving, KEYS, target).run()
    return target.read_bytes()


def test_file_holds_every_record_and_nobody_else_may_read_it(storage, tmp_path):
    target = tmp_path / "house"
    exported(storage, target)
    file = ExportFile(target)
    file.check(KEYS)
    found = [record for record, _ in file.records(KEYS, Place())]
    stored = (record for page in everything.pages(storage.moving) for record in page.records)
    assert in_order(found) == in_order(stored)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["house"]


@pytest.mark.parametrize("number", range(1, 60, 3))
def test_what_was_broken_off_goes_on_and_makes_the_same_file(storage, tmp_path, small, number):
    whole = exported(storage, tmp_path / "whole")
    target = tmp_path / "house"
    with pytest.raises(Breaks):
        exported(storage, target, Breaking(storage.moving, number))
    assert not target.exists()
    assert stat.S_IMODE(target.with_name("house.part").stat().st_mode) == 0o700
    assert exported(storage, target) == whole
    assert not target.with_name("house.part").exists()


def test_same_records_make_the_same_file_from_every_storage(storage, tmp_path):
    migrated_sqlite(tmp_path / "consentcore.sqlite")
    other = storage_at(f"sqlite:///{tmp_path}/consentcore.sqlite")
    other.moving.write([one for page in everything.pages(storage.moving) for one in page.records])
    assert exported(other, tmp_path / "one") == exported(storage, tmp_path / "two")
    other.close()


def test_a_change_meanwhile_is_told_and_leaves_no_file(storage, house, tmp_path):
    class Busy:
        """Everybody else goes on."""

        reads = 0

        def read(self, after="", *, limit=1000):
            self.reads += 1
            if self.reads == 30:
                transact(storage, lambda uow: uow.owners.end_session(house.session.session_hash))
            return storage.moving.read(after, limit=limit)

    with pytest.raises(MoveRefused, match="stop every serve and worker") as refused:
        exported(storage, tmp_path / "house", Busy())
    assert refused.value.lines[1:] == ("owner_session: 1 and 0",)
    assert list(tmp_path.iterdir()) == []


def test_what_a_move_notes_does_not_move(storage, tmp_path):
    before = exported(storage, tmp_path / "one")
    transact(storage, lambda uow: uow.tlog.put(LogObject("moving/import", b"{}")))
    assert exported(storage, tmp_path / "two") == before


def test_target_that_is_there_stays(storage, tmp_path):
    target = tmp_path / "house"
    target.write_text("mine")
    with pytest.raises(InvalidInput, match="is there already"):
        exported(storage, target)
    assert target.read_text() == "mine"
    with pytest.raises(InvalidInput, match="there is no folder"):
        exported(storage, tmp_path / "nowhere" / "house")


def test_two_do_not_export_to_the_same_target(storage, tmp_path):
    class Asks:
        """Begins the same export once more while it is being made."""

        def read(self, after="", *, limit=1000):
            with pytest.raises(MoveRefused, match="somebody else exports"):
                exported(storage, tmp_path / "house")
            return storage.moving.read(after, limit=limit)

    exported(storage, tmp_path / "house", Asks())


def test_many_records_are_sorted_in_parts(tmp_path, small):
    storage = MemoryStorage()
    owners = [factories.owner() for _ in range(50)]
    storage.moving.write(owners)
    exported(storage, tmp_path / "house")
    found = [record.owner_id for record, _ in ExportFile(tmp_path / "house").records(KEYS, Place())]
    assert found == sorted(one.owner_id for one in owners)


@pytest.mark.parametrize("progress", [b"", b"[]", b"{", b'{"following": "nothing of ours", "done": false}'])
def test_work_of_another_storage_is_not_gone_on_with(storage, tmp_path, progress):
    """Whatever it says, it is the same the next time: only somebody who removes it helps."""
    target = tmp_path / "house"
    work = tmp_path / "house.part"
    work.mkdir()
    (work / "progress").write_bytes(progress)
    with pytest.raises(MoveRefused, match="house.part holds the work of another export.*remove it"):
        Export(storage.moving, KEYS, target).run()
    assert not target.exists()
    assert (work / "progress").read_bytes() == progress


def test_standard_output_is_no_target(storage, tmp_path, monkeypatch):
    """What is secret would lie in a file of that name."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match="TARGET: expected a file"):
        Export(storage.moving, KEYS, Path("-")).run()
    assert list(tmp_path.iterdir()) == []
