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


def push(house, auth=("app", SECRET), **changes):
    wanted = {**ASKED, **changes}
    return house.post("par", {name: value for name, value in wanted.items() if value is not None}, auth=auth)


def pushed(house, **changes) -> str:
    answer = push(house, **changes)
    assert answer.status == 201, answer.raw
    return answer.json["request_uri"]


def opened(house, request_uri, client_id="app", **more):
    return house.authorize(client_id=client_id, request_uri=request_uri, **more)


def test_98_answer_names_the_request_and_its_life(house):
    answer = push(house)
    assert answer.status == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    assert answer.json["expires_in"] == 60
    assert answer.json["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert len({pushed(house) for _ in range(20)}) == 20


def test_98_opens_what_was_pushed(house):
    found = opened(
        house, pushed(house, prompt="consent", code_challenge="c" * 43, code_challenge_method="S256")
    )
    plain = house.ask(**ASKED, prompt="consent", code_challenge="c" * 43, code_challenge_method="S256")
    assert isinstance(found, Pending)
    assert found == plain
    assert found.request.state == "a&b é"


def test_98_json_says_the_same_as_a_form(house):
    body = json.dumps({**ASKED, "client_id": "app", "client_secret": SECRET}).encode()
    answer = house.post("par", auth=None, headers={"content-type": "application/json"}, body=body)
    assert answer.status == 201
    assert opened(house, answer.json["request_uri"]).request == house.ask(**ASKED).request


def test_98_several_resources_are_kept(house):
    resources = ("https://a.example/", "https://b.example/")
    house.update_client(house.client, audiences=resources)
    body = "&".join(
        f"{name}={quote(value, safe='')}"
        for name, value in [*ASKED.items(), *(("resource", uri) for uri in resources)]
    ).encode()
    answer = house.post("par", headers={"content-type": "application/x-www-form-urlencoded"}, body=body)
    assert opened(house, answer.json["request_uri"]).request.audience == resources


def test_98_is_opened_once(house):
    request_uri = pushed(house)
    assert isinstance(opened(house, request_uri), Pending)
    again = opened(house, request_uri)
    assert (again.status, again.error) == (400, "invalid_request_uri")


def test_98_one_of_many_browsers_at_once_opens_it(house):
    request_uri = pushed(house)
    found = together(8, lambda _: type(opened(house, request_uri)))
    assert sorted(kind.__name__ for kind in found) == ["PageError"] * 7 + ["Pending"]


def test_98_is_bound_to_its_client(house):
    house.add_client("other")
    request_uri = pushed(house)
    stolen = opened(house, request_uri, "other")
    assert (stolen.status, stolen.error) == (400, "invalid_request_uri")
    assert isinstance(opened(house, request_uri), Pending)
    missing = house.authorize(request_uri=pushed(house))
    assert isinstance(missing, PageError)


@pytest.mark.parametrize(("ttl", "after_ms", "kind"), [(60, 59_999, Pending), (60, 60_000, PageError)])
def test_98_lives_for_its_time(make_house, ttl, after_ms, kind):
    house = make_house(par_ttl_s=ttl)
    request_uri = pushed(house)
    house.clock.advance(after_ms)
    assert isinstance(opened(house, request_uri), kind)


def test_98_life_is_a_setting(make_house):
    assert push(make_house(par_ttl_s=600)).json["expires_in"] == 600


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
def test_98_parameters_beside_it_do_not_count(house, beside):
    found = opened(house, pushed(house), **beside)
    assert found.request == house.ask(**ASKED).request


def test_98_malformed_requests_do_not_burn_it(house):
    request_uri = pushed(house)
    found = house.authorize(("state", "x"), ("state", "y"), client_id="app", request_uri=request_uri)
    assert isinstance(found, PageError)
    assert isinstance(opened(house, request_uri), Pending)


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
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://evil.example/r"}, "invalid_request"),
        ({"request_uri": URN + "x"}, "invalid_request"),
        ({"resource": "https://unknown.example/"}, "invalid_target"),
        ({"client_id": "other"}, "invalid_request"),
    ],
    ids=str,
)
def test_98_rules_are_those_of_the_authorization_endpoint(house, changes, error):
    answer = push(house, **changes)
    assert (answer.status, answer.error) == (400, error)
    assert "evil" not in answer.raw.body.decode()
    assert not house.storage._engine.committed.pushed


@pytest.mark.parametrize("value", [None, 7, [1], {"scope": "x"}, "\0", "\ud800", ""])
def test_11_unknown_members_are_ignored_whatever_they_hold(house, value):
    body = json.dumps({**ASKED, "foo": value, "nonce": None, "prompt": None}).encode()
    answer = house.post("par", headers={"content-type": "application/json"}, body=body)
    assert answer.status == 201
    assert opened(house, answer.json["request_uri"]).request.state == ASKED["state"]


