"""Lines about notices, in a file and in the log."""

from __future__ import annotations

import json
import logging
import os
import threading
from pathlib import Path

import pytest

from consentcore.api import Audience, ConfigurationError, Delivered, NoticeKind, PluginKind, Retry
from consentcore.testing import FakeEnvelope, ManualClock, NotifierConformance, factories
from consentcore_log import LogSettings, consentcore_notifier, consentcore_plugin


def make(path=None, **settings):
    return consentcore_notifier(LogSettings(file=path, **settings), ManualClock())


def lines(path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def unwritable(folder):
    """A notifier whose folder went away after the start."""
    (folder / "gone").mkdir()
    made = make(folder / "gone" / "notices.jsonl")
    (folder / "gone").rmdir()
    return made


class TestFile(NotifierConformance):
    capabilities = frozenset({"readback"})

    @pytest.fixture
    def notifier(self, tmp_path):
        return make(tmp_path / "notices.jsonl")

    @pytest.fixture
    def broken_notifier(self, tmp_path):
        return unwritable(tmp_path)

    @pytest.fixture
    def told(self, tmp_path):
        return lambda: [line["notice_id"] for line in lines(tmp_path / "notices.jsonl")]

    @pytest.fixture
    def private(self):
        return ["ada@example.org", "Ada", "owner-1", "Coach Ltd"]


class TestLogger(NotifierConformance):
    capabilities = frozenset({"readback"})

    @pytest.fixture
    def notifier(self):
        return make()

    @pytest.fixture
    def broken_notifier(self, tmp_path):
        return unwritable(tmp_path)

    @pytest.fixture
    def told(self, caplog):
        caplog.set_level(logging.INFO, "consentcore.notices")
        return lambda: [json.loads(record.getMessage())["notice_id"] for record in caplog.records]


def test_line_says_what_happened_and_nothing_that_is_not_named(tmp_path):
    path = tmp_path / "notices.jsonl"
    data = {
        "sequence": 2,
        "scopes": ["sites.read"],
        "initiator": "user",
        "link": "secret",
        "client_name": "Coach",
    }
    notice = factories.notice(
        factories.grant("owner-1", "client-1"), kind=NoticeKind.REVOKED, data=json.dumps(data)
    )
    assert make(path).send(FakeEnvelope(notice=notice, attempt=3), "log") == Delivered()
    (line,) = lines(path)
    assert line == {
        "notice_id": notice.notice_id,
        "type": "consent.revoked",
        "occurred_at": line["occurred_at"],
        "logged_at": line["logged_at"],
        "attempt": 3,
        "grant_id": notice.grant_id,
        "client_id": "client-1",
        "audiences": ["owner", "client"],
        "sequence": 2,
        "scopes": ["sites.read"],
        "initiator": "user",
    }
    assert line["occurred_at"].endswith("Z")
    assert path.stat().st_mode & 0o077 == 0


def test_owner_is_named_only_when_asked_for(tmp_path):
    path = tmp_path / "notices.jsonl"
    make(path, owner_ids=True).send(FakeEnvelope(), "log")
    assert lines(path)[0]["owner_id"] == "owner-1"


def test_lines_of_many_writers_do_not_mix(tmp_path):
    path = tmp_path / "notices.jsonl"
    writers = [make(path) for _ in range(4)]

    def write(notifier) -> None:
        for _ in range(50):
            notifier.send(FakeEnvelope(), "log")

    threads = [threading.Thread(target=write, args=(one,)) for one in writers]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(lines(path)) == 200


def test_rotated_file_is_begun_anew(tmp_path):
    path = tmp_path / "notices.jsonl"
    notifier = make(path)
    for _ in range(2):
        notifier.send(FakeEnvelope(), "log")
        path.rename(tmp_path / "notices.jsonl.1")
    assert len(lines(tmp_path / "notices.jsonl.1")) == 1


def test_line_that_found_no_room_leaves_nothing_behind(tmp_path, monkeypatch):
    path, real = tmp_path / "notices.jsonl", os.write
    notifier = make(path)
    notifier.send(FakeEnvelope(), "log")
    with monkeypatch.context() as full:
        full.setattr("consentcore_log.notifier.os.write", lambda opened, data: real(opened, data[:7]))
        assert isinstance(notifier.send(FakeEnvelope(), "log"), Retry)
    notifier.send(FakeEnvelope(), "log")
    assert len(lines(path)) == 2


def test_full_disk_is_tried_again():
    outcome = make(Path("/dev/full")).send(FakeEnvelope(), "log")
    assert outcome == Retry("the file cannot be written to: No space left on device", error="disk")


@pytest.mark.parametrize("name", ["missing/notices.jsonl", "."])
def test_file_that_can_never_be_there_stops_the_start(tmp_path, name):
    with pytest.raises(
        ConfigurationError, match=r"consentcore\.plugin\.log\.file: expected a file in a folder"
    ):
        make(tmp_path / name)


def test_notice_for_nobody_is_not_logged():
    assert (
        make().targets(FakeEnvelope(notice=factories.notice(factories.grant("o", "c"), audiences=()))) == []
    )
    assert Audience.OWNER in FakeEnvelope().notice.audiences


def test_plugin_says_who_it_is():
    info = consentcore_plugin()
    assert (info.name, info.kind, info.settings) == ("log", PluginKind.NOTIFIER, LogSettings)
