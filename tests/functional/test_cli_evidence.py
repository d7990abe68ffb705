"""Consents and their evidence on the command line."""

from __future__ import annotations

import json
import sqlite3
import stat

import pytest

from consentcore.cli.state import operator
from consentcore.consent.personal import disclosed
from consentcore.domain.clock import DAY, from_iso
from tests.support.cli_platform import cli, platform
from tests.support.delivery_log import find_notice
from tests.support.platform import Request, answer, connect, introspect, to_consent_page

__all__ = ["cli", "platform"]

ADA = "ada@example.org"


@pytest.fixture
def granted(platform):
    return connect(platform)


def deny(platform):
    _, page = to_consent_page(platform, Request(client_id="shiftplan"))
    assert answer(page, "deny")["error"] == "access_denied"


def listed(cli, *more):
    return cli("consents", "list", "--owner", ADA, "--json", *more).json


def test_active_consents_are_listed(cli, granted, platform):
    deny(platform)
    (one,) = listed(cli)
    assert set(one) == {
        *(
            "grant_id",
            "client_id",
            "client_name",
            "scopes",
            "state",
            "granted_at",
            "expires_at",
            "changed_at",
        ),
        "words",
    }
    assert (one["client_id"], one["client_name"], one["state"]) == ("coolsite", "CoolSite", "active")
    assert set(one["scopes"]) == {"sites.read", "comfort.read"}
    assert [(word["id"], word["version"], word["label"]) for word in one["words"]] == [
        ("sites.read", "1", "Your sites"),
        ("comfort.read", "1", "Room climate"),
    ]
    assert (
        from_iso(one["granted_at"]) < from_iso(one["expires_at"]) <= from_iso(one["granted_at"]) + 366 * DAY
    )


def test_ended_and_denied_ones_are_listed_when_asked_for(cli, granted, platform):
    deny(platform)
    grant_id = listed(cli)[0]["grant_id"]
    assert cli("consents", "revoke", grant_id, "--reason", "contract ended").code == 0
    assert listed(cli) == []
    states = {one["client_name"]: (one["state"], one["granted_at"] is None) for one in listed(cli, "--all")}
    assert states == {"CoolSite": ("revoked", False), "ShiftPlan EV": ("denied", True)}


def test_list_for_people_and_for_nobody(cli, granted):
    assert "CoolSite" in cli("consents", "list", "--owner", ADA).out
    assert cli("consents", "list", "--owner", "grace@example.org", "--json").json == []
    assert cli("consents", "list", "--owner", "nobody@example.org").code == 1
    assert cli("consents", "list", "--owner", "no address").code == 2


def test_revoke_kills_the_tokens_and_writes_the_reason_into_the_evidence(cli, granted, platform):
    assert introspect(platform, granted["access_token"])["active"] is True
    grant_id = listed(cli)[0]["grant_id"]
    done = cli("consents", "revoke", grant_id, "--reason", "contract ended", "--json").json
    assert (done["grant_id"], done["state"]) == (grant_id, "revoked")
    assert introspect(platform, granted["access_token"]) == {"active": False}
    with platform.runtime.storage.reading() as uow:
        event = uow.ledger.get(done["event_id"])
        assert find_notice(uow, done["event_id"]) is not None
        assert disclosed(uow, event) == {"reason_text": "contract ended", "operator": operator()}
    assert json.loads(event.body)["actor"] == {"type": "operator", "id": ""}


@pytest.mark.parametrize(
    ("grant", "reason", "code"),
    [("nothing", "x", 1), ("", "x", 1), ("nothing", "", 2), ("nothing", "x" * 1001, 2)],
)
def test_revoking_nothing_or_without_a_reason_is_refused(cli, granted, grant, reason, code):
    assert cli("consents", "revoke", grant, "--reason", reason).code == code
    assert len(listed(cli)) == 1


def test_revoking_twice_is_refused(cli, granted):
    grant_id = listed(cli)[0]["grant_id"]
    assert cli("consents", "revoke", grant_id, "--reason", "x").code == 0
    again = cli("consents", "revoke", grant_id, "--reason", "x")
    assert again.code == 1
    assert "is revoked and cannot become" in again.err


def test_export_holds_grants_events_and_what_was_shown(cli, granted, platform, tmp_path):
    deny(platform)
    document = json.loads(cli("consents", "export", "--owner", ADA).out)
    assert {grant["state"] for grant in document["grants"]} == {"active", "denied"}
    assert all(grant["events"] for grant in document["grants"])
    assert "ccs_" not in json.dumps(document)
    target = tmp_path / "export.json"
    assert cli("consents", "export", "--owner", ADA, "--output", str(target)).code == 0
    assert json.loads(target.read_text()) == document
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_audit_of_untouched_evidence(cli, granted, platform):
    deny(platform)
    result = cli("audit", "verify", "--json")
    assert result.json["ok"] is True
    assert (result.json["grants"], result.json["events"], result.json["problems"]) == (2, 2, [])
    assert cli("audit", "verify").out.startswith("intact: 2 consents, 2 events")


def test_audit_notes_events_that_nobody_gives_their_place(cli, granted, platform, monkeypatch):
    monkeypatch.setattr("consentcore.cli.audit.WAITS_MS", -1)
    (one,) = listed(cli)
    waiting = cli("audit", "verify")
    assert waiting.code == 0
    assert f"note: events since {one['granted_at'][:16]}" in waiting.err
    platform.runtime.evidence.advance()
    assert "no worker signs it" not in cli("audit", "verify").err
    assert cli("audit", "verify", "--json").json["waiting_since"] is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE consent_event SET body = replace(body, 'comfort.read', 'billing.read')",
        "UPDATE consent_event SET occurred_at = occurred_at - 1",
        "DELETE FROM consent_event",
    ],
)
def test_audit_names_the_broken_event(cli, granted, tmp_path, statement):
    grant_id = listed(cli)[0]["grant_id"]
    with sqlite3.connect(tmp_path / "consentcore.sqlite") as database:
        database.execute(statement)
    result = cli("audit", "verify")
    assert (result.code, result.out) == (1, "")
    assert grant_id in result.err
    assert "NOT INTACT" in result.err
    report = cli("audit", "verify", "--json")
    assert report.code == 1
    assert json.loads(report.out)["problems"][0]["grant_id"] == grant_id