def test_42_duplicates_are_refused(house):
    for name in (*ASKED, "unknown"):
        body = f"{name}=a&{name}=b".encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        assert house.post("par", headers=headers, body=body).error == "invalid_request"


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
def test_98_clients_authenticate_themselves(house, auth, parameters):
    house.add_client("public", auth_method=AuthMethod.NONE, secrets=())
    answer = push(house, auth=auth, **parameters)
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert "WWW-Authenticate" in answer.headers


def test_98_public_clients_name_themselves_and_need_pkce(house):
    house.add_client("public", auth_method=AuthMethod.NONE, secrets=())
    assert push(house, auth=None, client_id="public").error == "invalid_request"
    answer = push(house, auth=None, client_id="public", code_challenge="c" * 43, code_challenge_method="S256")
    assert answer.status == 201
    assert isinstance(opened(house, answer.json["request_uri"], "public"), Pending)


def test_98_resource_servers_push_nothing(house):
    house.add_resource_server()
    assert push(house, auth=("api", SECRET)).error == "unauthorized_client"


def test_98_the_client_is_judged_again_when_it_is_opened(house):
    request_uris = [pushed(house) for _ in range(3)]
    client = house.update_client(house.client, scopes=("energy.read",))
    refused = opened(house, request_uris[0])
    assert isinstance(refused, Redirect)
    assert house.answered(refused)["error"] == "invalid_scope"
    client = house.update_client(client, redirect_uris=("https://new.example/",))
    assert isinstance(opened(house, request_uris[1]), PageError)
    house.update_client(client, enabled=False)
    assert isinstance(opened(house, request_uris[2]), PageError)


@pytest.mark.parametrize("where", ["client", "server"])
def test_98_may_be_required(house, make_house, where):
    if where == "server":
        house = make_house(require_par=True)
    else:
        house.update_client(house.client, require_par=True)
    refused = house.authorize(**ASKED, client_id="app")
    query = parse_qs(urlsplit(refused.url).query)
    assert (query["error"], query["state"], query["iss"]) == (
        ["invalid_request"],
        ["a&b é"],
        ["https://consent.example"],
    )
    page = house.authorize(**{**ASKED, "redirect_uri": "https://evil.example/"}, client_id="app")
    assert isinstance(page, PageError)
    assert isinstance(opened(house, pushed(house)), Pending)


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
def test_cve_2020_10770_no_other_request_uri_is_fetched(house, monkeypatch, uri):
    def fail(*_, **__):
        raise AssertionError("nothing may be fetched")

    monkeypatch.setattr("socket.create_connection", fail)
    monkeypatch.setattr("socket.getaddrinfo", fail)
    refused = house.authorize(**ASKED, client_id="app", request_uri=uri)
    assert house.answered(refused)["error"] == "request_uri_not_supported"
    assert push(house, request_uri=uri).status == 400


@pytest.mark.parametrize(
    "value", ["", "x", "ccp_" + "A" * 49, mint(REQUEST)], ids=["none", "short", "wrong checksum", "unknown"]
)
def test_98_invented_request_uris_are_a_page(house, value):
    found = opened(house, URN + value)
    assert isinstance(found, PageError)


@pytest.mark.parametrize("request_object", ["e30.e30.", "eyJhbGciOiJSU0EtT0FFUCJ9.AA.AA.AA.AA"])
def test_cve_2026_9793_request_objects_are_refused(house, request_object):
    assert push(house, request=request_object).error == "request_not_supported"


def test_43_only_a_hash_of_it_is_stored(house):
    request_uri = pushed(house)
    rows = list(house.storage._engine.committed.pushed.values())
    assert request_uri.removeprefix(URN) not in repr(rows)
    assert SECRET not in repr(rows)


def test_98_costs_a_read_and_a_write_and_plain_requests_pay_nothing(house, monkeypatch):
    called = []
    protocol = house.storage.protocol
    for name in ("read_authorize", "push_request", "take_pushed", "use_once"):
        real = getattr(protocol, name)
        monkeypatch.setattr(protocol, name, lambda *a, n=name, r=real: (called.append(n), r(*a))[1])
    request_uri = pushed(house)
    assert called == ["read_authorize", "push_request"]
    called.clear()
    opened(house, request_uri)
    assert called == ["take_pushed", "read_authorize"]
    called.clear()
    house.ask(**ASKED)
    assert called == ["read_authorize"]


def test_98_storage_that_fails_is_503(house, monkeypatch):
    def fail(*_):
        raise StorageUnavailable("gone")

    monkeypatch.setattr(house.storage.protocol, "push_request", fail)
    assert push(house).status == 503


@pytest.mark.parametrize("required", [False, True])
def test_57_metadata_says_where_and_whether(make_house, required):
    told = make_house(require_par=required).server.metadata()
    base = "https://consent.example/ecostruxure/v1/oauth"
    assert told["pushed_authorization_request_endpoint"] == f"{base}/par"
    assert told["require_pushed_authorization_requests"] is required
