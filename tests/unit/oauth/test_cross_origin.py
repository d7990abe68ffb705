"""Which answers an application in a browser may read (Fetch standard, section 3.2)."""

from __future__ import annotations

import json

import pytest

from consentcore.api import AuthMethod, StorageUnavailable
from consentcore.oauth.cross_origin import origins_of
from consentcore.settings import LimitsSettings
from consentcore.testing import factories

OWN = "https://spa.example"
SPA = (f"{OWN}/callback", "http://localhost:5173/cb", "com.example.app:/cb")
FORM = {"content-type": "application/x-www-form-urlencoded"}


def public(scenario, **more):
    return scenario.add_client("spa", auth_method=AuthMethod.NONE, secrets=(), redirect_uris=SPA, **more)


def named(answer):
    return answer.headers.get("Access-Control-Allow-Origin")


def send(scenario, endpoint, *, origin=OWN, client_id="spa", auth=None, **parameters):
    wanted = {"client_id": client_id, **parameters}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    return scenario.post(endpoint, wanted, auth=auth, headers={"origin": origin})


@pytest.mark.parametrize("endpoint", ["token", "revoke", "par"])
@pytest.mark.parametrize("origin", [OWN, "https://evil.example", "null"])
def test_86_a_preflight_names_no_client_and_is_answered_for_every_origin(scenario, endpoint, origin):
    from consentcore.oauth.messages import HttpRequest

    asked = {"origin": origin, "access-control-request-method": "POST"}
    answer = scenario.send(endpoint, HttpRequest("OPTIONS", "", asked, b""))
    told = dict(answer.headers)
    assert (answer.status, answer.body) == (204, b"")
    assert told["Access-Control-Allow-Origin"] == "*"
    assert told["Access-Control-Allow-Methods"] == "POST"
    # "*" is for whatever a library adds, and is none for Authorization (Fetch standard, section 3.2.3).
    assert {"content-type", "authorization", "dpop", "*"} <= {
        name.strip().lower() for name in told["Access-Control-Allow-Headers"].split(",")
    }
    assert "Access-Control-Allow-Credentials" not in told
    # Without both headers it is no preflight, but a method that there is not.
    for headers in ({}, {"origin": origin}, {"access-control-request-method": "POST"}):
        assert scenario.send(endpoint, HttpRequest("OPTIONS", "", headers, b"")).status == 405


def test_86_the_whole_exchange_may_be_read_from_the_clients_own_origin(scenario):
    client = public(scenario)
    code = scenario.code(client, code_challenge=scenario.challenge, redirect_uri=SPA[0])
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": SPA[0]}
    exchanged = send(scenario, "token", code_verifier=scenario.verifier, **form)
    refreshed = send(
        scenario, "token", grant_type="refresh_token", refresh_token=exchanged.json["refresh_token"]
    )
    revoked = send(scenario, "revoke", token=refreshed.json["refresh_token"])
    for answer in (exchanged, refreshed, revoked):
        assert (answer.status, named(answer)) == (200, OWN)
        assert answer.headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in answer.headers


REFUSED = {
    "no grant type": {},
    "unknown grant type": {"grant_type": "password"},
    "unknown code": {"grant_type": "authorization_code", "code": "x", "redirect_uri": SPA[0]},
    "unknown token": {"grant_type": "refresh_token", "refresh_token": "x"},
    "a secret": {"grant_type": "refresh_token", "refresh_token": "x", "client_secret": "x"},
}


@pytest.mark.parametrize("wrong", REFUSED.values(), ids=REFUSED.keys())
def test_86_refusals_may_be_read_too(scenario, wrong):
    public(scenario)
    answer = send(scenario, "token", **wrong)
    assert answer.status in (400, 401)
    assert named(answer) == OWN
    assert "WWW-Authenticate" in answer.headers["Access-Control-Expose-Headers"]
    assert named(send(scenario, "token", origin="https://evil.example", **wrong)) is None


@pytest.mark.parametrize(
    ("headers", "body", "query"),
    [
        ({"content-type": "application/json"}, b'{"client_id": "spa", "grant_type": 7}', ""),
        (FORM, b"client_id=spa&grant_type=x&grant_type=y", ""),
        (FORM, b"client_id=spa&grant_type=%ff", ""),
        (FORM, b"client_id=spa", "a=b"),
        ({"content-type": "text/plain;charset=UTF-8"}, b"client_id=spa&grant_type=refresh_token", ""),
        ({**FORM, "content-encoding": "gzip"}, b"client_id=spa", ""),
        ({**FORM, "authorization": "Basic c3BhOg=="}, b"grant_type=refresh_token&refresh_token=x", ""),
        ({**FORM, "authorization": "Bearer x"}, b"client_id=spa&grant_type=refresh_token", ""),
    ],
)
def test_86_requests_that_are_not_in_order_are_told_so(scenario, headers, body, query):
    public(scenario)
    answer = scenario.post("token", auth=None, headers={**headers, "origin": OWN}, body=body, query=query)
    assert answer.status in (400, 401, 415)
    assert named(answer) == OWN


