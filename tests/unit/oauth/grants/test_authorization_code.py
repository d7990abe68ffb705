"""Requirements 21 to 44 of the security checklist: codes and the token endpoint, by number."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import pickle
import re
from collections import Counter
from dataclasses import replace

import pytest

from consentcore.api import AuthMethod, EventType, GrantState
from consentcore.domain.secret import digest

SECRET = "factories-client-secret"
URI = "https://app.example/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.mark.parametrize("verifier", ["x" * 43, "wrong", "x" * 129, VERIFIER[:-1], VERIFIER + "A", CHALLENGE])
def test_21_a_wrong_verifier_is_an_invalid_grant_and_does_not_burn_the_code(scenario, verifier):
    code = scenario.code(code_challenge=CHALLENGE)
    assert scenario.exchange(code, code_verifier=verifier).error == "invalid_grant"
    assert scenario.exchange(code, code_verifier=VERIFIER).status == 200


def test_21_a_missing_verifier_is_refused(scenario):
    """RFC 7636 section 4.6: one error for a verifier that is not that of the challenge."""
    code = scenario.code(code_challenge=CHALLENGE)
    assert scenario.exchange(code).error == "invalid_grant"
    assert scenario.exchange(code, code_verifier="").error == "invalid_grant"
    assert scenario.exchange(code, code_verifier=VERIFIER).status == 200


def test_21_a_client_that_must_use_pkce_since_now_redeems_no_code_without_it(scenario):
    code = scenario.code()
    scenario.update_client(scenario.client, require_pkce=True)
    assert scenario.exchange(code).error == "invalid_grant"


def test_22_a_verifier_without_a_challenge_is_refused(scenario):
    assert scenario.exchange(scenario.code(), code_verifier=VERIFIER).error == "invalid_grant"


def test_23_a_verifier_beyond_ascii_is_refused(scenario):
    answer = scenario.exchange(scenario.code(code_challenge=CHALLENGE), code_verifier="é" * 43)
    assert (answer.status, answer.error) == (400, "invalid_request")


def test_25_codes_have_enough_entropy(scenario):
    pending = scenario.pending()
    grant = scenario.grant_for(scenario.client)
    codes = {
        scenario.answered(scenario.server.authorization.issue_code(pending.request, grant))["code"]
        for _ in range(50)
    }
    assert len(codes) == 50
    for code in codes:
        counts = Counter(code)
        entropy = -sum(n / len(code) * math.log2(n / len(code)) for n in counts.values())
        assert len(code) >= 43
        assert entropy > 4


def test_26_a_code_of_another_client_is_an_invalid_grant_and_not_burnt(scenario):
    scenario.add_client("other")
    code = scenario.code()
    assert scenario.exchange(code, auth=("other", SECRET)).error == "invalid_grant"
    assert scenario.exchange(code).status == 200


def test_26_a_code_carries_its_scope(scenario):
    grant = scenario.grant_for(scenario.client)
    assert (
        scenario.exchange(scenario.code(grant=grant, scopes=("energy.read",))).json["scope"] == "energy.read"
    )


def test_26_a_scope_at_the_token_endpoint_changes_nothing(scenario):
    code = scenario.code(grant=scenario.grant_for(scenario.client), scopes=("energy.read",))
    assert scenario.exchange(code, scope="comfort.read offline_access").json["scope"] == "energy.read"


def test_26_a_token_has_no_more_than_the_grant(scenario):
    grant = scenario.grant_for(scenario.client)
    code = scenario.code(grant=grant)
    scenario.change_grant(grant, scopes=("energy.read@1",))
    assert scenario.exchange(code).json["scope"] == "energy.read"


def test_27_a_second_use_ends_everything_that_came_from_it(scenario):
    code = scenario.code()
    first = scenario.exchange(code).json
    second = scenario.refresh(first["refresh_token"]).json
    assert scenario.exchange(code).error == "invalid_grant"
    assert [(what, grant) for _, grant, what in scenario.alarms] == [
        (EventType.CODE_REPLAYED, scenario.grant_for(scenario.client).grant_id)
    ]
    for token in (first["access_token"], second["access_token"], second["refresh_token"]):
        assert scenario.introspect(token) == {"active": False}
    assert scenario.refresh(second["refresh_token"]).error == "invalid_grant"


def test_27_a_replay_is_noticed_long_after_and_told_once(scenario):
    code = scenario.code()
    scenario.exchange(code)
    scenario.clock.advance(3_000_000)
    for _ in range(3):
        assert scenario.exchange(code).error == "invalid_grant"
    assert len(scenario.alarms) == 1


def test_27_a_replay_is_noticed_whatever_else_is_wrong_with_it(scenario):
    code = scenario.code(code_challenge=CHALLENGE)
    token = scenario.exchange(code, code_verifier=VERIFIER).json["access_token"]
    assert (
        scenario.exchange(code, code_verifier="x" * 43, redirect_uri="https://evil.example/").error
        == "invalid_grant"
    )
    assert scenario.introspect(token) == {"active": False}


def test_27_a_replay_by_another_client_ends_nothing(scenario):
    scenario.add_client("other")
    code = scenario.code()
    token = scenario.exchange(code).json["access_token"]
    assert scenario.exchange(code, auth=("other", SECRET)).error == "invalid_grant"
    assert scenario.exchange(code, auth=("app", "wrong")).error == "invalid_client"
    assert scenario.alarms == []
    assert scenario.introspect(token)["active"] is True


def test_27_a_stranger_without_the_verifier_cannot_end_a_public_clients_family(scenario):
    public = scenario.add_client("public", auth_method=AuthMethod.NONE, secrets=())
    code = scenario.code(public, code_challenge=CHALLENGE)
    asked = {"auth": None, "client_id": "public"}
    assert scenario.exchange(code, code_verifier=VERIFIER, **asked).status == 200
    assert scenario.exchange(code, code_verifier="x" * 43, **asked).error == "invalid_grant"
    assert scenario.alarms == []
    assert scenario.exchange(code, code_verifier=VERIFIER, **asked).error == "invalid_grant"
    assert len(scenario.alarms) == 1


def test_28_a_code_lives_for_sixty_seconds(scenario):
    pending = scenario.pending()
    grant = scenario.grant_for(scenario.client)
    issue = scenario.server.authorization.issue_code
    early, late = (scenario.answered(issue(pending.request, grant))["code"] for _ in range(2))
    scenario.clock.advance(59_999)
    assert scenario.exchange(early, redirect_uri=None).status == 200
    scenario.clock.advance(1)
    assert scenario.exchange(late, redirect_uri=None).error == "invalid_grant"


def test_30_a_code_dies_with_its_grant(scenario):
    grant = scenario.grant_for(scenario.client)
    code = scenario.code(grant=grant)
    scenario.change_grant(grant, state=GrantState.WITHDRAWN)
    assert scenario.exchange(code).error == "invalid_grant"
    assert scenario.server.authorization.issue_code(scenario.pending().request, grant) is None


def test_30_a_code_dies_with_the_time_of_its_grant(scenario):
    grant = scenario.grant_for(scenario.client, expires_at=scenario.clock.now() + 10_000)
    code = scenario.code(grant=grant)
    scenario.clock.advance(10_000)
    assert scenario.exchange(code).error == "invalid_grant"


def test_31_failed_client_authentication_does_not_burn_a_code(scenario):
    code = scenario.code()
    assert scenario.exchange(code, auth=("app", "wrong")).error == "invalid_client"
    assert scenario.exchange(code, auth=None, client_id="app").error == "invalid_client"
    assert scenario.exchange(code).status == 200


@pytest.mark.parametrize("endpoint", ["token", "revoke", "introspect"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "post"])
def test_32_post_only(scenario, endpoint, method):
    from consentcore.oauth.messages import HttpRequest

    answer = scenario.send(endpoint, HttpRequest(method, "", {}, b""))
    assert answer.status == 405
    assert ("Allow", "POST") in answer.headers


@pytest.mark.parametrize("endpoint", ["token", "revoke", "introspect"])
@pytest.mark.parametrize("query", ["token=x", "foo", "client_id=app", "%zz"])
def test_32_nothing_is_taken_from_the_query(scenario, endpoint, query):
    answer = scenario.post(endpoint, {"token": "x"}, query=query)
    assert (answer.status, answer.error) == (400, "invalid_request")


def refresh_body(scenario):
    return {"grant_type": "refresh_token", "refresh_token": scenario.tokens()["refresh_token"]}


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-Urlencoded;x"],
)
def test_33_the_charset_of_a_form_is_tolerated(scenario, content_type):
    assert (
        scenario.post("token", refresh_body(scenario), headers={"content-type": content_type}).status == 200
    )


def test_33_json_has_the_same_members(scenario):
    members = {**refresh_body(scenario), "client_id": "app", "client_secret": SECRET}
    headers = {"content-type": "application/json"}
    assert scenario.post("token", auth=None, headers=headers, body=json.dumps(members).encode()).status == 200


JSON_BODIES = [
    b"",
    b"x",
    b"[]",
    b'"grant_type=refresh_token"',
    b"null",
    b"1",
    b'{"grant_type":',
    b'{"grant_type": 1}',
    b'{"grant_type": null}',
    b'{"grant_type": true}',
    b'{"grant_type": ["refresh_token"]}',
    b'{"grant_type": {"a": "b"}}',
    b'{"foo": 1, "grant_type": "refresh_token"}',
    b'{"grant_type": "refresh_token", "grant_type": "refresh_token"}',
    b'{"grant_type": "refresh_token", "grant\\u005ftype": "refresh_token"}',
    b'{"foo": "a", "foo": "b", "grant_type": "refresh_token"}',
    b'{"grant_type": "refresh_token", "refresh_token": "\\u0000"}',
    b'{"grant_type": "refresh_token", "refresh_token": "\\ud800"}',
    b'{"grant_type": "refresh_token", "scope": "\xff"}',
    b"[" * 50_000,
    b'{"a":' * 50_000,
    b'{"a": ' + b"9" * 10_000 + b"}",
    b'{"a": NaN}',
    b'\xef\xbb\xbf{"grant_type": "refresh_token"}',
    '{"grant_type": "refresh_token"}'.encode("utf-16"),
]


@pytest.mark.parametrize("body", JSON_BODIES, ids=range(len(JSON_BODIES)))
def test_33_json_that_is_no_flat_object_of_strings_is_refused(scenario, body):
    answer = scenario.post("token", headers={"content-type": "application/json"}, body=body)
    assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "multipart/form-data; boundary=x", "application/xml", "json", ""]
)
def test_33_other_content_types_are_refused(scenario, content_type):
    answer = scenario.post("token", refresh_body(scenario), headers={"content-type": content_type})
    assert (answer.status, answer.error) == (415, "invalid_request")


def test_33_a_body_over_the_limit_is_refused(scenario):
    headers = {"content-type": "application/json"}
    assert scenario.post("token", headers=headers, body=b" " * 262_145).status == 413


def test_33_an_encoded_body_is_refused(scenario):
    headers = {"content-encoding": "gzip"}
    assert scenario.post("token", refresh_body(scenario), headers=headers).status == 415


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC", "bAsIc "])
def test_34_the_scheme_is_read_without_case(scenario, scheme):
    pair = base64.b64encode(f"app:{SECRET}".encode()).decode()
    headers = {"authorization": f"{scheme} {pair}"}
    assert scenario.post("token", refresh_body(scenario), auth=None, headers=headers).status == 200


def test_34_both_halves_are_form_decoded(scenario):
    from consentcore.api import ClientSecret

    odd = "a b+c%d:é".encode().decode("ascii", "ignore") + "&="
    scenario.update_client(scenario.client, secrets=(ClientSecret(digest(odd), 0),))
    assert scenario.post("introspect", {"token": "x"}, auth=("app", odd)).status == 200
    from urllib.parse import quote_plus

    pair = base64.b64encode(f"%61pp:{quote_plus(odd)}".encode()).decode()
    assert (
        scenario.post(
            "introspect", {"token": "x"}, auth=None, headers={"authorization": f"Basic {pair}"}
        ).status
        == 200
    )


@pytest.mark.parametrize(
    "extra", [{"client_secret": SECRET}, {"client_assertion": "x"}, {"client_secret": "other"}]
)
def test_35_more_than_one_method_is_refused(scenario, extra):
    answer = scenario.post("token", {**refresh_body(scenario), "client_id": "app", **extra})
    assert (answer.status, answer.error) == (400, "invalid_request")


def test_35_two_clients_in_one_request_are_refused(scenario):
    scenario.add_client("other")
    answer = scenario.post("token", {**refresh_body(scenario), "client_id": "other"})
    assert (answer.status, answer.error) == (400, "invalid_request")


def test_35_the_same_client_in_header_and_body_is_fine(scenario):
    assert scenario.post("token", {**refresh_body(scenario), "client_id": "app"}).status == 200


def test_36_a_failure_is_401_with_a_basic_challenge(scenario):
    answer = scenario.exchange(scenario.code(), auth=("app", "wrong"))
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert re.fullmatch(r'Basic realm="[^"]+".*', answer.headers["WWW-Authenticate"])


def test_36_unknown_client_wrong_secret_and_disabled_client_are_one_answer(scenario):
    scenario.update_client(scenario.add_client("off"), enabled=False)
    code = scenario.code()
    answers = [
        scenario.exchange(code, auth=auth).raw
        for auth in (("nobody", SECRET), ("app", "wrong"), ("off", SECRET), ("app", ""), ("", ""), ("é", "x"))
    ]
    assert all(answer == answers[0] for answer in answers)


def test_36_a_secret_is_checked_for_an_unknown_client_too(scenario, monkeypatch):
    from consentcore.api import Client

    asked = []
    real = Client.knows_secret
    monkeypatch.setattr(
        Client, "knows_secret", lambda self, *args: asked.append(self.client_id) or real(self, *args)
    )
    scenario.exchange("x", auth=("nobody", "s"))
    scenario.exchange("x", auth=("app", "s"))
    assert len(asked) == 2


HEADERS = [
    "Basic",
    "Basic ",
    "Basic !!!",
    "Basic YXBw",
    "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
    "Basic " + base64.b64encode(b"app:%zz").decode(),
    "Basic " + base64.b64encode(b"app:%ff").decode(),
    "Basic " + base64.b64encode(b"app\x00:x").decode(),
    "Basic " + base64.b64encode(b"app:%00").decode(),
    "Basic é",
    "Basic \ud800",
    "Basic " + "QUFB" * 2000,
    "Bearer x",
    "Digest x",
    "",
]


@pytest.mark.parametrize("header", HEADERS, ids=range(len(HEADERS)))
def test_36_a_broken_header_is_a_failed_authentication(scenario, header):
    answer = scenario.post("token", refresh_body(scenario), auth=None, headers={"authorization": header})
    assert (answer.status, answer.error) == (401, "invalid_client")


def test_37_a_confidential_client_without_a_secret_is_not_taken_for_public(scenario):
    for extra in ({}, {"client_secret": ""}):
        answer = scenario.exchange(scenario.code(), auth=None, client_id="app", **extra)
        assert (answer.status, answer.error) == (401, "invalid_client")
    assert scenario.exchange(scenario.code(), auth=("app", "")).status == 401


def test_37_a_public_client_has_no_secret(scenario):
    public = scenario.add_client("public", auth_method=AuthMethod.NONE)
    code = scenario.code(public, code_challenge=CHALLENGE)
    asked = {"client_id": "public", "code_verifier": VERIFIER}
    assert scenario.exchange(code, auth=None, client_secret=SECRET, **asked).error == "invalid_client"
    assert scenario.exchange(code, auth=("public", SECRET), **asked).error == "invalid_client"
    # What requests-oauthlib sends for a client without a secret.
    assert scenario.exchange(code, auth=("public", ""), **asked).status == 200


def test_37_a_secret_can_be_rotated_without_downtime(scenario):
    from consentcore.api import ClientSecret

    now = scenario.clock.now()
    secrets = (ClientSecret(digest("new"), now), ClientSecret(digest(SECRET), 0, expires_at=now + 1000))
    scenario.update_client(scenario.client, secrets=secrets)
    assert scenario.exchange(scenario.code(), auth=("app", "new")).status == 200
    assert scenario.exchange(scenario.code(), auth=("app", SECRET)).status == 200
    scenario.clock.advance(1000)
    assert scenario.exchange(scenario.code(), auth=("app", SECRET)).status == 401


@pytest.mark.parametrize("uri", [URI + "/", "https://evil.example/", "x"])
def test_38_another_redirect_uri_is_an_invalid_grant(scenario, uri):
    code = scenario.code()
    assert scenario.exchange(code, redirect_uri=uri).error == "invalid_grant"
    assert scenario.exchange(code).status == 200


def test_38_redirect_uri_must_be_repeated_when_it_was_given(scenario):
    assert scenario.exchange(scenario.code(), redirect_uri=None).error == "invalid_grant"
    assert scenario.exchange(scenario.code(redirect_uri_given=False), redirect_uri=None).status == 200
    assert scenario.exchange(scenario.code(redirect_uri_given=False)).status == 200
    wrong = scenario.exchange(scenario.code(redirect_uri_given=False), redirect_uri="https://evil.example/")
    assert wrong.error == "invalid_grant"


def test_39_a_success_has_all_members_and_is_not_cached(scenario):
    answer = scenario.exchange(scenario.code())
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] == 3600
    assert type(answer.json["expires_in"]) is int
    assert answer.headers["Content-Type"] == "application/json"
    for each in (
        answer,
        scenario.exchange("x"),
        scenario.exchange("x", auth=None),
        scenario.refresh(answer.json["refresh_token"]),
    ):
        assert each.headers["Cache-Control"] == "no-store"
        assert each.headers["Pragma"] == "no-cache"


def test_39_an_access_token_ends_with_its_grant(scenario):
    grant = scenario.grant_for(scenario.client, expires_at=scenario.clock.now() + 90_500)
    assert scenario.exchange(scenario.code(grant=grant)).json["expires_in"] == 90


@pytest.mark.parametrize("text", ['<xyzzy>"\\', "xyzzyé", "xyzzy\x7f", "xyzzy\n"])
def test_40_descriptions_echo_nothing_and_keep_to_the_charset(scenario, text):
    answers = [
        scenario.post("token", {"grant_type": text}),
        scenario.post("token", {"grant_type": "authorization_code", "code": text, "redirect_uri": text}),
        scenario.post("token", {"grant_type": "refresh_token", "refresh_token": "x", "scope": text}),
        scenario.post("token", {text: text, "grant_type": text, "state": text}),
        scenario.post("introspect", {"token_type_hint": text}),
    ]
    for answer in answers:
        assert answer.status == 400
        assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", answer.json["error_description"])
        assert "xyzzy" not in answer.raw.body.decode()
        assert set(answer.json) == {"error", "error_description"}


OFF = [
    "password",
    "client_credentials",
    "implicit",
    "urn:ietf:params:oauth:grant-type:device_code",
    "openid",
    "Code",
]


@pytest.mark.parametrize("grant_type", OFF)
def test_41_other_grants_are_off(scenario, grant_type):
    answer = scenario.post(
        "token", {"grant_type": grant_type, "username": "a", "password": "b", "code": scenario.code()}
    )
    assert (answer.status, answer.error) == (400, "unsupported_grant_type")


def test_41_a_missing_grant_type_is_an_invalid_request(scenario):
    assert scenario.post("token", {"code": scenario.code()}).error == "invalid_request"


NAMES = [
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "client_id",
    "client_secret",
    "refresh_token",
    "foo",
]


@pytest.mark.parametrize("endpoint", ["token", "revoke", "introspect"])
@pytest.mark.parametrize("name", [*NAMES, "token", "token_type_hint"])
def test_42_duplicates_of_any_name_are_refused(scenario, endpoint, name):
    body = f"{name}=a&{name}=a&x=y".encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = scenario.post(endpoint, body=body, headers=headers)
    assert (answer.status, answer.error) == (400, "invalid_request")
    assert "expected once" in answer.json["error_description"]


def test_43_nothing_is_stored_in_clear(scenario):
    code = scenario.code()
    first = scenario.exchange(code).json
    second = scenario.refresh(first["refresh_token"]).json
    stored = pickle.dumps(scenario.storage._engine.committed)
    assert digest(second["access_token"]) in stored
    for clear in (code, first["access_token"], first["refresh_token"], second["access_token"], SECRET):
        assert clear.encode() not in stored


def test_44_no_secret_reaches_the_log(scenario, caplog):
    import logging

    logging.getLogger("oauthlib").setLevel(logging.DEBUG)
    scenario.server = scenario.make_server()
    caplog.set_level(logging.DEBUG)
    code = scenario.code()
    first = scenario.exchange(code).json
    scenario.refresh(first["refresh_token"])
    scenario.exchange(code)
    scenario.exchange("wrong-code-0123456789", auth=("app", "wrong-secret-0123456789"))
    for clear in (code, first["access_token"], first["refresh_token"], SECRET, "0123456789"):
        assert clear not in caplog.text


def test_44_values_in_clear_do_not_show_in_a_repr():
    from consentcore.oauth.client_auth import Credentials
    from consentcore.oauth.messages import Redirect
    from consentcore.oauth.token_secrets import Pair

    assert "s3cret" not in f"{Credentials('c', 's3cret')!r}{Pair('s3cret', 's3cret')!r}{Redirect('s3cret')!r}"


def test_a_code_is_redeemed_by_one_of_many(scenario):
    from concurrent.futures import ThreadPoolExecutor

    code = scenario.code()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: scenario.exchange(code), range(8)))
    assert sum(answer.status == 200 for answer in answers) == 1
    assert all(answer.error == "invalid_grant" for answer in answers if answer.status != 200)
    won = next(answer for answer in answers if answer.status == 200)
    assert scenario.introspect(won.json["access_token"]) == {"active": False}


def test_a_resource_server_exchanges_nothing(scenario):
    api = replace(scenario.add_resource_server())
    answer = scenario.exchange(scenario.code(), auth=(api.client_id, SECRET))
    assert answer.error == "unauthorized_client"
    assert answer.status in (400, 401)
