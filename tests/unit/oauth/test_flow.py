"""The whole way: authorize, code, tokens, refresh, introspect, revoke."""

from __future__ import annotations

import pytest

from consentcore.domain.secret import ACCESS, REFRESH, looks_like
from consentcore.oauth.messages import Pending


def test_a_grant_from_the_first_request_to_the_last(scenario):
    pending = scenario.authorize(
        client_id="app",
        response_type="code",
        redirect_uri=scenario.client.redirect_uris[0],
        scope="comfort.read",
        state="s",
    )
    assert isinstance(pending, Pending)
    assert pending.context.session == scenario.session

    redirect = scenario.server.authorization.issue_code(pending.request, scenario.grant_for(scenario.client))
    query = scenario.answered(redirect)
    assert query["state"] == "s"
    assert query["iss"] == "https://consent.example"

    first = scenario.exchange(query["code"])
    assert first.status == 200
    assert looks_like(ACCESS, first.json["access_token"])
    assert looks_like(REFRESH, first.json["refresh_token"])
    assert first.json["token_type"] == "Bearer"
    assert first.json["expires_in"] == 3600
    assert first.json["scope"] == "comfort.read"
    assert first.headers["Cache-Control"] == "no-store"
    assert first.headers["Pragma"] == "no-cache"

    second = scenario.refresh(first.json["refresh_token"])
    assert second.status == 200
    assert second.json["refresh_token"] != first.json["refresh_token"]

    told = scenario.introspect(second.json["access_token"])
    assert told["active"] is True
    assert told["client_id"] == "app"

    assert scenario.post("revoke", {"token": second.json["refresh_token"]}).status == 200
    assert scenario.introspect(second.json["access_token"]) == {"active": False}
    assert scenario.refresh(second.json["refresh_token"]).error == "invalid_grant"
    assert scenario.alarms == []


def test_a_denial_is_told_with_state_and_issuer(scenario):
    pending = scenario.pending(state="a b&c", scope="comfort.read")
    url = scenario.server.authorization.error_url(pending.request, "access_denied", 'The owner said "no"')
    assert url == (
        "https://app.example/callback?error=access_denied&error_description=The%20owner%20said%20%3Fno%3F"
        "&state=a%20b%26c&iss=https%3A%2F%2Fconsent.example"
    )


@pytest.mark.parametrize("endpoint", ["token", "revoke", "introspect"])
def test_json_is_taken_like_a_form(scenario, endpoint):
    token = scenario.tokens()["refresh_token"]
    members = (
        {"token": token} if endpoint != "token" else {"grant_type": "refresh_token", "refresh_token": token}
    )
    import json

    answer = scenario.post(
        endpoint,
        headers={"content-type": "application/json; charset=utf-8"},
        body=json.dumps(members).encode(),
    )
    assert answer.status == 200
