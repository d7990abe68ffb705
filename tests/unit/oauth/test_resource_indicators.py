"""Resource indicators (RFC 8707)."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from consentcore.api import InvalidInput, TokenFormat
from consentcore.oauth.messages import Redirect
from consentcore.oauth.resource_indicators import check_audience

METERS, SITES, OTHER = "https://api.example/meters", "urn:example:sites", "https://other.example"
JSON = {"content-type": "application/json"}


@pytest.fixture
def scenario(scenario):
    scenario.client = scenario.update_client(scenario.client, audiences=(METERS, SITES))
    return scenario


def asks(scenario, *values, client_id="app"):
    return scenario.authorize(
        *(("resource", value) for value in values),
        client_id=client_id,
        response_type="code",
        redirect_uri="https://app.example/callback",
    )


def aud(scenario, token):
    return scenario.introspect(token).get("aud")


@pytest.mark.parametrize("values", [(METERS,), (SITES, METERS), ()])
def test_58_resources_travel_with_the_authorization_request(scenario, values):
    assert asks(scenario, *values).request.audience == values


@pytest.mark.parametrize(
    "value",
    [
        OTHER,
        METERS + "/",
        METERS.upper(),
        METERS + "#x",
        "meters",
        "//api.example",
        "https://x y",
        METERS + "?",
    ],
)
def test_58_unknown_and_malformed_resources_are_an_invalid_target(scenario, value):
    found = asks(scenario, METERS, value)
    assert isinstance(found, Redirect)
    assert scenario.answered(found)["error"] == "invalid_target"
    for answer in (
        scenario.exchange(scenario.code(), resource=value),
        scenario.refresh(scenario.tokens()["refresh_token"], resource=value),
    ):
        assert (answer.status, answer.error) == (400, "invalid_target")


def test_58_a_refused_resource_burns_nothing(scenario):
    code = scenario.code()
    assert scenario.exchange(code, resource=OTHER).error == "invalid_target"
    tokens = scenario.exchange(code).json
    assert scenario.refresh(tokens["refresh_token"], resource=OTHER).error == "invalid_target"
    assert scenario.refresh(tokens["refresh_token"]).status == 200


def test_47_a_thief_who_asks_for_another_resource_is_still_a_thief(scenario):
    stolen = scenario.tokens()["refresh_token"]
    scenario.refresh(stolen)
    scenario.clock.advance(60_000)
    assert scenario.refresh(stolen, resource=OTHER).error == "invalid_grant"
    assert len(scenario.alarms) == 1


def test_58_a_value_comes_once_and_other_names_too(scenario):
    twice = f"grant_type=refresh_token&refresh_token=x&resource={quote(METERS)}&resource={quote(METERS)}"
    for body in (twice, "grant_type=refresh_token&refresh_token=x&resource=&resource="):
        answer = scenario.post(
            "token", body=body.encode(), headers={"content-type": "application/x-www-form-urlencoded"}
        )
        assert (answer.status, answer.error) == (400, "invalid_request")
    assert scenario.answered(asks(scenario, METERS, METERS))["error"] == "invalid_request"
    body = f"token=x&resource={quote(METERS)}&resource={quote(SITES)}".encode()
    for endpoint in ("introspect", "revoke"):
        answer = scenario.post(
            endpoint, body=body, headers={"content-type": "application/x-www-form-urlencoded"}
        )
        assert (answer.status, answer.error) == (400, "invalid_request")


def test_58_without_registered_resources_the_name_is_like_any_other(scenario):
    scenario.add_client("plain")
    assert scenario.answered(asks(scenario, METERS, SITES, client_id="plain"))["error"] == "invalid_request"
    assert scenario.answered(asks(scenario, METERS, client_id="plain"))["error"] == "invalid_target"


def test_58_the_token_request_narrows_the_access_token_only(scenario):
    code = scenario.code(audience=(METERS, SITES))
    tokens = scenario.exchange(code, resource=SITES).json
    assert aud(scenario, tokens["access_token"]) == SITES
    later = scenario.refresh(tokens["refresh_token"]).json
    assert aud(scenario, later["access_token"]) == [METERS, SITES]
    narrowed = scenario.refresh(later["refresh_token"], resource=METERS).json
    assert aud(scenario, narrowed["access_token"]) == METERS
    assert aud(scenario, narrowed["refresh_token"]) == [METERS, SITES]


@pytest.mark.parametrize("token_format", list(TokenFormat))
def test_58_two_workers_refresh_at_once_each_for_its_own_resource(scenario, token_format):
    scenario.client = scenario.update_client(scenario.client, access_token_format=token_format)
    token = scenario.tokens(audience=(METERS, SITES))["refresh_token"]
    first = scenario.refresh(token, resource=METERS).json
    second = scenario.refresh(token, resource=SITES).json
    assert (aud(scenario, first["access_token"]), aud(scenario, second["access_token"])) == (METERS, SITES)
    assert second["refresh_token"] == first["refresh_token"]
    assert scenario.refresh(token, resource=METERS).json["access_token"] == first["access_token"]
    assert scenario.alarms == []


def test_58_nothing_beyond_what_was_authorized(scenario):
    tokens = scenario.exchange(scenario.code(audience=(METERS,))).json
    assert aud(scenario, tokens["access_token"]) == METERS
    assert scenario.exchange(scenario.code(audience=(METERS,)), resource=SITES).error == "invalid_target"
    assert scenario.refresh(tokens["refresh_token"], resource=SITES).error == "invalid_target"


def test_58_json_takes_one_resource_or_several(scenario):
    body = {"grant_type": "refresh_token", "refresh_token": scenario.tokens()["refresh_token"]}
    several = scenario.post(
        "token", body=json.dumps({**body, "resource": [SITES, METERS]}).encode(), headers=JSON
    )
    assert aud(scenario, several.json["access_token"]) == [SITES, METERS]
    body["refresh_token"] = several.json["refresh_token"]
    for wrong in ([METERS, METERS], [1], [[METERS]], {"a": METERS}, 5):
        answer = scenario.post("token", body=json.dumps({**body, "resource": wrong}).encode(), headers=JSON)
        assert (answer.status, answer.error) == (400, "invalid_request")
    nobody = scenario.post(
        "token", body=json.dumps({**body, "scope": ["comfort.read"]}).encode(), headers=JSON
    )
    assert nobody.error == "invalid_request"


def test_58_a_token_for_which_nothing_was_asked_names_nothing_or_the_only_resource(scenario):
    assert aud(scenario, scenario.tokens()["access_token"]) is None
    scenario.client = scenario.update_client(scenario.client, audiences=(METERS,))
    assert aud(scenario, scenario.tokens()["access_token"]) == METERS


def test_58_a_resource_that_is_no_longer_registered_is_given_to_nobody(scenario):
    tokens = scenario.exchange(scenario.code(audience=(METERS, SITES))).json
    scenario.client = scenario.update_client(scenario.client, audiences=(SITES,))
    later = scenario.refresh(tokens["refresh_token"]).json
    assert aud(scenario, later["access_token"]) == SITES
    scenario.update_client(scenario.client, audiences=(OTHER,))
    assert scenario.refresh(later["refresh_token"]).error == "invalid_target"


@pytest.mark.parametrize(
    ("own", "audience", "active"),
    [
        ((METERS,), (METERS,), True),
        ((OTHER, METERS), (SITES, METERS), True),
        ((METERS,), (SITES,), False),
        ((METERS,), (), True),
        ((), (SITES,), True),
    ],
)
def test_58_an_api_with_resources_learns_about_tokens_for_them(scenario, own, audience, active):
    api = scenario.add_resource_server("api", scopes=("comfort.read",))
    scenario.update_client(api, audiences=own)
    token = scenario.exchange(scenario.code(audience=audience)).json["access_token"]
    assert scenario.introspect(token, auth=("api", "factories-client-secret"))["active"] is active


def test_58_remembered_consent_keeps_the_resources(scenario):
    pending = asks(scenario, SITES)
    redirect = scenario.server.authorization.issue_code(pending.request, scenario.grant_for(scenario.client))
    tokens = scenario.exchange(
        scenario.answered(redirect)["code"], redirect_uri="https://app.example/callback"
    ).json
    assert aud(scenario, tokens["access_token"]) == SITES


@pytest.mark.parametrize(
    "uri", ["https://api.example", METERS, SITES, "https://[::1]:8080/a?b=c", "com.example:x"]
)
def test_resources_that_can_be_registered(uri):
    check_audience(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "api.example",
        "/meters",
        "https:",
        "https://",
        "https:///x",
        "https://a#b",
        "https://a b",
        "urn:é",
        "x:" * 300,
    ],
)
def test_resources_that_cannot_be_registered(uri):
    with pytest.raises(InvalidInput, match="absolute URI without fragment"):
        check_audience(uri)


def test_58_resources_hold_for_jwts_too(scenario):
    scenario.client = scenario.update_client(scenario.client, access_token_format=TokenFormat.JWT)
    tokens = scenario.exchange(scenario.code(audience=(METERS, SITES)), resource=METERS).json
    assert aud(scenario, tokens["access_token"]) == METERS
