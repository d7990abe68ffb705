"""What an authorization request asks of the sign-in (OpenID Connect Core section 3.1.2.1, RFC 9470), pushed or not."""

from __future__ import annotations

import pytest

from consentcore.api import TokenFormat
from consentcore.oauth.messages import Pending
from tests.unit.oauth.test_token_binding import claims_of

URI = "https://coolsite.example/cb"
GOLD, SILVER = "urn:example:gold", "urn:example:silver"


def refused(scenario, **parameters):
    """The error of a request, which is the same when it is pushed."""
    asked = {"response_type": "code", **parameters}
    found = scenario.answered(scenario.authorize(client_id="app", **asked))
    pushed = scenario.post("par", asked)
    assert (pushed.status, pushed.error) == (400, found["error"])
    assert pushed.json["error_description"] == found["error_description"]
    return found["error"], found["error_description"]


def test_what_is_asked_is_handed_on(scenario):
    asked = {"max_age": "0600", "acr_values": f"{GOLD} {SILVER} {GOLD}", "login_hint": "Ádá@example.org"}
    plain = scenario.pending(**asked, prompt="select_account login").request
    assert (plain.max_age, plain.acr_values, plain.login_hint) == (600, (GOLD, SILVER), "Ádá@example.org")
    assert plain.prompt == "login select_account"
    uri = scenario.post("par", {"response_type": "code", **asked}).json["request_uri"]
    opened = scenario.authorize(client_id="app", request_uri=uri)
    assert isinstance(opened, Pending)
    assert (opened.request.max_age, opened.request.acr_values) == (600, (GOLD, SILVER))
    assert opened.request.login_hint == "Ádá@example.org"


def test_nothing_is_asked_where_nothing_stands(scenario):
    plain = scenario.pending(max_age="", acr_values="", login_hint="").request
    assert (plain.max_age, plain.acr_values, plain.login_hint, plain.prompt) == (None, (), "", "")
    assert scenario.pending(max_age="0").request.max_age == 0


@pytest.mark.parametrize(
    "parameters",
    [
        {"max_age": "-1"},
        {"max_age": "+1"},
        {"max_age": "1.5"},
        {"max_age": "1e3"},
        {"max_age": " 1"},
        {"max_age": "²"},
        {"max_age": "1" * 11},
        {"max_age": "soon"},
        {"acr_values": f"{GOLD}  {SILVER}"},
        {"acr_values": f" {GOLD}"},
        {"acr_values": 'urn:"gold"'},
        {"acr_values": "x" * 201},
        {"acr_values": " ".join(map(str, range(21)))},
        {"acr_values": "x" * 5000},
        {"acr_values": "é"},
        {"login_hint": "x" * 321},
        {"login_hint": "a\nb"},
        {"login_hint": "a\u202eb"},
        {"prompt": "create"},
        {"prompt": "none consent"},
    ],
    ids=lambda parameters: f"{next(iter(parameters))}={ascii(next(iter(parameters.values())))[:20]}",
)
def test_what_cannot_be_is_refused_by_its_name(scenario, parameters):
    error, description = refused(scenario, **parameters)
    assert error == "invalid_request"
    assert description.startswith(f"{next(iter(parameters))}: expected")


@pytest.mark.parametrize(
    ("known", "asked", "met"),
    [
        ((), GOLD, True),
        ((SILVER,), GOLD, False),
        ((SILVER,), f"{GOLD} {SILVER}", True),
        ((SILVER, GOLD), GOLD, True),
    ],
)
def test_an_acr_that_no_sign_in_can_be_is_refused_at_once(scenario, known, asked, met):
    """RFC 9470 section 5; where that is not known, the sign-in will tell."""
    scenario.server = scenario.make_server(acr_values=known)
    if met:
        assert scenario.pending(acr_values=asked).request.acr_values == tuple(asked.split())
    else:
        assert refused(scenario, acr_values=asked)[0] == "unmet_authentication_requirements"


def test_metadata_says_what_can_be_asked(scenario):
    told = scenario.server.metadata()
    assert told["prompt_values_supported"] == ["none", "login", "consent", "select_account"]
    assert "acr_values_supported" not in told
    told = scenario.make_server(acr_values=(SILVER, GOLD)).metadata()
    assert told["acr_values_supported"] == [SILVER, GOLD]
    for prompt in told["prompt_values_supported"]:
        scenario.pending(prompt=prompt)


@pytest.mark.parametrize("access_token_format", [TokenFormat.OPAQUE, TokenFormat.JWT])
def test_tokens_say_when_and_how_the_owner_signed_in(scenario, access_token_format):
    """RFC 9068 section 2.2.1, RFC 9470 section 6; neither changes when the token is renewed."""
    scenario.update_client(scenario.client, access_token_format=access_token_format)
    signed_in = scenario.clock.now() - 100_500
    first = scenario.tokens(auth_time=signed_in, acr=GOLD)
    scenario.clock.advance(60_000)
    for tokens in (first, scenario.refresh(first["refresh_token"]).json):
        told = [scenario.introspect(tokens["access_token"])]
        told += [claims_of(tokens["access_token"])] if access_token_format is TokenFormat.JWT else []
        for claims in told:
            assert (claims["auth_time"], claims["acr"]) == (signed_in // 1000, GOLD)


def test_tokens_of_a_remembered_consent_say_it_of_the_session(scenario):
    grant = scenario.grant_for(scenario.client)
    redirect = scenario.server.authorization.issue_code(
        scenario.pending(scope="comfort.read").request, grant, scenario.session
    )
    tokens = scenario.exchange(scenario.answered(redirect)["code"], redirect_uri=None).json
    told = scenario.introspect(tokens["access_token"])
    assert (told["auth_time"], told["acr"]) == (scenario.session.auth_time // 1000, scenario.session.acr)
