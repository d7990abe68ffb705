"""What went wrong in other authorization servers, in the protocol: one test each, named after the incident."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from consentcore.api import AuthMethod, GrantState, InvalidInput, StorageUnavailable
from consentcore.oauth.messages import PageError, Pending
from consentcore.oauth.redirect_uris import check_redirect_uri

URI = "https://app.example/callback"
SECRET = "factories-client-secret"


def asked_with(scenario, uri, **more):
    return scenario.authorize(**{"client_id": "app", "response_type": "code", "redirect_uri": uri, **more})


@pytest.mark.parametrize("grant_type", ["urn:ietf:params:oauth:grant-type:device_code", "device_code"])
def test_cve_2026_49272_there_is_no_device_grant(scenario, grant_type):
    answer = scenario.post("token", {"grant_type": grant_type, "device_code": "anything"})
    assert answer.error == "unsupported_grant_type"
    assert "device_authorization_endpoint" not in scenario.server.metadata()


@pytest.mark.parametrize(
    "host", ["[v:" + ":" * 1500 + "]", "[" + "::" * 700 + "]", "[v1." + "a" * 1900 + "]"]
)
def test_cve_2022_36087_a_crafted_ipv6_host_costs_nothing(scenario, host):
    uri = f"https://{host}/callback"
    began = time.process_time()
    assert isinstance(asked_with(scenario, uri), PageError)
    for public in (True, False):
        with pytest.raises(InvalidInput):
            check_redirect_uri(uri, public=public)
    # The flaw was a match that took time exponential in the length: seconds at 50 characters.
    assert time.process_time() - began < 5


def test_incident_dot_1719_prompt_none_leads_to_no_unchecked_address(scenario):
    found = asked_with(scenario, "https://evil.example/", prompt="none", session=False)
    assert isinstance(found, PageError)


@pytest.mark.parametrize("tail", ["?extra=1", ";p=1", "#f", "/..;/callback"])
@pytest.mark.parametrize(
    "head", ["https://app.example", "https://user@app.example", "https://app.example@evil.example"]
)
def test_incident_dot_341_nothing_is_added_to_a_registered_uri(scenario, head, tail):
    assert isinstance(asked_with(scenario, f"{head}/callback{tail}"), PageError)


def test_incident_dot_727_nobody_revokes_the_tokens_of_another_client(scenario):
    scenario.add_client("other")
    scenario.add_client("public", auth_method=AuthMethod.NONE, secrets=())
    tokens = scenario.tokens()
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert scenario.post("revoke", {"token": token}, auth=("other", SECRET)).status == 200
        assert scenario.post("revoke", {"token": token, "client_id": "public"}, auth=None).status == 200
        assert scenario.introspect(token)["active"] is True


def test_incident_dot_1510_the_owners_revocation_ends_refresh_tokens_too(scenario):
    grant = scenario.grant_for(scenario.client)
    tokens = scenario.tokens(grant=grant)
    scenario.change_grant(grant, state=GrantState.WITHDRAWN)
    assert scenario.refresh(tokens["refresh_token"]).error == "invalid_grant"
    assert scenario.introspect(tokens["refresh_token"]) == {"active": False}


def test_incident_dot_1617_the_grace_is_not_for_old_generations(scenario):
    first = scenario.tokens()["refresh_token"]
    second = scenario.refresh(first).json["refresh_token"]
    third = scenario.refresh(second).json["refresh_token"]
    assert scenario.refresh(first).error == "invalid_grant"
    assert scenario.introspect(third) == {"active": False}


def test_incident_dot_1816_the_grace_is_not_for_revoked_tokens(scenario):
    first = scenario.tokens()["refresh_token"]
    second = scenario.refresh(first).json
    assert scenario.post("revoke", {"token": second["access_token"]}).status == 200
    assert scenario.refresh(first).error == "invalid_grant"
    assert scenario.introspect(second["refresh_token"]) == {"active": False}


def test_incident_dot_1735_no_secret_in_the_log_and_none_in_a_representation(scenario, caplog):
    caplog.set_level(0)
    wrong = "wrong-secret-0123456789"
    tokens = scenario.tokens()
    scenario.exchange(scenario.code(), auth=("app", wrong))
    scenario.exchange("ccc_no-such-code-0123456789")
    scenario.refresh(tokens["refresh_token"], auth=("app", wrong))
    scenario.refresh(tokens["refresh_token"])
    told = caplog.text + repr(scenario.storage.protocol.find_token("app", b"")) + repr(scenario.client)
    for secret in (wrong, SECRET, "no-such-code", *tokens.values()):
        assert not isinstance(secret, str) or len(secret) < 20 or secret not in told


@pytest.mark.parametrize("at_once", [2, 8, 20])
def test_incident_dot_810_parallel_refreshes_get_the_same_answer(scenario, at_once):
    token = scenario.tokens()["refresh_token"]
    with ThreadPoolExecutor(at_once) as pool:
        answers = list(pool.map(lambda _: scenario.refresh(token), range(at_once)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["refresh_token"] for answer in answers}) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"response_type": "token"},
        {"response_type": ""},
        {"scope": "unknown"},
        {"code_challenge": "x"},
        {"prompt": "none login"},
        {"response_mode": "fragment"},
        {"request": "x"},
    ],
)
@pytest.mark.parametrize("uri", ["https://evil.example/", "javascript:alert(1)", f"{URI}/", ""])
def test_cve_2026_44681_no_error_leads_to_an_unchecked_address(scenario, wrong, uri):
    scenario.update_client(scenario.client, redirect_uris=(URI, "https://app.example/other"))
    assert isinstance(asked_with(scenario, uri, **wrong), PageError)


def test_incident_authlib_170_a_verifier_without_a_challenge_is_a_downgrade(scenario):
    assert scenario.exchange(scenario.code(), code_verifier=scenario.verifier).error == "invalid_grant"
    assert scenario.exchange(scenario.code(code_challenge=scenario.challenge)).status == 400


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:80@evil.example/cb",
        "http://127.0.0.1:80@evil.example/cb",
        "http://127.0.0.1:80\\@evil.example/cb",
        "http://[::1]:80@evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1:80:80/cb",
    ],
)
def test_incident_authlib_180_only_a_port_may_differ_on_loopback(scenario, uri):
    registered = ("http://127.0.0.1/cb", "http://[::1]/cb", "http://localhost/cb")
    scenario.add_client("native", auth_method=AuthMethod.NONE, secrets=(), redirect_uris=registered)
    assert isinstance(asked_with(scenario, uri, client_id="native"), PageError)
    with pytest.raises(InvalidInput):
        check_redirect_uri(uri, public=True)


def test_cve_2026_1035_two_refreshes_at_once_leave_one_successor(make_scenario):
    scenario = make_scenario(refresh_grace_s=0)
    token = scenario.tokens()["refresh_token"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: scenario.refresh(token), range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [400] * 7
    assert len(scenario.alarms) >= 1
    (won,) = (answer.json for answer in answers if answer.status == 200)
    assert scenario.introspect(won["access_token"]) == {"active": False}


@pytest.mark.parametrize(
    "state",
    [
        "x&code=stolen",
        "x&iss=https://evil.example",
        "x&error=access_denied",
        "x#code=1",
        "x&state=y",
        "x;code=1",
    ],
)
def test_cve_2026_9689_parameters_stand_once_in_the_redirect(scenario, state):
    pending = asked_with(scenario, URI, state=state)
    assert isinstance(pending, Pending)
    from consentcore.oauth.messages import Redirect

    for url in (
        scenario.server.authorization.success_url(pending.request, "c"),
        scenario.server.authorization.error_url(pending.request, "access_denied", "No"),
    ):
        found = scenario.answered(Redirect(url))
        assert found["state"] == state
        assert found["iss"] == "https://consent.example"
        assert found.get("code", "c") == "c"


def test_cve_2026_9689_a_name_of_the_answer_cannot_be_registered():
    for name in ("code", "state", "iss", "error", "error_description", "error_uri", "%63ode"):
        with pytest.raises(InvalidInput, match="without code, state, iss or error"):
            check_redirect_uri(f"{URI}?{name}=x", public=False)


def test_cve_2026_9793_request_objects_are_refused(scenario):
    unsigned = "eyJhbGciOiJub25lIn0.eyJjbGllbnRfaWQiOiJhcHAifQ."
    encrypted = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..a.b.c"
    for value in (unsigned, encrypted):
        found = asked_with(scenario, URI, request=value)
        assert scenario.answered(found)["error"] == "request_not_supported"


@pytest.mark.parametrize(
    "uri",
    [
        f"{URI}/sub",
        f"{URI}2",
        f"{URI}*",
        "https://app.example/*",
        f"{URI}/../evil",
        f"{URI}%2f..%2fevil",
        f"{URI}?/x",
    ],
)
def test_cve_2023_6291_redirect_uris_match_by_no_prefix_wildcard_or_path(scenario, uri):
    assert isinstance(asked_with(scenario, uri), PageError)


def test_cve_2023_6291_a_wildcard_cannot_be_registered():
    for uri in ("https://*.example/cb", "https://app.example/*", "https://app.example:*/cb"):
        with pytest.raises(InvalidInput):
            check_redirect_uri(uri, public=False)


@pytest.mark.parametrize("name", ["request_uri", "request"])
def test_cve_2020_10770_nothing_is_fetched_for_a_request(scenario, name, monkeypatch):
    import socket

    def connect(*_args, **_options):
        raise AssertionError("the server connected to somebody")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)
    found = asked_with(scenario, URI, **{name: "http://169.254.169.254/latest/meta-data/"})
    assert scenario.answered(found)["error"].endswith("_not_supported")


def test_cve_2020_15223_a_revocation_that_failed_is_not_answered_with_200(scenario):
    token = scenario.tokens()["access_token"]

    def broken(*_):
        raise StorageUnavailable("disk full")

    kill, scenario.storage.protocol.kill_family = scenario.storage.protocol.kill_family, broken
    assert scenario.post("revoke", {"token": token}).status == 503
    scenario.storage.protocol.kill_family = kill
    assert scenario.introspect(token)["active"] is True
    assert scenario.post("revoke", {"token": token}).status == 200


@pytest.mark.parametrize(
    "uri", ["HTTPS://app.example/callback", "https://APP.example/callback", "https://app.example/Callback"]
)
def test_cve_2020_15233_case_counts(scenario, uri):
    assert isinstance(asked_with(scenario, uri), PageError)


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.2", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433"]
)
def test_cve_2020_15233_the_loopback_host_cannot_be_replaced(scenario, host):
    scenario.add_client(
        "native", auth_method=AuthMethod.NONE, secrets=(), redirect_uris=("http://127.0.0.1/cb",)
    )
    assert isinstance(asked_with(scenario, f"http://{host}:8000/cb", client_id="native"), PageError)


def test_cve_2026_47386_a_code_sent_twice_at_once_gives_one_pair(scenario):
    code = scenario.code()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: scenario.exchange(code), range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [400] * 7
    (won,) = (answer.json for answer in answers if answer.status == 200)
    assert scenario.introspect(won["access_token"]) == {"active": False}


def test_cve_2016_6582_a_public_client_revokes_its_own_token_and_no_other(scenario):
    public = scenario.add_client("public", auth_method=AuthMethod.NONE, secrets=())
    scenario.add_client("second", auth_method=AuthMethod.NONE, secrets=())
    code = scenario.code(public, code_challenge=scenario.challenge)
    named = {"auth": None, "client_id": "public"}
    tokens = scenario.exchange(code, code_verifier=scenario.verifier, **named).json
    scenario.post("revoke", {"token": tokens["refresh_token"], "client_id": "second"}, auth=None)
    fresh = scenario.refresh(tokens["refresh_token"], **named)
    assert fresh.status == 200
    scenario.post("revoke", {"token": fresh.json["access_token"], "client_id": "public"}, auth=None)
    assert scenario.refresh(fresh.json["refresh_token"], **named).error == "invalid_grant"
