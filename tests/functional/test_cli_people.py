"""One person on the command line: everything that is kept of them, what they permitted then, and erasing them."""

from __future__ import annotations

import json
import sqlite3
import stat

import pytest

from consentcore.domain.clock import from_iso, iso
from consentcore.worker.worker import Worker
from tests.support.cli_platform import cli, platform
from tests.support.client_api import GRANTS, call
from tests.support.platform import connect, introspect, refresh

__all__ = ["cli", "platform"]

ADA = "ada@example.org"


def test_rt_05_wd_08_erasing_a_person_ends_everything_and_tells_the_application(cli, platform):
    tokens = connect(platform)
    done = cli("owner", "erase", ADA, "--reason", "asked by letter", "--json")
    assert done.json["ended"] == 1
    assert "stay as proof" in done.err
    assert introspect(platform, tokens["access_token"]) == {"active": False}
    assert refresh(platform, tokens["refresh_token"], status=400).json["error"] == "invalid_grant"
    assert cli("owner", "show", ADA).code == 1
    verified = cli("audit", "verify", "--json").json
    assert verified["ok"] is True
    assert verified["forgotten"] > 0
    Worker(platform.runtime).run_once()
    assert ADA not in str(platform.runtime.storage.delivery_log.deliveries(limit=100))
    (grant,) = call(platform, GRANTS).json["data"]
    assert grant["state"] == "revoked"
    erased = [one for one in cli("owner", "list", "--json").json if one["erased"]]
    assert [one["owner_id"] for one in erased] == [done.json["owner_id"]]
    assert erased[0]["email"] == ""


def test_rt_07_everything_that_is_kept_of_a_person_is_written(cli, platform, tmp_path):
    connect(platform)
    target = tmp_path / "ada.json"
    assert cli("owner", "export", ADA, "--output", str(target)).code == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    found = cli("owner", "export", ADA, "--json").json
    assert found["owner"]["email"] == ADA
    assert found["grants"][0]["events"][0]["disclosed"]["owner_email"] == ADA
    assert found["sessions"]
    assert "_hash" not in str(found["sessions"])
    assert cli("owner", "export", "nobody@example.org").code == 1


def test_rt_08_what_was_permitted_at_a_time_is_answered(cli, platform):
    connect(platform)
    (one,) = cli("consents", "list", "--owner", ADA, "--json").json
    granted_at = from_iso(one["granted_at"])

    def ask(moment, *more):
        return cli("consents", "at", iso(moment), "--owner", ADA, *more, "--json").json

    assert ask(granted_at - 1)["permissions"] == []
    now = ask(granted_at, "--client", "coolsite", "--scope", "sites.read")
    assert now["permitted"] is True
    assert now["permissions"][0]["by"]["owner_email"] == ADA
    assert now["permissions"][0]["control"] == "button:approve"
    cli("consents", "revoke", one["grant_id"], "--reason", "x")
    assert ask(granted_at)["permitted"] is True
    after = cli("consents", "list", "--owner", ADA, "--all", "--json").json[0]["changed_at"]
    late = ask(from_iso(after), "--scope", "sites.read")
    assert (late["permitted"], late["permissions"][0]["why_not"]) == (False, "revoked")


def test_rt_08_an_answer_that_is_made_of_what_was_not_written_says_so(cli, platform, tmp_path):
    connect(platform)
    ask = ("consents", "at", iso(platform.runtime.clock.now()), "--owner", ADA, "--json")
    assert cli(*ask).json["intact"] is True
    with sqlite3.connect(tmp_path / "consentcore.sqlite") as database:
        database.execute("UPDATE consent_event SET body = replace(body, 'comfort.read', 'alarms.read')")
    done = cli(*ask)
    assert (done.code, json.loads(done.out)["intact"]) == (1, False)
    assert "its text is not the one that was written" in done.err


@pytest.mark.parametrize("date", ["yesterday", "2026-03-29T12:00", ""])
def test_rt_08_a_time_that_may_be_another_is_refused(cli, platform, date):
    done = cli("consents", "at", date, "--owner", ADA)
    assert done.code == 2
    assert "DATE" in done.err


def test_rt_08_an_application_asks_about_its_own_grants_alone(platform):
    connect(platform)
    (grant,) = call(platform, GRANTS).json["data"]
    path = f"{GRANTS}/{grant['grant_id']}/at"
    began = from_iso(grant["created_at"])
    answer = call(platform, f"{path}?time={iso(began)}")
    assert answer.json["permitted"] is True
    assert {one["scope"] for one in answer.json["permissions"]} == {"sites.read", "comfort.read"}
    assert not any(word in answer.text for word in (ADA, "Moreau", '"by"'))
    assert call(platform, f"{path}?time={iso(began - 1)}").json["permissions"] == []
    assert call(platform, f"{path}?time={iso(began)}&scope=sites.read").json["permitted"] is True
    call(platform, f"{path}?time={iso(began)}", client_id="shiftplan", status=404)
    for wrong in ("", "?time=yesterday", "?time=2026-03-29T12:00"):
        assert "time" in call(platform, path + wrong, status=400).json["error_description"]