def test_86_too_many_requests_may_be_read_without_asking_the_storage(scenario):
    from dataclasses import replace

    scenario.settings = replace(scenario.settings, limits=LimitsSettings(token_per_client=2))
    scenario.server = scenario.make_server()
    public(scenario)
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    answers = [send(scenario, "token", **form) for _ in range(9)]
    refused = [answer for answer in answers if answer.status == 429]
    assert refused
    assert {named(answer) for answer in answers} == {OWN}
    assert "Retry-After" in refused[0].headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://spa.example.evil.example",
        "https://spa.example:8443",
        "http://spa.example",
        "HTTPS://SPA.EXAMPLE",
        "https://spa.example/",
        "https://spa.example/callback",
        "http://localhost",
        "http://localhost:5174",
        "http://127.0.0.1:5173",
        "com.example.app:",
        "com.example.app",
        "null",
        "",
        "*",
        "https://spa.example https://evil.example",
    ],
)
def test_86_no_other_origin_is_named(scenario, origin):
    client = public(scenario)
    tokens = scenario.code(client, code_challenge=scenario.challenge, redirect_uri=SPA[0])
    form = {"grant_type": "authorization_code", "code": tokens, "redirect_uri": SPA[0]}
    answer = send(scenario, "token", origin=origin, code_verifier=scenario.verifier, **form)
    assert (answer.status, named(answer)) == (200, None)
    assert named(send(scenario, "revoke", origin=origin, token="x")) is None


def test_86_confidential_and_unknown_clients_have_no_origin(scenario):
    own = factories.REDIRECT_URI.rpartition("/")[0]
    answer = send(scenario, "token", origin=own, client_id=None, auth=("app", "factories-client-secret"))
    assert named(answer) is None
    assert named(send(scenario, "token", origin=own, client_id="app")) is None
    assert named(send(scenario, "token", origin=own, client_id="nobody")) is None
    # Nor does naming a public client beside another one's credentials open anything.
    public(scenario)
    both = send(scenario, "token", client_id="spa", auth=("app", "factories-client-secret"))
    assert named(both) is None


def test_86_a_storage_that_is_down_allows_nobody(scenario, monkeypatch):
    public(scenario)

    def down(*_args):
        raise StorageUnavailable

    monkeypatch.setattr(scenario.storage.protocol, "read_authorize", down)
    assert named(send(scenario, "token", grant_type="refresh_token", refresh_token="x")) is None


def test_86_an_application_in_a_browser_may_push_its_request(scenario):
    public(scenario, require_par=True)
    asked = {"response_type": "code", "redirect_uri": SPA[0], "code_challenge": scenario.challenge}
    pushed = send(scenario, "par", code_challenge_method="S256", **asked)
    assert (pushed.status, named(pushed)) == (201, OWN)
    refused = send(scenario, "par", **asked)
    assert (refused.status, named(refused)) == (400, OWN)
    assert named(send(scenario, "par", origin="https://evil.example", **asked)) is None


def test_86_introspection_is_not_for_browsers(scenario):
    public(scenario)
    assert named(send(scenario, "introspect", token="x")) is None
    body = json.dumps({"client_id": "spa"}).encode()
    headers = {"origin": OWN, "content-type": "application/json"}
    assert named(scenario.post("introspect", auth=None, headers=headers, body=body)) is None


@pytest.mark.parametrize(
    ("uri", "origin"),
    [
        ("https://Spa.Example/cb", "https://spa.example"),
        ("https://spa.example:443/cb", "https://spa.example"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("https://spa.example:8443?x", "https://spa.example:8443"),
        ("http://[0:0:0:0:0:0:0:1]:3000/", "http://[::1]:3000"),
        ("https://xn--strae-oqa.example/", "https://xn--strae-oqa.example"),
    ],
)
def test_86_an_origin_is_written_as_browsers_write_it(uri, origin):
    client = factories.client(auth_method=AuthMethod.NONE, secrets=(), redirect_uris=(uri, "app.example:/"))
    assert origins_of(client) == {origin}
