"""Tokens that are bound to a key, at an API (RFC 9449 section 7)."""

from __future__ import annotations

import time

import pytest
from pyramid.config import Configurator
from webtest import TestApp

from consentcore.resource import BearerMiddleware, Possession, Refused, Token
from consentcore.resource.auth_request import AuthRequest
from consentcore.resource.pyramid import needs_token
from tests.support.proofs import Prover
from tests.unit.resource.test_bearer import inner

URL = "https://api.example/v1/rooms"
PROVER = Prover()
FACTS = {"sub": "s-1", "client_id": "app", "scope": "rooms.read"}


class Known:
    """A checker that knows a bound token and one that is not."""

    def check(self, token):
        if token == "bound":
            return Token({**FACTS, "token_type": "DPoP", "cnf": {"jkt": PROVER.jkt}})
        if token == "plain":
            return Token({**FACTS, "token_type": "Bearer"})
        raise Refused(401, "invalid_token")


def as_middleware(**options):
    return TestApp(BearerMiddleware(inner, Known(), possession=Possession(**options)))


def as_view(**options):
    config = Configurator()
    config.include("consentcore.resource.pyramid")
    config.set_token_checker(Known(), possession=Possession(**options))
    config.add_route("rooms", "/{rest:.*}")
    config.add_view(
        lambda request: request.token.subject, route_name="rooms", decorator=needs_token(), renderer="string"
    )
    return TestApp(config.make_wsgi_app())


@pytest.fixture(params=[as_middleware, as_view])
def protected(request):
    return request.param


def proof(url=URL, method="GET", token="bound", prover=PROVER, **changes):
    return prover.proof(url, time.time(), method, token=token, **changes)


def ask(app, authorization="DPoP bound", dpop=None, path="/v1/rooms?x=1"):
    headers = {"Authorization": authorization, "Host": "api.example", **({"DPoP": dpop} if dpop else {})}
    environ = {"wsgi.url_scheme": "https"}
    return app.get(path, headers=headers, extra_environ=environ, expect_errors=True)


def refused(answer, error, *words):
    challenge = answer.headers["WWW-Authenticate"]
    assert (answer.status_int, challenge.partition(" ")[0]) == (401, "DPoP"), challenge
    assert f'error="{error}"' in challenge
    assert 'algs="ES256 EdDSA Ed25519 PS256"' in challenge
    for word in words:
        assert word in challenge


def test_99_holder_of_the_key_gets_in(protected):
    app = protected()
    for scheme in ("DPoP", "dpop", "DPOP"):
        answer = ask(app, f"{scheme} bound", proof())
        assert (answer.status_int, answer.text) == (200, "s-1")


def test_99_bound_token_never_passes_as_a_bearer_token(protected):
    app = protected()
    for dpop in (None, proof()):
        refused(ask(app, "Bearer bound", dpop), "invalid_token")


@pytest.mark.parametrize("token", ["unknown", "x" * 9000])
def test_99_who_comes_by_dpop_is_answered_by_it(protected, token):
    refused(ask(protected(), f"DPoP {token}", proof(token=token)), "invalid_token")


@pytest.mark.parametrize("authorization", ["Bearer", "Bearer a b", "Bearer unknown", "Basic YTpi"])
def test_99_api_that_takes_bound_tokens_only_asks_for_no_others(protected, authorization):
    answer = ask(protected(required=True), authorization)
    assert answer.status_int in {400, 401}
    assert answer.headers["WWW-Authenticate"].startswith("DPoP ")


def test_99_plain_token_is_no_bound_one(protected):
    refused(ask(protected(), "DPoP plain", proof(token="plain")), "invalid_token")
    assert ask(protected(), "Bearer plain").status_int == 200


@pytest.mark.parametrize(
    ("wanting", "word"),
    [
        ({"method": "POST"}, "htm"),
        ({"url": "https://api.example/v1/meters"}, "htu"),
        ({"url": "https://other.example/v1/rooms"}, "htu"),
        ({"url": "http://api.example/v1/rooms"}, "htu"),
        ({"token": ""}, "ath"),
        ({"token": "plain"}, "ath"),
        ({"iat": 0}, "iat"),
        ({"jti": None}, "jti"),
    ],
)
def test_99_proof_of_another_request_is_refused(protected, wanting, word):
    refused(ask(protected(), dpop=proof(**wanting)), "invalid_dpop_proof", word)


def test_99_path_with_a_slash_in_a_name_is_the_one_of_the_proof(protected):
    """Check 9: the client names what it has asked for, and WSGI (PEP 3333) has no escapes in a path."""
    place = "/v1/rooms/north%2Feast/a%20b%C3%A9%25"
    assert ask(protected(), dpop=proof(f"https://api.example{place}"), path=place).status_int == 200
    other = proof("https://api.example/v1/rooms/north%252Feast/a%20b%C3%A9%25")
    refused(ask(protected(), dpop=other, path=place), "invalid_dpop_proof", "htu")


