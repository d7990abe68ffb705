"""Moving house: a running installation goes from one storage to another, and nobody notices."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from consentcore.api import DeliveryState, transact
from consentcore.app import app_from_runtime
from consentcore.config import load_ini
from consentcore.runtime import build_runtime
from consentcore.testing import ManualClock
from consentcore.webhooks.service import make_endpoint
from consentcore.worker.worker import Worker
from tests.support.command_line import call
from tests.support.dynamo import REGION, TABLE
from tests.support.platform import Platform, connect, introspect, make_platform, proceed, refresh, sign_in
from tests.support.sinks import Answer, http_sink

NOW = 1_800_000_000_000
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Place:
    """An installation on a storage of its own with the keys and the INI of the first one."""

    folder: Path
    storage: str
    lines: tuple[str, ...]

    @classmethod
    def new(cls, first: Path, folder: Path, storage: str, *lines: str) -> Place:
        folder.mkdir()
        shutil.copy(first / "keys", folder / "keys")
        text = (first / "test.ini").read_text().replace("= sqlalchemy", f"= {storage}")
        kept = [line for line in text.splitlines() if not line.startswith("consentcore.plugin.sqlalchemy")]
        (folder / "test.ini").write_text("\n".join([*kept, *lines]) + "\n")
        place = cls(folder, storage, lines)
        assert place("init").code == 0
        return place

    def __call__(self, *arguments):
        return call(*arguments, "-c", str(self.folder / "test.ini"))

    def platform(self, clock, secrets):
        runtime = build_runtime(load_ini(str(self.folder / "test.ini")), clock=clock)
        return Platform(
            runtime, app_from_runtime(runtime), client_secret=secrets["coolsite"], secrets=secrets
        )


@pytest.fixture
def clock():
    return ManualClock(NOW)


@pytest.fixture
def first(tmp_path, clock):
    folder = tmp_path / "first"
    folder.mkdir()
    made = make_platform(folder, storage="sqlalchemy", clock=clock)
    assert call("init", "-c", str(folder / "test.ini")).code == 0
    yield made
    made.runtime.close()


@pytest.fixture
def sink():
    with http_sink(contract=False) as made:
        made.answer = Answer(200)
        yield made


def live_in(platform, sink, clock):
    """A consent that is used, one that was withdrawn, and things that are to be told."""
    runtime = platform.runtime
    new = make_endpoint(runtime.keys, "coolsite", sink.url(), clock.now())
    transact(runtime.storage, lambda uow: uow.clients.add_endpoint(new.endpoint))
    ended = connect(platform, email="grace@example.org")
    browser = platform.browser()
    sign_in(browser, browser.get("/login"), "grace@example.org")
    with runtime.storage.reading() as uow:
        (grant,) = uow.grants.all(client_id="coolsite")
    proceed(browser.get(f"/consents/{grant.grant_id}/revoke")).submit(status=303)
    Worker(runtime).run_once()
    tokens = connect(platform)
    rotated = refresh(platform, tokens["refresh_token"]).json
    return {"ended": ended, "first": tokens, "tokens": rotated}


@pytest.fixture
def places(tmp_path, first, postgres_url, dynamo, monkeypatch):
    """Three places to move to, one after the other."""
    monkeypatch.setattr("consentcore_dynamodb.engine._connect", lambda _settings: dynamo)
    dynamo_lines = (
        f"consentcore.plugin.dynamodb.region = {REGION}",
        f"consentcore.plugin.dynamodb.table = {TABLE}",
    )
    folder = tmp_path / "first"
    url = postgres_url.replace("%", "%%")
    return [
        Place.new(folder, tmp_path / "two", "sqlalchemy", f"consentcore.plugin.sqlalchemy.url = {url}"),
        Place.new(folder, tmp_path / "three", "dynamodb", *dynamo_lines),
        Place.new(
            folder,
            tmp_path / "four",
            "sqlalchemy",
            "consentcore.plugin.sqlalchemy.url = sqlite:///%(here)s/db.sqlite",
        ),
    ]


def test_a_house_goes_round_all_storages_and_is_as_it_was(tmp_path, first, sink, clock, places):
    lived = live_in(first, sink, clock)
    told = len(sink.received)
    folder = tmp_path / "first"
    files = [tmp_path / "house-0"]
    exported = call("export", str(files[0]), "-c", str(folder / "test.ini"), "--json")
    counts = exported.json["records"]
    assert (counts["client"], counts["owner"], counts["grant"], counts["consent_event"]) == (3, 2, 2, 3)
    assert counts["code"] >= 2
    assert counts["checkpoint"] >= 1
    for number, place in enumerate(places, start=1):
        arrived = place("import", str(files[-1]), "--json")
        assert arrived.json["records"] == counts
        assert arrived.json["evidence"] == {"ok": True, "events": 3, "problems": []}
        files.append(tmp_path / f"house-{number}")
        assert place("export", str(files[-1])).code == 0
    assert len({path.read_bytes() for path in files}) == 1
    assert places[-1]("audit", "verify").code == 0
    last = places[-1].platform(clock, first.secrets)
    _lives_on(last, lived, sink, told)
    last.runtime.close()


def _lives_on(platform, lived, sink, told):
    assert introspect(platform, lived["tokens"]["access_token"])["active"] is True
    assert introspect(platform, lived["ended"]["access_token"]) == {"active": False}
    again = refresh(platform, lived["first"]["refresh_token"]).json
    assert again == lived["tokens"], "within the grace the same answer once more"
    renewed = refresh(platform, lived["tokens"]["refresh_token"]).json
    assert introspect(platform, renewed["access_token"])["active"] is True
    browser = platform.browser()
    assert "CoolSite" in sign_in(browser, browser.get("/login"))
    assert len(sink.received) == told
    Worker(platform.runtime).run_once()
    assert len(sink.received) == told + 1, "what waited is told"
    Worker(platform.runtime).run_once()
    assert len(sink.received) == told + 1, "once"
    log = platform.runtime.storage.delivery_log
    assert log.deliveries(state=DeliveryState.PENDING) == []
    assert connect(platform, email="grace@example.org")


KILLED = """
import os, signal, sys
from consentcore.cli.main import main
from {module} import {name} as kind

