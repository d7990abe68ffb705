"""What operators look at and take out is noted for those whose data it was, in the log of evidence."""

from __future__ import annotations

import getpass
import json
import sqlite3

import pytest

from consentcore.keys.record_notes import looked_folder
from consentcore.worker.worker import Worker
from tests.support.cli_platform import cli, platform
from tests.support.platform import connect, sign_in

__all__ = ["cli", "platform"]

ADA, GRACE = "ada@example.org", "grace@example.org"


def looks(cli, email=ADA):
    return cli("audit", "access-log", "--owner", email, "--json").json


def test_rt_11_every_look_at_a_person_is_noted_with_who_and_why(cli, platform, tmp_path):
    connect(platform)
    (grant,) = cli("consents", "list", "--owner", ADA, "--reason", "ticket 77", "--json").json
    (event,) = cli("consents", "export", "--owner", ADA, "--json").json["grants"][0]["events"]
    for command in (
        ("consents", "at", "2030-01-01", "--zone", "UTC", "--owner", ADA),
        ("consents", "shown", event["event_id"]),
        ("owner", "show", ADA),
        ("owner", "export", ADA),
        ("audit", "export", str(tmp_path / "ada.jsonl"), "--owner", ADA),
    ):
        cli(*command)
    found = looks(cli)
    assert [one["action"] for one in found] == [
        *("consents list", "consents export", "consents at", "consents shown"),
        *("owner show", "owner export", "audit export"),
    ]
    assert {one["by"] for one in found} == {getpass.getuser()}
    assert found[0]["reason"] == "ticket 77"
    assert found[3]["about"] == grant["grant_id"]
    assert looks(cli, GRACE) == []


def test_rt_11_what_is_about_everybody_is_noted_for_everybody(cli, platform, tmp_path):
    connect(platform)
    Worker(platform.runtime).run_once()
    cli("owner", "list")
    cli("audit", "export", str(tmp_path / "all.jsonl"))
    assert [one["action"] for one in looks(cli, GRACE)] == ["owner list", "audit export"]
    assert [one["action"] for one in cli("audit", "access-log", "--json").json] == [
        "owner list",
        "audit export",
    ]


def test_rt_11_evidence_of_one_consent_is_a_look_at_the_person_whose_it_is(cli, platform, tmp_path):
    connect(platform)
    Worker(platform.runtime).run_once()
    (grant,) = cli("consents", "list", "--owner", ADA, "--json").json
    cli("audit", "export", str(tmp_path / "one.jsonl"), "--grant", grant["grant_id"])
    assert [one["about"] for one in looks(cli)] == ["", grant["grant_id"]]
    assert looks(cli, GRACE) == []


def test_rt_11_who_looked_at_a_person_who_was_erased_is_listed_by_id(cli, platform):
    connect(platform)
    cli("owner", "show", ADA, "--reason", "she rang")
    owner_id = cli("owner", "erase", ADA, "--yes", "--json").json["owner_id"]
    (found,) = looks(cli, owner_id)
    assert (found["action"], found["by"], found["reason"]) == ("owner show", getpass.getuser(), "")
    assert cli("audit", "access-log", "--owner", ADA).code == 1
    assert "--owner" in cli("audit", "access-log", "--owner", "nobody").err


def test_rt_11_the_person_reads_when_and_what_and_not_which_employee(cli, platform):
    connect(platform)
    cli("consents", "list", "--owner", ADA, "--reason", "ticket 77")
    browser = platform.browser()
    sign_in(browser, browser.get("/login"), ADA)
    (look,) = browser.get("/account/data/everything.json").json["looked_at"]
    assert look.keys() == {"at", "action", "about"}
    assert look["action"] == "consents list"


def test_rt_11_the_log_of_looks_is_evidence(cli, platform):
    connect(platform)
    cli("consents", "list", "--owner", ADA)
    Worker(platform.runtime).run_once()
    assert cli("audit", "verify").code == 0
    assert len(looks(cli)) == 1
    with platform.runtime.storage.transaction() as uow:
        owner = uow.owners.by_email(ADA)
        (kept,) = uow.tlog.list(looked_folder(owner.owner_id))
        uow.tlog.remove([kept.path])
    done = cli("audit", "verify")
    assert done.code == 1
    assert "what an operator looked at" in done.err


MADE_ANOTHER = {
    "another value": [
        "UPDATE disclosure SET encoded = 'WyIiLCJvcGVyYXRvciIsIm1hcnkiXQ' WHERE digest = :digest"
    ],
    "a tombstone of nobody": [
        "DELETE FROM disclosure WHERE digest = :digest",
        "INSERT INTO tombstone VALUES (:digest, 1, 'retention', :key, x'00')",
    ],
}


@pytest.mark.parametrize("how", MADE_ANOTHER)
def test_rt_11_who_looked_and_why_cannot_be_made_another(cli, platform, tmp_path, how):
    """They stand beside the note, as personal values beside an event."""
    connect(platform)
    cli("consents", "list", "--owner", ADA, "--reason", "she rang")
    Worker(platform.runtime).run_once()
    with platform.runtime.storage.reading() as uow:
        owner = uow.owners.by_email(ADA)
        (kept,) = uow.tlog.list(looked_folder(owner.owner_id))
    for digest in json.loads(kept.data)["digests"]:
        with sqlite3.connect(tmp_path / "consentcore.sqlite") as database:
            for statement in MADE_ANOTHER[how]:
                database.execute(statement, {"digest": digest, "key": platform.runtime.keys.current_id})
        done = cli("audit", "verify")
        assert done.code == 1
        assert "who looked at something" in done.err


def test_rt_10_looks_are_kept_for_six_years(cli, platform):
    connect(platform)
    cli("consents", "list", "--owner", ADA)
    Worker(platform.runtime).run_once()
    with platform.runtime.storage.reading() as uow:
        (kept,) = uow.tlog.list(looked_folder(uow.owners.by_email(ADA).owner_id))
    until = int(kept.path.rpartition("/")[2].partition("-")[0])
    assert 2191 < (until - platform.runtime.clock.now()) / 86_400_000 <= 2192


def test_a_reason_that_is_too_long_is_refused_before_anything_is_shown(cli, platform):
    connect(platform)
    done = cli("consents", "list", "--owner", ADA, "--reason", "x" * 1001)
    assert done.code == 2
    assert "--reason" in done.err
    assert done.out == ""
    assert looks(cli) == []
