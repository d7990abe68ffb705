"""Pushed authorization requests (RFC 9126): the rules of the authorization endpoint, once, for one client."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from consentcore.api import AuthMethod, StorageUnavailable
from consentcore.domain.secret import REQUEST, mint
from consentcore.oauth.messages import PageError, Pending, Redirect
from consentcore.oauth.pushed_requests import URN
from consentcore.testing import factories
from consentcore.testing.threads import together

CALLBACK = factories.REDIRECT_URI
SECRET = "factories-client-secret"
ASKED = {"response_type": "code", "redirect_uri": CALLBACK, "scope": "comfort.read", "state": "a&b é"}


def push(scenario, auth=("app", SECRET), **changes):
    wanted = {**ASKED, **changes}
    return scenario.post(
        "par", {name: value for name, value in wanted.items() if value is not None}, auth=auth
    )


def pushed(scenario, **changes) -> str:
    answer = push(scenario, **changes)
    assert answer.status == 201, answer.raw
    return answer.json["request_uri"]


def opened(scenario, request_uri, client_id="app", **more):
    return scenario.authorize(client_id=client_id, request_uri=request_uri, **more)


def test_98_answer_names_the_request_and_its_life(scenario):
    answer = push(scenario)
    assert answer.status == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    assert answer.json["expires_in"] == 60
    assert answer.json["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert len({pushed(scenario) for _ in range(20)}) == 20


def test_98_opens_what_was_pushed(scenario):
    found = opened(
        scenario, pushed(scenario, prompt="consent", code_challenge="c" * 43, code_challenge_method="S256")
    )
    plain = scenario.pending(**ASKED, prompt="consent", code_challenge="c" * 43, code_challenge_method="S256")
    assert isinstance(found, Pending)
    assert found == plain
    assert found.request.state == "a&b é"


def test_98_json_says_the_same_as_a_form(scenario):
    body = json.dumps({**ASKED, "client_id": "app", "client_secret": SECRET}).encode()
    answer = scenario.post("par", auth=None, headers={"content-type": "application/json"}, body=body)
    assert answer.status == 201
    assert opened(scenario, answer.json["request_uri"]).request == scenario.pending(**ASKED).request


def test_98_several_resources_are_kept(scenario):
    resources = ("https://a.example/", "https://b.example/")
    scenario.update_client(scenario.client, audiences=resources)
    body = "&".join(
        f"{name}={quote(value, safe='')}"
        for name, value in [*ASKED.items(), *(("resource", uri) for uri in resources)]
    ).encode()
    answer = scenario.post("par", headers={"content-type": "application/x-www-form-urlencoded"}, body=body)
    assert opened(scenario, answer.json["request_uri"]).request.audience == resources


def test_98_is_opened_once(scenario):
    request_uri = pushed(scenario)
    assert isinstance(opened(scenario, request_uri), Pending)
    again = opened(scenario, request_uri)
    assert (again.status, again.error) == (400, "invalid_request_uri")


def test_98_one_of_many_browsers_at_once_opens_it(scenario):
    request_uri = pushed(scenario)
    found = together(8, lambda _: type(opened(scenario, request_uri)))
    assert sorted(kind.__name__ for kind in found) == ["PageError"] * 7 + ["Pending"]


def test_98_is_bound_to_its_client(scenario):
    scenario.add_client("other")
    request_uri = pushed(scenario)
    stolen = opened(scenario, request_uri, "other")
    assert (stolen.status, stolen.error) == (400, "invalid_request_uri")
    assert isinstance(opened(scenario, request_uri), Pending)
    missing = scenario.authorize(request_uri=pushed(scenario))
    assert isinstance(missing, PageError)


@pytest.mark.parametrize(("ttl", "after_ms", "kind"), [(60, 59_999, Pending), (60, 60_000, PageError)])
def test_98_lives_for_its_time(make_scenario, ttl, after_ms, kind):
    scenario = make_scenario(par_ttl_s=ttl)
    request_uri = pushed(scenario)
    scenario.clock.advance(after_ms)
    assert isinstance(opened(scenario, request_uri), kind)


def test_98_life_is_a_setting(make_scenario):
    assert push(make_scenario(par_ttl_s=600)).json["expires_in"] == 600


@pytest.mark.parametrize(
    "beside",
    [
        {"redirect_uri": "https://evil.example/"},
        {"scope": "device.act"},
        {"state": "other"},
        {"response_type": "token"},
        {"code_challenge": "x"},
        {"request": "e30."},
        {"prompt": "none"},
    ],
    ids=str,
)
def test_98_parameters_beside_it_do_not_count(scenario, beside):
    found = opened(scenario, pushed(scenario), **beside)
    assert found.request == scenario.pending(**ASKED).request


def test_98_malformed_requests_do_not_burn_it(scenario):
    request_uri = pushed(scenario)
    found = scenario.authorize(("state", "x"), ("state", "y"), client_id="app", request_uri=request_uri)
    assert isinstance(found, PageError)
    assert isinstance(opened(scenario, request_uri), Pending)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": CALLBACK + "/"}, "invalid_request"),
        ({"redirect_uri": "https://[v:::]/cb"}, "invalid_request"),
        ({"scope": "nothing.read"}, "invalid_scope"),
        ({"scope": "device.act"}, "invalid_scope"),
        ({"scope": "comfort.read\tenergy.read"}, "invalid_scope"),
        ({"scope": "comfort.read\nenergy.read"}, "invalid_scope"),
        ({"scope": "é"}, "invalid_scope"),
        ({"resource": "https://api.example/é"}, "invalid_target"),
        ({"state": "✓" * 1366}, "invalid_request"),
        ({"code_challenge": "c" * 43, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"request": "e30.e30."}, "invalid_request_object"),
        ({"request_uri": "https://evil.example/r"}, "invalid_request"),
        ({"request_uri": URN + "x"}, "invalid_request"),
        ({"resource": "https://unknown.example/"}, "invalid_target"),
        ({"client_id": "other"}, "invalid_request"),
    ],
    ids=str,
)
def test_98_rules_are_those_of_the_authorization_endpoint(scenario, changes, error):
    answer = push(scenario, **changes)
    assert (answer.status, answer.error) == (400, error)
    assert "evil" not in answer.raw.body.decode()
    assert not scenario.storage._engine.committed.pushed


@pytest.mark.parametrize("value", [None, 7, [1], {"scope": "x"}, "\0", "\ud800", ""])
def test_11_unknown_members_are_ignored_whatever_they_hold(scenario, value):
    body = json.dumps({**ASKED, "foo": value, "nonce": None, "prompt": None}).encode()
    answer = scenario.post("par", headers={"content-type": "application/json"}, body=body)
    assert answer.status == 201
    assert opened(scenario, answer.json["request_uri"]).request.state == ASKED["state"]


def test_42_duplicates_are_refused(scenario):
    for name in (*ASKED, "unknown"):
        body = f"{name}=a&{name}=b".encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        assert scenario.post("par", headers=headers, body=body).error == "invalid_request"


@pytest.mark.parametrize(
    ("auth", "parameters"),
    [
        (None, {}),
        (None, {"client_id": "app"}),
        (None, {"client_id": "nobody"}),
        (("app", "wrong"), {}),
        (None, {"client_id": "public", "client_secret": "x"}),
    ],
)
def test_98_clients_authenticate_themselves(scenario, auth, parameters):
    scenario.add_client("public", auth_method=AuthMethod.NONE, secrets=())
    answer = push(scenario, auth=auth, **parameters)
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert "WWW-Authenticate" in answer.headers


def test_98_public_clients_name_themselves_and_need_pkce(scenario):
    scenario.add_client("public", auth_method=AuthMethod.NONE, secrets=())
    assert push(scenario, auth=None, client_id="public").error == "invalid_request"
    answer = push(
        scenario, auth=None, client_id="public", code_challenge="c" * 43, code_challenge_method="S256"
    )
    assert answer.status == 201
    assert isinstance(opened(scenario, answer.json["request_uri"], "public"), Pending)


def test_98_resource_servers_push_nothing(scenario):
    scenario.add_resource_server()
    assert push(scenario, auth=("api", SECRET)).error == "unauthorized_client"


def test_98_the_client_is_judged_again_when_it_is_opened(scenario):
    request_uris = [pushed(scenario) for _ in range(3)]
    client = scenario.update_client(scenario.client, scopes=("energy.read",))
    refused = opened(scenario, request_uris[0])
    assert isinstance(refused, Redirect)
    assert scenario.answered(refused)["error"] == "invalid_scope"
    client = scenario.update_client(client, redirect_uris=("https://new.example/",))
    assert isinstance(opened(scenario, request_uris[1]), PageError)
    scenario.update_client(client, enabled=False)
    assert isinstance(opened(scenario, request_uris[2]), PageError)


@pytest.mark.parametrize("where", ["client", "server"])
def test_98_may_be_required(scenario, make_scenario, where):
    if where == "server":
        scenario = make_scenario(require_par=True)
    else:
        scenario.update_client(scenario.client, require_par=True)
    refused = scenario.authorize(**ASKED, client_id="app")
    query = parse_qs(urlsplit(refused.url).query)
    assert (query["error"], query["state"], query["iss"]) == (
        ["invalid_request"],
        ["a&b é"],
        ["https://consent.example"],
    )
    page = scenario.authorize(**{**ASKED, "redirect_uri": "https://evil.example/"}, client_id="app")
    assert isinstance(page, PageError)
    assert isinstance(opened(scenario, pushed(scenario)), Pending)


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/request",
        "http://169.254.169.254/",
        "file:///etc/passwd",
        "URN:ietf:params:oauth:request_uri:x",
        "urn:other",
    ],
)
def test_cve_2020_10770_no_other_request_uri_is_fetched(scenario, monkeypatch, uri):
    def fail(*_, **__):
        raise AssertionError("nothing may be fetched")

    monkeypatch.setattr("socket.create_connection", fail)
    monkeypatch.setattr("socket.getaddrinfo", fail)
    refused = scenario.authorize(**ASKED, client_id="app", request_uri=uri)
    assert scenario.answered(refused)["error"] == "request_uri_not_supported"
    assert push(scenario, request_uri=uri).status == 400


@pytest.mark.parametrize(
    "value", ["", "x", "ccp_" + "A" * 49, mint(REQUEST)], ids=["none", "short", "wrong checksum", "unknown"]
)
def test_98_invented_request_uris_are_a_page(scenario, value):
    found = opened(scenario, URN + value)
    assert isinstance(found, PageError)


@pytest.mark.parametrize("request_object", ["e30.e30.", "eyJhbGciOiJSU0EtT0FFUCJ9.AA.AA.AA.AA"])
def test_cve_2026_9793_request_objects_are_refused(scenario, request_object):
    assert push(scenario, request=request_object).error == "invalid_request_object"


def test_43_only_a_hash_of_it_is_stored(scenario):
    request_uri = pushed(scenario)
    rows = list(scenario.storage._engine.committed.pushed.values())
    assert request_uri.removeprefix(URN) not in repr(rows)
    assert SECRET not in repr(rows)


def test_98_costs_a_read_and_a_write_and_plain_requests_pay_nothing(scenario, monkeypatch):
    called = []
    protocol = scenario.storage.protocol
    for name in ("read_authorize", "push_request", "take_pushed", "use_once"):
        real = getattr(protocol, name)
        monkeypatch.setattr(protocol, name, lambda *a, n=name, r=real: (called.append(n), r(*a))[1])
    request_uri = pushed(scenario)
    assert called == ["read_authorize", "push_request"]
    called.clear()
    opened(scenario, request_uri)
    assert called == ["take_pushed", "read_authorize"]
    called.clear()
    scenario.pending(**ASKED)
    assert called == ["read_authorize"]


def test_98_storage_that_fails_is_503(scenario, monkeypatch):
    def fail(*_):
        raise StorageUnavailable("gone")

    monkeypatch.setattr(scenario.storage.protocol, "push_request", fail)
    assert push(scenario).status == 503


@pytest.mark.parametrize("required", [False, True])
def test_57_metadata_says_where_and_whether(make_scenario, required):
    told = make_scenario(require_par=required).server.metadata()
    base = "https://consent.example/ecostruxure/v1/oauth"
    assert told["pushed_authorization_request_endpoint"] == f"{base}/par"
    assert told["require_pushed_authorization_requests"] is required
