"""``client disable|enable|suspend|resume`` on the command line."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest

from consentcore.cli.state import operator
from consentcore.consent.personal import disclosed, disclosed_by
from consentcore.domain.clock import iso
from consentcore.worker.worker import Worker
from tests.support.cli_platform import cli, platform
from tests.support.client_api import EVENTS, call, owner_of
from tests.support.platform import connect, decide, introspect, refresh, sign_in, visible

__all__ = ["cli", "platform"]

REASON = "Données vendues à un tiers"


def on_a_terminal(cli, typed: str, *words: str) -> tuple[int, str]:
    """Run a command as somebody does who sits before it: exit code, and what they see."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "consentcore.cli.main", *words, "-c", str(cli.ini)]
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        os.write(ours, typed.encode())
        said = process.stdout.read().decode()
        code = process.wait()
    os.close(ours)
    os.close(theirs)
    return code, said


def grant_events(platform):
    with platform.runtime.storage.reading() as uow:
        return [event for grant in uow.grants.all() for event in uow.ledger.of_grant(grant.grant_id)]


class TestDisable:
    def test_on_a_terminal_it_asks_and_says_how_many_consents_end(self, cli, platform):
        decide(platform, owner_of(platform, "ada@example.org"))
        decide(platform, owner_of(platform, "grace@example.org"))
        code, said = on_a_terminal(cli, "n\n", "client", "disable", "coolsite")
        assert code == 1
        assert "This ends 2 consents of coolsite for good" in said
        assert "client suspend" in said
        assert "nothing was changed" in said
        assert cli("client", "show", "coolsite", "--json").json["enabled"] is True
        code, said = on_a_terminal(cli, "y\n", "client", "disable", "coolsite")
        assert code == 0
        assert "coolsite is disabled; 2 consents ended with it" in said

    @pytest.mark.parametrize("words", [("--yes",), ("--json",)])
    def test_on_a_terminal_it_does_not_ask_whoever_has_said_so(self, cli, platform, words):
        code, said = on_a_terminal(cli, "", "client", "disable", "coolsite", *words)
        assert code == 0
        assert "for good" not in said

    def test_in_a_script_it_does_not_ask(self, cli, platform):
        decide(platform, owner_of(platform, "ada@example.org"))
        done = cli("client", "disable", "coolsite", "--json")
        assert done.json == {"client_id": "coolsite", "enabled": False, "consents_ended": 1}
        again = cli("client", "disable", "coolsite", "--reason", "other", "--json").json
        assert again["consents_ended"] == 0
        assert cli("client", "show", "coolsite", "--json").json["disabled"]["reason"] == ""

    def test_actor_and_reason_stand_in_every_event_webhook_and_page(self, cli, platform):
        connect(platform)
        connect(platform, email="grace@example.org")
        assert cli("client", "disable", "coolsite", "--reason", REASON).code == 0
        shown = cli("client", "show", "coolsite", "--json").json
        halt = shown["disabled"]
        assert (halt["by"], halt["reason"]) == (operator(), REASON)
        platform.runtime.clock = _Later(platform.runtime.clock)
        Worker(platform.runtime).run_once()
        ends = [event for event in grant_events(platform) if event.type == "revoked"]
        assert len(ends) == 2
        with platform.runtime.storage.reading() as uow:
            values = disclosed_by(uow, ends)
        for event in ends:
            body = json.loads(event.body)
            assert body["actor"] == {"type": "operator", "id": ""}
            assert body["evidence"]["reason_code"] == "client_disabled"
            assert values[event.event_id] == {"operator": operator(), "reason_text": REASON}
            assert body["effective_at"] == halt["since"]
        assert cli("client", "enable", "coolsite").code == 0
        told = [one for one in call(platform, EVENTS).json["data"] if one["type"] == "consent.revoked"]
        for one in told:
            data = one["data"]
            assert (data["initiator"], data["reason"]) == ("admin", "client_disabled")
            assert data["reason_admin"] == {"und": REASON}
            assert data["effective_at"] == halt["since"]
        mail = platform.runtime.registry.settings("devmail").dir
        assert any(
            REASON in path.read_bytes().decode() or "vendues" in path.read_text() for path in mail.iterdir()
        )

    @pytest.mark.parametrize("swept", [False, True])
    def test_owners_read_since_when_and_why_before_any_worker_ran(self, cli, platform, swept):
        connect(platform)
        cli("client", "disable", "coolsite", "--reason", REASON)
        if swept:
            Worker(platform.runtime).run_once()
        browser = platform.browser()
        sign_in(browser, browser.get("/login"))
        assert "No application can use your data" in visible(browser.get("/consents"))
        assert "We stopped it" in visible(browser.get("/consents/revoked"))
        page = visible(browser.get("/consents/revoked").click("Details"))
        assert f"shut CoolSite out. The reason: {REASON}" in page
        (found,) = cli("consents", "list", "--owner", "ada@example.org", "--all", "--json").json
        since = cli("client", "show", "coolsite", "--json").json["disabled"]["since"]
        assert (found["state"], found["changed_at"]) == ("revoked", since)

    def test_what_ended_stays_ended_however_soon_it_is_enabled(self, cli, platform):
        """Owners were told at once; a worker that had not come by must not make that untrue."""
        tokens = connect(platform)
        cli("client", "disable", "coolsite", "--reason", REASON)
        cli("client", "enable", "coolsite")
        assert introspect(platform, tokens["access_token"]) == {"active": False}
        ends = [event for event in grant_events(platform) if event.type == "revoked"]
        with platform.runtime.storage.reading() as uow:
            assert [disclosed(uow, event)["reason_text"] for event in ends] == [REASON]
        assert cli("audit", "verify").code == 0

    @pytest.mark.parametrize("reason", ["x" * 1001, "two\nlines"])
    def test_a_reason_that_is_none_is_refused_before_anything_is_done(self, cli, platform, reason):
        refused = cli("client", "disable", "coolsite", "--reason", reason)
        assert (refused.code, "--reason" in refused.err) == (2, True)
        assert cli("client", "show", "coolsite", "--json").json["enabled"] is True


