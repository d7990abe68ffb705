"""Signed answers about tokens (RFC 9701)."""

from __future__ import annotations

import pytest

from tests.support.request_objects import ISSUER, read_signed

SECRET = "factories-client-secret"
TYPE = "application/token-introspection+jwt"


def told(scenario, token, accept, auth=("app", SECRET)):
    return scenario.post(
        "introspect", {"token": token}, auth=auth, headers={"accept": accept} if accept else {}
    )


@pytest.mark.parametrize(
    "accept", [TYPE, TYPE.upper(), f"application/json;q=0.5, {TYPE}", f"{TYPE}; q=0.8, */*"]
)
def test_answer_is_signed_when_that_is_asked_for(scenario, accept):
    api = scenario.add_resource_server("api")
    token = scenario.tokens()["access_token"]
    answer = told(scenario, token, accept, ("api", SECRET))
    assert (answer.status, answer.headers["Content-Type"]) == (200, TYPE)
    assert answer.headers["Cache-Control"] == "no-store"
    header, claims = read_signed(scenario.server, answer.raw.body.decode())
    assert header["typ"] == "token-introspection+jwt"
    assert claims == {
        "iss": ISSUER,
        "aud": api.client_id,
        "iat": scenario.clock.now() // 1000,
        "token_introspection": scenario.introspect(token, ("api", SECRET)),
    }
    assert claims["token_introspection"]["active"] is True


@pytest.mark.parametrize(
    "accept",
    [None, "", "*/*", "application/json", "application/*", f"{TYPE}; q=0", f"{TYPE};q=0.0", f"x{TYPE}"],
)
def test_answer_is_plain_otherwise(scenario, accept):
    answer = told(scenario, scenario.tokens()["access_token"], accept)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json["active"] is True


def test_what_is_not_said_is_signed_too(scenario):
    answer = told(scenario, "nothing", TYPE)
    _, claims = read_signed(scenario.server, answer.raw.body.decode())
    assert claims["token_introspection"] == {"active": False}


@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
def test_client_names_the_algorithm(scenario, alg):
    assert alg in scenario.server.metadata()["introspection_signing_alg_values_supported"]
    scenario.update_client(scenario.client, introspection_signed_response_alg=alg)
    token = scenario.tokens()["access_token"]
    header, _ = read_signed(scenario.server, told(scenario, token, TYPE).raw.body.decode())
    assert header["alg"] == alg
    assert told(scenario, token, None).json["active"] is True


def test_refusals_are_plain(scenario):
    answer = told(scenario, "x", TYPE, ("app", "wrong"))
    assert (answer.status, answer.error) == (401, "invalid_client")