def test_99_no_proof_and_no_jwt_are_refused(protected):
    app = protected()
    for dpop in (None, "x", "a.b.c", f"{proof()}, {proof()}"):
        refused(ask(app, dpop=dpop), "invalid_dpop_proof")


def test_99_proof_of_another_key_is_refused(protected):
    refused(ask(protected(), dpop=proof(prover=Prover())), "invalid_token", "another key")


def test_99_proof_opens_once(protected):
    app, dpop = protected(), proof()
    assert ask(app, dpop=dpop).status_int == 200
    refused(ask(app, dpop=dpop), "invalid_dpop_proof", "used before")
    assert ask(app, dpop=proof()).status_int == 200


def test_99_proof_that_was_refused_is_not_used_up():
    """A thief who shows it with another request does not take it from its client."""
    used = []
    possession = Possession(first_use=lambda name, _until: not used.append(name))
    app = TestApp(BearerMiddleware(inner, Known(), possession=possession))
    refused(ask(app, dpop=proof(prover=Prover())), "invalid_token")
    refused(ask(app, dpop=proof(method="POST")), "invalid_dpop_proof")
    assert used == []


def test_99_several_processes_may_share_what_was_used(protected):
    used = set()

    def first_use(name, until):
        assert until > time.time()
        return not (name in used or used.add(name))

    dpop = proof()
    assert ask(protected(first_use=first_use), dpop=dpop).status_int == 200
    refused(ask(protected(first_use=first_use), dpop=dpop), "invalid_dpop_proof", "used before")


def test_99_behind_a_proxy_clients_know_another_address(protected):
    outside = "https://data.example/api"
    app = protected(base_url=outside + "/")
    assert ask(app, dpop=proof(outside + "/v1/rooms")).status_int == 200
    refused(ask(app, dpop=proof()), "invalid_dpop_proof", "htu")


@pytest.mark.parametrize(
    "path", ["/v1/r%C3%A4ume", "/v1/a%20b", "/v1/%41", "/v1/~x", "/v1/100%25", "/v1/a%2541", "/v1/%25zz"]
)
def test_99_path_may_hold_whatever_an_address_may(protected, path):
    url = "https://api.example" + path
    assert ask(protected(), dpop=proof(url), path=path).status_int == 200


@pytest.mark.parametrize("cnf", ["x", [], {}, {"jkt": 7}, {"jkt": None}, {"jkt": ""}, {"kid": "1"}])
def test_99_binding_that_nobody_here_can_check_opens_nothing(cnf):
    """RFC 7800 section 3.1."""

    class Odd:
        def check(self, _token):
            return Token({**FACTS, "cnf": cnf})

    app = TestApp(BearerMiddleware(inner, Odd()))
    for authorization in ("Bearer x", "DPoP x"):
        assert ask(app, authorization, proof(token="x")).status_int == 401


def test_99_nginx_asks_for_the_holder_too():
    app = TestApp(AuthRequest(Known(), possession=Possession(base_url="https://api.example")))

    def asked(dpop, **headers):
        known = {"X-Original-URI": "/v1/rooms?x=1", "X-Original-Method": "PUT", "Authorization": "DPoP bound"}
        return app.get("/", headers={**known, "DPoP": dpop, **headers}, expect_errors=True)

    assert asked(proof(method="PUT")).status_int == 204
    refused(asked(proof(method="GET")), "invalid_dpop_proof", "htm")
    refused(asked(proof(method="PUT"), Authorization="Bearer bound"), "invalid_token")


def test_99_proof_for_another_host_is_refused_whatever_host_says(protected):
    """RFC 9449 section 4.3, check 9: an API that a client was led to cannot use its proofs here."""
    app = protected(base_url="https://api.example")
    elsewhere = proof("https://evil.example/v1/rooms")
    headers = {"Authorization": "DPoP bound", "Host": "evil.example", "DPoP": elsewhere}
    refused = app.get("/v1/rooms", headers=headers, expect_errors=True)
    assert refused.status_code == 401
    assert "invalid_dpop_proof" in refused.headers["WWW-Authenticate"]


def test_99_members_of_a_proof_that_nobody_knows_are_ignored(protected):
    app = protected(base_url="https://api.example")
    claims = PROVER.claims(URL, time.time(), "GET", token="bound")
    shown = PROVER.signed({**claims, "tx_id_key": "value"}, tx_id=1234)
    assert ask(app, dpop=shown).status_code == 200