class TestSuspend:
    def test_it_is_shown_with_reason_and_taken_back(self, cli, platform):
        tokens = connect(platform)
        done = cli("client", "suspend", "coolsite", "--reason", REASON)
        assert done.code == 0
        assert "what stands, 1 consent, gives nothing meanwhile" in done.err
        shown = cli("client", "show", "coolsite", "--json").json
        assert (shown["suspended"]["by"], shown["suspended"]["reason"]) == (operator(), REASON)
        assert shown["enabled"] is True
        assert "suspended" in cli("client", "list").out
        assert introspect(platform, tokens["access_token"]) == {"active": False}
        Worker(platform.runtime).run_once()
        assert cli("client", "resume", "coolsite", "--json").json["suspended"] is None
        assert refresh(platform, tokens["refresh_token"]).status_int == 200
        assert [event.type for event in grant_events(platform)] == ["granted"]

    def test_twice_is_once_and_keeps_the_first(self, cli, platform):
        first = cli("client", "suspend", "coolsite", "--reason", "one", "--json").json
        second = cli("client", "suspend", "coolsite", "--reason", "two", "--json")
        assert second.json == first
        assert "was suspended before" in second.err
        cli("client", "resume", "coolsite")
        assert "was not suspended" in cli("client", "resume", "coolsite").err

    def test_a_reason_may_come_or_not_as_with_disable(self, cli, platform):
        assert cli("client", "suspend", "coolsite", "--json").json["suspended"]["reason"] == ""
        assert cli("client", "resume", "coolsite").code == 0
        assert cli("client", "suspend", "coolsite", "--reason", " ").code == 0
        assert cli("client", "show", "coolsite").code == 0

    def test_it_needs_an_application_and_one_that_is_enabled(self, cli, platform):
        assert "expected an application" in cli("client", "suspend", "api", "--reason", "x").err
        cli("client", "disable", "coolsite")
        refused = cli("client", "suspend", "coolsite", "--reason", "x")
        assert (refused.code, "is disabled" in refused.err) == (2, True)
        for command in ("suspend", "resume"):
            assert cli("client", command, "nobody").code == 1

    def test_other_changes_leave_it_as_it_is(self, cli, platform):
        cli("client", "suspend", "coolsite", "--reason", "x")
        for words in (
            ("update", "coolsite", "--name", "Cooler"),
            ("rotate-secret", "coolsite"),
            ("enable", "coolsite"),
        ):
            assert cli("client", *words).code == 0
        assert cli("client", "show", "coolsite", "--json").json["suspended"]["reason"] == "x"
        assert "it is suspended" in cli("client", "enable", "coolsite").err

    def test_disabling_ends_the_suspension_with_the_consents(self, cli, platform):
        cli("client", "suspend", "coolsite", "--reason", "x")
        cli("client", "disable", "coolsite")
        cli("client", "enable", "coolsite")
        shown = cli("client", "show", "coolsite", "--json").json
        assert (shown["suspended"], shown["disabled"], shown["enabled"]) == (None, None, True)


class _Later:
    """A worker that is some days late."""

    def __init__(self, clock) -> None:
        self._clock = clock

    def now(self) -> int:
        return self._clock.now() + 3 * 86_400_000


def test_secrets_that_have_ended_are_not_shown_as_if_they_counted(cli, platform):
    cli("client", "rotate-secret", "coolsite", "--keep-hours", "0")
    (only,) = cli("client", "show", "coolsite", "--json").json["secrets"]
    assert only["expires_at"] is None
    now = platform.runtime.clock.now()
    data = cli("client", "rotate-secret", "coolsite", "--keep-hours", "1", "--json").json
    assert data["old_secrets_expire_at"] <= iso(now + 3_700_000)
    again = cli("client", "rotate-secret", "coolsite", "--keep-hours", "700", "--json").json
    kept = cli("client", "show", "coolsite", "--json").json["secrets"]
    assert again["old_secrets_expire_at"] == kept[1]["expires_at"]
