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
def house(house):
    house.client = house.update_client(house.client, audiences=(METERS, SITES))
    return house


def asks(house, *values, client_id="app"):
    return house.authorize(
        *(("resource", value) for value in values),
        client_id=client_id,
        response_type="code",
        redirect_uri="https://app.example/callback",
    )


def aud(house, token):
    return house.introspect(token).get("aud")


@pytest.mark.parametrize("values", [(METERS,), (SITES, METERS), ()])
def test_58_resources_travel_with_the_authorization_request(house, values):
    assert asks(house, *values).request.audience == values


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
def test_58_unknown_and_malformed_resources_are_an_invalid_target(house, value):
    found = asks(house, METERS, value)
    assert isinstance(found, Redirect)
    assert house.answered(found)["error"] == "invalid_target"
    for answer in (
        house.redeem(house.code(), resource=value),
        house.refresh(house.tokens()["refresh_token"], resource=value),
    ):
        assert (answer.status, answer.error) == (400, "invalid_target")


def test_58_a_refused_resource_burns_nothing(house):
    code = house.code()
    assert house.redeem(code, resource=OTHER).error == "invalid_target"
    tokens = house.redeem(code).json
    assert house.refresh(tokens["refresh_token"], resource=OTHER).error == "invalid_target"
    assert house.refresh(tokens["refresh_token"]).status == 200


def test_47_a_thief_who_asks_for_another_resource_is_still_a_thief(house):
    stolen = house.tokens()["refresh_token"]
    house.refresh(stolen)
    house.clock.advance(60_000)
    assert house.refresh(stolen, resource=OTHER).error == "invalid_grant"
    assert len(house.alarms) == 1


def test_58_a_value_comes_once_and_other_names_too(house):
    twice = f"grant_type=refresh_token&refresh_token=x&resource={quote(METERS)}&resource={quote(METERS)}"
    for body in (twice, "grant_type=refresh_token&refresh_token=x&resource=&resource="):
        answer = house.post(
            "token", body=body.encode(), headers={"content-type": "application/x-www-form-urlencoded"}
        )
        assert (answer.status, answer.error) == (400, "invalid_request")
    assert house.answered(asks(house, METERS, METERS))["error"] == "invalid_request"
    body = f"token=x&resource={quote(METERS)}&resource={quote(SITES)}".encode()
    for endpoint in ("introspect", "revoke"):
        answer = house.post(
            endpoint, body=body, headers={"content-type": "application/x-www-form-urlencoded"}
        )
        assert (answer.status, answer.error) == (400, "invalid_request")


def test_58_without_registered_resources_the_name_is_like_any_other(house):
    house.add_client("plain")
    assert house.answered(asks(house, METERS, SITES, client_id="plain"))["error"] == "invalid_request"
    assert house.answered(asks(house, METERS, client_id="plain"))["error"] == "invalid_target"


def test_58_the_token_request_narrows_the_access_token_only(house):
    code = house.code(audience=(METERS, SITES))
    tokens = house.redeem(code, resource=SITES).json
    assert aud(house, tokens["access_token"]) == SITES
    later = house.refresh(tokens["refresh_token"]).json
    assert aud(house, later["access_token"]) == [METERS, SITES]
    narrowed = house.refresh(later["refresh_token"], resource=METERS).json
    assert aud(house, narrowed["access_token"]) == METERS
    assert aud(house, narrowed["refresh_token"]) == [METERS, SITES]


@pytest.mark.parametrize("token_format", list(TokenFormat))
def test_58_two_workers_refresh_at_once_each_for_its_own_resource(house, token_format):
    house.client = house.update_client(house.client, access_token_format=token_format)
    token = house.tokens(audience=(METERS, SITES))["refresh_token"]
    first = house.refresh(token, resource=METERS).json
    second = house.refresh(token, resource=SITES).json
    assert (aud(house, first["access_token"]), aud(house, second["access_token"])) == (METERS, SITES)
    assert second["refresh_token"] == first["refresh_token"]
    assert house.refresh(token, resource=METERS).json["access_token"] == first["access_token"]
    assert house.alarms == []


def test_58_nothing_beyond_what_was_authorized(house):
    tokens = house.redeem(house.code(audience=(METERS,))).json
    assert aud(house, tokens["access_token"]) == METERS
    assert house.redeem(house.code(audience=(METERS,)), resource=SITES).error == "invalid_target"
    assert house.refresh(tokens["refresh_token"], resource=SITES).error == "invalid_target"


def test_58_json_takes_one_resource_or_several(house):
    body = {"grant_type": "refresh_token", "refresh_token": house.tokens()["refresh_token"]}
    several = house.post(
        "token", body=json.dumps({**body, "resource": [SITES, METERS]}).encode(), headers=JSON
    )
    assert aud(house, several.json["access_token"]) == [SITES, METERS]
    body["refresh_token"] = several.json["refresh_token"]
    for wrong in ([METERS, METERS], [1], [[METERS]], {"a": METERS}, 5):
        answer = house.post("token", body=json.dumps({**body, "resource": wrong}).encode(), headers=JSON)
        assert (answer.status, answer.error) == (400, "invalid_request")
    nobody = house.post("token", body=json.dumps({**body, "scope": ["comfort.read"]}).encode(), headers=JSON)
    assert nobody.error == "invalid_request"


def test_58_a_token_for_which_nothing_was_asked_names_nothing_or_the_only_resource(house):
    assert aud(house, house.tokens()["access_token"]) is None
    house.client = house.update_client(house.client, audiences=(METERS,))
    assert aud(house, house.tokens()["access_token"]) == METERS


def test_58_a_resource_that_is_no_longer_registered_is_given_to_nobody(house):
    tokens = house.redeem(house.code(audience=(METERS, SITES))).json
    house.client = house.update_client(house.client, audiences=(SITES,))
    later = house.refresh(tokens["refresh_token"]).json
    assert aud(house, later["access_token"]) == SITES
    house.update_client(house.client, audiences=(OTHER,))
    assert house.refresh(later["refresh_token"]).error == "invalid_target"


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
def test_58_an_api_with_resources_learns_about_tokens_for_them(house, own, audience, active):
    api = house.add_resource_server("api", scopes=("comfort.read",))
    house.update_client(api, audiences=own)
    token = house.redeem(house.code(audience=audience)).json["access_token"]
    assert house.introspect(token, auth=("api", "factories-client-secret"))["active"] is active


def test_58_remembered_consent_keeps_the_resources(house):
    pending = asks(house, SITES)
    redirect = house.server.authorization.issue_code(pending.request, house.grant_for(house.client))
    tokens = house.redeem(house.answered(redirect)["code"], redirect_uri="https://app.example/callback").json
    assert aud(house, tokens["access_token"]) == SITES


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


def test_58_resources_hold_for_jwts_too(house):
    house.client = house.update_client(house.client, access_token_format=TokenFormat.JWT)
    tokens = house.redeem(house.code(audience=(METERS, SITES)), resource=METERS).json
    assert aud(house, tokens["access_token"]) == METERS
