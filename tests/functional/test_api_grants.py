"""``/api/v1/grants``: an application looks at its own grants, and ends one from its side."""

from __future__ import annotations

import json

from consentcore.worker.worker import Worker
from tests.support.client_api import EVENTS, GRANTS, call, everything, owner_of, people, withdraw
from tests.support.platform import ISSUER, connect, decide, introspect, refresh


class TestGrants:
    def test_grant_is_told_with_state_and_without_a_person(self, platform):
        tokens = connect(platform)
        answer = call(platform, GRANTS)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.content_type == "application/json"
        (found,) = answer.json["data"]
        assert (found["status"], found["state"], found["sequence"]) == ("active", "active", 1)
        assert found["scopes"] == ["comfort.read", "sites.read"]
        known = introspect(platform, tokens["access_token"])
        assert (found["subject"], found["grant_id"]) == (known["sub"], known["grant_id"])
        assert found["grant_url"] == f"{ISSUER}{GRANTS}/{found['grant_id']}"
        assert call(platform, found["grant_url"].removeprefix(ISSUER)).json == found
        owner = owner_of(platform, "ada@example.org")
        assert not any(word in answer.text for word in (owner.owner_id, "ada", "Ada", "Moreau"))

    def test_grants_of_others_are_not_there(self, platform):
        grant = decide(platform, owner_of(platform, "ada@example.org"))
        path = f"{GRANTS}/{grant.grant_id}"
        assert call(platform, GRANTS, client_id="shiftplan").json == {
            "data": [],
            "has_more": False,
            "next_after": None,
        }
        unknown = call(platform, f"{GRANTS}/unknown", client_id="shiftplan", status=404).json
        assert call(platform, path, client_id="shiftplan", status=404).json == unknown
        assert unknown["error"] == "not_found"
        assert call(platform, path, "DELETE", client_id="shiftplan", status=404).json == unknown
        assert call(platform, path).json["status"] == "active"

    def test_pages_are_the_list_and_say_where_the_next_one_is(self, platform):
        made = sorted(decide(platform, one).grant_id for one in people(platform, 7))
        first = call(platform, f"{GRANTS}?limit=3")
        assert [one["grant_id"] for one in first.json["data"]] == made[:3]
        assert (first.json["has_more"], first.json["next_after"]) == (True, made[2])
        assert first.headers["Link"] == f'<{ISSUER}{GRANTS}?limit=3&after={made[2]}>; rel="next"'
        for limit in (1, 3, 7, 8):
            assert [one["grant_id"] for one in everything(platform, GRANTS, limit)] == made

    def test_list_is_narrowed_by_state_and_subject(self, platform):
        standing, withdrawn, closed = [decide(platform, one) for one in people(platform, 3)]
        withdraw(platform, withdrawn)
        call(platform, f"{GRANTS}/{closed.grant_id}", "DELETE", status=204)
        expected = {
            "active": {standing.grant_id},
            "ended": {withdrawn.grant_id, closed.grant_id},
            "withdrawn": {withdrawn.grant_id},
            "closed": {closed.grant_id},
            "revoked": set(),
        }
        for state, ids in expected.items():
            found = call(platform, f"{GRANTS}?state={state}").json["data"]
            assert {one["grant_id"] for one in found} == ids
            assert {one["status"] for one in found} <= {"active" if state == "active" else "revoked"}
            assert all(one["scopes"] == [] and one["last_scopes"] for one in found if state != "active")
        subject = call(platform, f"{GRANTS}/{closed.grant_id}").json["subject"]
        (found,) = everything(platform, GRANTS, 1, subject=subject)
        assert found["grant_id"] == closed.grant_id

    def test_denial_is_no_grant(self, platform):
        denied = decide(platform, owner_of(platform, "ada@example.org"), allow=False)
        assert call(platform, GRANTS).json["data"] == []
        for method in ("GET", "DELETE"):
            assert call(platform, f"{GRANTS}/{denied.grant_id}", method, status=404)

    def test_grant_whose_time_is_over_says_so_before_any_job_ran(self, platform):
        grant = decide(platform, owner_of(platform, "ada@example.org"))
        now = platform.runtime.clock.now()

        class Later:
            def now(self) -> int:
                return grant.expires_at

        platform.runtime.clock = Later()
        found = call(platform, f"{GRANTS}/{grant.grant_id}").json
        assert (found["status"], found["scopes"], found["sequence"]) == ("expired", [], 1)
        assert call(platform, f"{GRANTS}?state=active").json["data"] == []
        assert grant.expires_at > now


