"""A database that is put back, with an anchor on another disk: on the command line."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest

from consentcore.consent.evidence.anchored import NO_ANCHOR
from consentcore.worker.worker import Worker
from tests.support.command_line import NO_DIRECTORY, Cli
from tests.support.platform import Request, answer, connect, make_platform, to_consent_page


def command_line(folder):
    """Of the platform that was made there."""
    ini = (folder / "test.ini").read_text()
    made = Cli(folder)
    made.ini.write_text(ini)
    return made


class House:
    """A platform on SQLite whose worker anchors in a file."""

    def __init__(self, folder) -> None:
        self.folder, self.disk = folder, folder / "other-disk"
        self.disk.mkdir()
        anchor = (
            f"consentcore.extensions = anchor_file\nconsentcore.plugin.anchor_file.file = {self.disk}/log"
        )
        self.platform = make_platform(folder, storage="sqlalchemy", extra=anchor)
        self.cli = command_line(folder)

    def work(self) -> None:
        Worker(self.platform.runtime).run_once()

    def copy(self, source: str, target: str) -> None:
        self.platform.runtime.storage.close()
        with (
            closing(sqlite3.connect(self.folder / source)) as one,
            closing(sqlite3.connect(self.folder / target)) as other,
        ):
            one.backup(other)


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    connect(made.platform)
    made.work()
    yield made
    made.platform.runtime.close()


def deny(house):
    _, page = to_consent_page(house.platform, Request(client_id="shiftplan"))
    answer(page, "deny")


@pytest.fixture
def rolled_back(house):
    house.copy("consentcore.sqlite", "backup.sqlite")
    deny(house)
    house.work()
    house.copy("backup.sqlite", "consentcore.sqlite")
    return house


def test_an_intact_ledger_is_compared_with_its_anchor(house):
    result = house.cli("audit", "verify", "--json")
    assert result.code == 0
    (anchor,) = result.json["anchors"]
    assert (anchor["name"], anchor["can_be_read"], anchor["problem"]) == ("anchor_file", True, "")
    assert [one["size"] for one in anchor["checkpoints"]] == [2]  # the event, and what was noted beside it
    assert house.cli("audit", "verify").err == ""
    assert house.cli("plugins", "check", "--json").json["notes"] == [*NO_DIRECTORY]


@pytest.mark.parametrize("command", [("audit", "verify"), ("plugins", "check")])
def test_rt_13_an_old_backup_is_noticed(rolled_back, command):
    result = rolled_back.cli(*command)
    assert result.code == 1
    assert (
        "anchor anchor_file keeps the checkpoint of 3 events: the log has 2, so it was rolled back"
        in result.err
    )


def test_rt_13_after_a_lawful_restore_it_goes_on_and_never_hides_it(rolled_back):
    assert rolled_back.cli("audit", "resume", "--reason", " ").code == 2
    done = rolled_back.cli("audit", "resume", "--reason", "the disk died", "--json")
    assert done.json == {"kept": 2, "lost_before": 3, "log": "127.0.0.1:6543/2"}
    rolled_back.work()
    for _ in range(2):
        result = rolled_back.cli("audit", "verify")
        assert result.code == 0
        assert "note: events 2 to 2 of the log were lost before" in result.err
        assert "the disk died" in result.err
    (said,) = rolled_back.cli("audit", "verify", "--json").json["resumed"]
    assert (said["kept"], said["reason"]) == (2, "the disk died")
    assert rolled_back.cli("audit", "resume", "--reason", "again").code == 2


def test_an_anchor_that_cannot_be_read_is_no_proof_of_anything(house):
    shutil.rmtree(house.disk)
    result = house.cli("audit", "verify")
    assert (result.code, result.out[:7]) == (75, "intact:")
    assert "anchor anchor_file could not be read" in result.err
    assert house.cli("audit", "resume", "--reason", "lost").code == 75
    with sqlite3.connect(house.folder / "consentcore.sqlite") as database:
        database.execute("DELETE FROM consent_event")
    assert house.cli("audit", "verify").code == 1


def test_without_an_anchor_it_is_said_what_cannot_be_seen(tmp_path):
    made = make_platform(tmp_path, storage="sqlalchemy")
    cli = command_line(tmp_path)
    made.runtime.close()
    verified, checked = cli("audit", "verify"), cli("plugins", "check")
    assert (verified.code, checked.code) == (0, 0)
    assert NO_ANCHOR in verified.err
    assert f"note: {NO_ANCHOR}" in checked.out
