"""Signed answers to authorization requests (JARM), by requirement 8 of the security checklist."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from consentcore.domain.clock import MINUTE
from consentcore.oauth.messages import PageError, Pending, Redirect
from consentcore.testing import factories
from tests.support.request_objects import ISSUER, KEY, jwks_of, read_signed, request_object

URI = factories.REDIRECT_URI
SIGNED = ["jwt", "query.jwt"]


def claims_of(scenario, redirect, alg="ES256"):
    """What is signed in an answer, in which nothing else stands."""
    url = redirect.url if isinstance(redirect, Redirect) else redirect
    assert url.startswith(f"{URI}?")
    [(name, text)] = parse_qsl(urlsplit(url).query, strict_parsing=True)
    assert name == "response"
    header, claims = read_signed(scenario.server, text)
    assert header["alg"] == alg
    assert claims.pop("iss") == ISSUER
    assert claims.pop("aud") == "app"
    assert claims.pop("exp") == (scenario.clock.now() + 5 * MINUTE) // 1000
    return claims


@pytest.mark.parametrize("mode", SIGNED)
def test_08_answer_is_signed_when_that_is_asked_for(scenario, mode):
    request = scenario.pending(response_mode=mode, redirect_uri=URI, state='a&b "é').request
    url = scenario.server.authorization.success_url(request, "the-code")
    assert claims_of(scenario, url) == {"code": "the-code", "state": 'a&b "é'}


@pytest.mark.parametrize("mode", SIGNED)
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "device.act"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
    ],
    ids=str,
)
def test_08_errors_are_signed_too(scenario, mode, changes, error):
    asked = {"client_id": "app", "response_type": "code", "redirect_uri": URI, "state": "s", **changes}
    claims = claims_of(scenario, scenario.authorize(response_mode=mode, **asked))
    assert (claims["error"], claims["state"]) == (error, "s")
    assert claims["error_description"]


def test_08_refusal_of_the_owner_is_signed(scenario):
    request = scenario.pending(response_mode="jwt", redirect_uri=URI).request
    url = scenario.server.authorization.error_url(request, "access_denied", "The data owner said no")
    assert claims_of(scenario, url) == {
        "error": "access_denied",
        "error_description": "The data owner said no",
    }


def test_08_answer_of_a_remembered_consent_is_signed(scenario):
    request = scenario.pending(response_mode="jwt", redirect_uri=URI, scope="comfort.read").request
    redirect = scenario.server.authorization.issue_code(request, scenario.grant_for(scenario.client))
    assert scenario.exchange(claims_of(scenario, redirect)["code"]).status == 200


@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
def test_08_client_that_has_registered_an_algorithm_has_every_answer_signed_by_it(scenario, alg):
    assert alg in scenario.server.metadata()["authorization_signing_alg_values_supported"]
    scenario.update_client(scenario.client, authorization_signed_response_alg=alg)
    request = scenario.pending(redirect_uri=URI).request
    assert "code" in claims_of(scenario, scenario.server.authorization.success_url(request, "c"), alg)
    asked = {"client_id": "app", "response_type": "code", "redirect_uri": URI}
    for mode in ("query", "fragment"):
        found = claims_of(scenario, scenario.authorize(response_mode=mode, **asked), alg)
        assert (found["error"], found["error_description"]) == (
            "invalid_request",
            "response_mode: expected jwt",
        )


def test_08_without_a_registered_algorithm_ours_signs(make_scenario):
    scenario = make_scenario(jwt_signing_alg="EdDSA")
    request = scenario.pending(response_mode="jwt", redirect_uri=URI).request
    assert claims_of(scenario, scenario.server.authorization.success_url(request, "c"), "EdDSA")


@pytest.mark.parametrize("mode", [None, "query"])
def test_08_plain_answer_is_as_before(scenario, mode):
    asked = {"response_mode": mode} if mode else {}
    request = scenario.pending(redirect_uri=URI, state="s", **asked).request
    assert request.response_alg == ""
    url = scenario.server.authorization.success_url(request, "c")
    assert scenario.answered(Redirect(url)) == {"code": "c", "state": "s", "iss": ISSUER}


@pytest.mark.parametrize("mode", ["fragment.jwt", "form_post.jwt", "JWT"])
def test_08_no_other_signed_mode(scenario, mode):
    found = scenario.authorize(client_id="app", response_type="code", redirect_uri=URI, response_mode=mode)
    answer = scenario.answered(found)
    assert (answer["error"], answer["error_description"]) == (
        "invalid_request",
        "response_mode: expected query or jwt",
    )
    assert "#" not in found.url


@pytest.mark.parametrize(
    "changes", [{"client_id": "nobody"}, {"redirect_uri": "https://evil.example/"}], ids=str
)
def test_08_what_may_not_be_redirected_is_a_page(scenario, changes):
    asked = {
        "client_id": "app",
        "response_type": "code",
        "redirect_uri": URI,
        "response_mode": "jwt",
        **changes,
    }
    assert isinstance(scenario.authorize(**asked), PageError)


def test_08_mode_of_a_request_object_counts(scenario):
    scenario.update_client(scenario.client, jwks=jwks_of(KEY))
    answer = scenario.post("par", {"request": request_object(scenario, response_mode="jwt")})
    found = scenario.authorize(client_id="app", request_uri=answer.json["request_uri"], response_mode="query")
    assert isinstance(found, Pending)
    claims = claims_of(scenario, scenario.server.authorization.success_url(found.request, "c"))
    assert claims == {"code": "c", "state": "inside"}


def test_08_longest_state_comes_back(scenario):
    state = "s" * 12_288
    request = scenario.pending(response_mode="jwt", redirect_uri=URI, state=state).request
    url = scenario.server.authorization.success_url(request, "c")
    assert claims_of(scenario, url)["state"] == state
    assert len(url) < 32_000


def test_08_metadata_names_the_modes(scenario):
    assert scenario.server.metadata()["response_modes_supported"] == ["query", "query.jwt", "jwt"]


def test_53_signed_answer_is_no_access_token(scenario):
    request = scenario.pending(response_mode="jwt", redirect_uri=URI).request
    url = scenario.server.authorization.success_url(request, "c")
    [(_, text)] = parse_qsl(urlsplit(url).query)
    header, _ = read_signed(scenario.server, text)
    assert header["typ"] == "JWT"
    assert json.dumps(scenario.introspect(text)) == '{"active": false}'