class TestClosing:
    def test_application_ends_a_grant_and_everybody_is_told(self, platform):
        tokens = connect(platform)
        grant_id = introspect(platform, tokens["access_token"])["grant_id"]
        answer = call(platform, f"{GRANTS}/{grant_id}", "DELETE", status=204)
        assert answer.body == b""
        assert introspect(platform, tokens["access_token"]) == {"active": False}
        assert refresh(platform, tokens["refresh_token"]).json["error"] == "invalid_grant"
        found = call(platform, f"{GRANTS}/{grant_id}").json
        assert (found["status"], found["state"], found["sequence"]) == ("revoked", "closed", 2)
        event = call(platform, EVENTS).json["data"][-1]
        data = event["data"]
        assert (event["type"], data["initiator"], data["reason"]) == (
            "consent.revoked",
            "client",
            "client_request",
        )
        Worker(platform.runtime).run_once()
        folder = platform.runtime.registry.settings("devmail").dir
        mails = [path.read_text() for path in sorted(folder.glob("*.eml"))]
        assert "ended its own access" in mails[-1].replace("=\n", "").replace("\n", " ")

    def test_ending_twice_is_ending_once(self, platform):
        grant = decide(platform, owner_of(platform, "ada@example.org"))
        for _ in range(2):
            call(platform, f"{GRANTS}/{grant.grant_id}", "DELETE", status=204)
        assert call(platform, f"{GRANTS}/{grant.grant_id}").json["sequence"] == 2

    def test_ending_what_the_owner_has_ended_changes_nothing(self, platform):
        grant = decide(platform, owner_of(platform, "ada@example.org"))
        withdraw(platform, grant)
        call(platform, f"{GRANTS}/{grant.grant_id}", "DELETE", status=204)
        assert call(platform, f"{GRANTS}/{grant.grant_id}").json["state"] == "withdrawn"

    def test_person_may_agree_again(self, platform):
        owner = owner_of(platform, "ada@example.org")
        first = decide(platform, owner)
        call(platform, f"{GRANTS}/{first.grant_id}", "DELETE", status=204)
        second = decide(platform, owner)
        assert call(platform, f"{GRANTS}/{second.grant_id}").json["replaces"] == first.grant_id


def test_request_that_collides_is_repeated_and_its_client_asked_once(platform, monkeypatch):
    """An assertion may be used once: a repetition of the request must not look like a second use."""
    from transaction.interfaces import TransientError

    from consentcore.domain.errors import StorageConflict

    class Collision(StorageConflict, TransientError):
        pass

    grant = decide(platform, owner_of(platform, "ada@example.org"))
    callers, service, asked, tries = platform.runtime.server.api_clients, platform.runtime.service, [], []
    real_authenticate, real_revoke = callers.authenticate, service.revoke

    def authenticate(http):
        asked.append(http)
        return real_authenticate(http)

    def revoke(*args, **more):
        tries.append(args)
        if len(tries) == 1:
            raise Collision("somebody was faster")
        return real_revoke(*args, **more)

    monkeypatch.setattr(callers, "authenticate", authenticate)
    monkeypatch.setattr(service, "revoke", revoke)
    call(platform, f"{GRANTS}/{grant.grant_id}", "DELETE", status=204)
    assert (len(asked), len(tries)) == (1, 2)
    assert json.loads(call(platform, f"{GRANTS}/{grant.grant_id}").body)["state"] == "closed"