calls = []
inner = kind.{verb}


def deadly(self, *arguments, **named):
    calls.append(1)
    if len(calls) == {number}:
        os.kill(os.getpid(), signal.SIGKILL)
    return inner(self, *arguments, **named)


kind.{verb} = deadly
main(sys.argv[1:])
"""


def _killed(verb, number, *arguments):
    """Run a command that is killed at the n-th page."""
    code = KILLED.format(module="consentcore_sqlalchemy.moving", name="SqlMoving", verb=verb, number=number)
    run = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, cwd=ROOT, check=False)
    assert run.returncode == -signal.SIGKILL, run.stderr.decode()


def test_what_is_killed_in_the_middle_goes_on(tmp_path, first, sink, clock):
    live_in(first, sink, clock)
    ini = str(tmp_path / "first" / "test.ini")
    target = tmp_path / "house"
    _killed("read", 12, "export", str(target), "-c", ini)
    assert not target.exists()
    assert call("export", str(target), "-c", ini).code == 0
    there = "consentcore.plugin.sqlalchemy.url = sqlite:///%(here)s/db.sqlite"
    place = Place.new(tmp_path / "first", tmp_path / "second", "sqlalchemy", there)
    _killed("write", 1, "import", str(target), "-c", str(place.folder / "test.ini"))
    for command in (("serve", "--listen", "127.0.0.1:0"), ("worker",)):
        refused = place(*command)
        assert (refused.code, "an import into the storage has not ended" in refused.err) == (78, True)
    assert place("import", str(target)).code == 0
    again = tmp_path / "again"
    assert place("export", str(again)).code == 0
    assert again.read_bytes() == target.read_bytes()


def test_refusals_have_their_exit_codes(tmp_path, first, sink, clock):
    live_in(first, sink, clock)
    ini = str(tmp_path / "first" / "test.ini")
    target = tmp_path / "house"
    assert call("export", str(target), "-c", ini).code == 0
    there = call("export", str(target), "-c", ini)
    assert (there.code, "is there already" in there.err) == (2, True)
    full = call("import", str(target), "-c", ini)
    assert (full.code, "the storage is not empty" in full.err) == (1, True)
    (tmp_path / "torn").write_bytes(target.read_bytes()[:-100])
    torn = call("import", str(tmp_path / "torn"), "-c", ini)
    assert (torn.code, "its end is missing" in torn.err) == (1, True)
    assert call("import", str(tmp_path / "nothing"), "-c", ini).code == 2
    first.runtime.close()
    (tmp_path / "first" / "consentcore.sqlite").unlink()
    gone = call("export", str(tmp_path / "other"), "-c", ini)
    assert (gone.code, "init" in gone.err) == (75, True)
    assert not (tmp_path / "other.part").exists()
