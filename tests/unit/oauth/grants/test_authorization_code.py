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
def test_21_a_wrong_verifier_is_an_invalid_grant_and_does_not_burn_the_code(house, verifier):
    code = house.code(code_challenge=CHALLENGE)
    assert house.redeem(code, code_verifier=verifier).error == "invalid_grant"
    assert house.redeem(code, code_verifier=VERIFIER).status == 200


def test_21_a_missing_verifier_is_refused(house):
    """RFC 7636 section 4.6: one error for a verifier that is not that of the challenge."""
    code = house.code(code_challenge=CHALLENGE)
    assert house.redeem(code).error == "invalid_grant"
    assert house.redeem(code, code_verifier="").error == "invalid_grant"
    assert house.redeem(code, code_verifier=VERIFIER).status == 200


def test_21_a_client_that_must_use_pkce_since_now_redeems_no_code_without_it(house):
    code = house.code()
    house.update_client(house.client, require_pkce=True)
    assert house.redeem(code).error == "invalid_grant"


def test_22_a_verifier_without_a_challenge_is_refused(house):
    assert house.redeem(house.code(), code_verifier=VERIFIER).error == "invalid_grant"


def test_23_a_verifier_beyond_ascii_is_refused(house):
    answer = house.redeem(house.code(code_challenge=CHALLENGE), code_verifier="é" * 43)
    assert (answer.status, answer.error) == (400, "invalid_request")


def test_25_codes_have_enough_entropy(house):
    pending = house.ask()
    grant = house.grant_for(house.client)
    codes = {
        house.answered(house.server.authorization.issue_code(pending.request, grant))["code"]
        for _ in range(50)
    }
    assert len(codes) == 50
    for code in codes:
        counts = Counter(code)
        entropy = -sum(n / len(code) * math.log2(n / len(code)) for n in counts.values())
        assert len(code) >= 43
        assert entropy > 4


def test_26_a_code_of_another_client_is_an_invalid_grant_and_not_burnt(house):
    house.add_client("other")
    code = house.code()
    assert house.redeem(code, auth=("other", SECRET)).error == "invalid_grant"
    assert house.redeem(code).status == 200


def test_26_a_code_carries_its_scope(house):
    grant = house.grant_for(house.client)
    assert house.redeem(house.code(grant=grant, scopes=("energy.read",))).json["scope"] == "energy.read"


def test_26_a_scope_at_the_token_endpoint_changes_nothing(house):
    code = house.code(grant=house.grant_for(house.client), scopes=("energy.read",))
    assert house.redeem(code, scope="comfort.read offline_access").json["scope"] == "energy.read"


def test_26_a_token_has_no_more_than_the_grant(house):
    grant = house.grant_for(house.client)
    code = house.code(grant=grant)
    house.change_grant(grant, scopes=("energy.read@1",))
    assert house.redeem(code).json["scope"] == "energy.read"


def test_27_a_second_use_ends_everything_that_came_from_it(house):
    code = house.code()
    first = house.redeem(code).json
    second = house.refresh(first["refresh_token"]).json
    assert house.redeem(code).error == "invalid_grant"
    assert [(what, grant) for _, grant, what in house.alarms] == [
        (EventType.CODE_REPLAYED, house.grant_for(house.client).grant_id)
    ]
    for token in (first["access_token"], second["access_token"], second["refresh_token"]):
        assert house.introspect(token) == {"active": False}
    assert house.refresh(second["refresh_token"]).error == "invalid_grant"


def test_27_a_replay_is_noticed_long_after_and_told_once(house):
    code = house.code()
    house.redeem(code)
    house.clock.advance(3_000_000)
    for _ in range(3):
        assert house.redeem(code).error == "invalid_grant"
    assert len(house.alarms) == 1


def test_27_a_replay_is_noticed_whatever_else_is_wrong_with_it(house):
    code = house.code(code_challenge=CHALLENGE)
    token = house.redeem(code, code_verifier=VERIFIER).json["access_token"]
    assert (
        house.redeem(code, code_verifier="x" * 43, redirect_uri="https://evil.example/").error
        == "invalid_grant"
    )
    assert house.introspect(token) == {"active": False}


def test_27_a_replay_by_another_client_ends_nothing(house):
    house.add_client("other")
    code = house.code()
    token = house.redeem(code).json["access_token"]
    assert house.redeem(code, auth=("other", SECRET)).error == "invalid_grant"
    assert house.redeem(code, auth=("app", "wrong")).error == "invalid_client"
    assert house.alarms == []
    assert house.introspect(token)["active"] is True


def test_27_a_stranger_without_the_verifier_cannot_end_a_public_clients_family(house):
    public = house.add_client("public", auth_method=AuthMethod.NONE, secrets=())
    code = house.code(public, code_challenge=CHALLENGE)
    asked = {"auth": None, "client_id": "public"}
    assert house.redeem(code, code_verifier=VERIFIER, **asked).status == 200
    assert house.redeem(code, code_verifier="x" * 43, **asked).error == "invalid_grant"
    assert house.alarms == []
    assert house.redeem(code, code_verifier=VERIFIER, **asked).error == "invalid_grant"
    assert len(house.alarms) == 1


def test_28_a_code_lives_for_sixty_seconds(house):
    pending = house.ask()
    grant = house.grant_for(house.client)
    issue = house.server.authorization.issue_code
    early, late = (house.answered(issue(pending.request, grant))["code"] for _ in range(2))
    house.clock.advance(59_999)
    assert house.redeem(early, redirect_uri=None).status == 200
    house.clock.advance(1)
    assert house.redeem(late, redirect_uri=None).error == "invalid_grant"


def test_30_a_code_dies_with_its_grant(house):
    grant = house.grant_for(house.client)
    code = house.code(grant=grant)
    house.change_grant(grant, state=GrantState.WITHDRAWN)
    assert house.redeem(code).error == "invalid_grant"
    assert house.server.authorization.issue_code(house.ask().request, grant) is None


def test_30_a_code_dies_with_the_time_of_its_grant(house):
    grant = house.grant_for(house.client, expires_at=house.clock.now() + 10_000)
    code = house.code(grant=grant)
    house.clock.advance(10_000)
    assert house.redeem(code).error == "invalid_grant"


def test_31_failed_client_authentication_does_not_burn_a_code(house):
    code = house.code()
    assert house.redeem(code, auth=("app", "wrong")).error == "invalid_client"
    assert house.redeem(code, auth=None, client_id="app").error == "invalid_client"
    assert house.redeem(code).status == 200


@pytest.mark.parametrize("endpoint", ["token", "revoke", "introspect"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "post"])
def test_32_post_only(house, endpoint, method):
    from consentcore.oauth.messages import HttpRequest

    answer = house.send(endpoint, HttpRequest(method, "", {}, b""))
    assert answer.status == 405
    assert ("Allow", "POST") in answer.headers


@pytest.mark.parametrize("endpoint", ["token", "revoke", "introspect"])
@pytest.mark.parametrize("query", ["token=x", "foo", "client_id=app", "%zz"])
def test_32_nothing_is_taken_from_the_query(house, endpoint, query):
    answer = house.post(endpoint, {"token": "x"}, query=query)
    assert (answer.status, answer.error) == (400, "invalid_request")


def refresh_body(house):
    return {"grant_type": "refresh_token", "refresh_token": house.tokens()["refresh_token"]}


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-Urlencoded;x"],
)
def test_33_the_charset_of_a_form_is_tolerated(house, content_type):
    assert house.post("token", refresh_body(house), headers={"content-type": content_type}).status == 200


def test_33_json_has_the_same_members(house):
    members = {**refresh_body(house), "client_id": "app", "client_secret": SECRET}
    headers = {"content-type": "application/json"}
    assert house.post("token", auth=None, headers=headers, body=json.dumps(members).encode()).status == 200


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
def test_33_json_that_is_no_flat_object_of_strings_is_refused(house, body):
    answer = house.post("token", headers={"content-type": "application/json"}, body=body)
    assert (answer.status, answer.error) == (400, "invalid_request")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "multipart/form-data; boundary=x", "application/xml", "json", ""]
)
def test_33_other_content_types_are_refused(house, content_type):
    answer = house.post("token", refresh_body(house), headers={"content-type": content_type})
    assert (answer.status, answer.error) == (415, "invalid_request")


def test_33_a_body_over_the_limit_is_refused(house):
    headers = {"content-type": "application/json"}
    assert house.post("token", headers=headers, body=b" " * 262_145).status == 413


def test_33_an_encoded_body_is_refused(house):
    headers = {"content-encoding": "gzip"}
    assert house.post("token", refresh_body(house), headers=headers).status == 415


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC", "bAsIc "])
def test_34_the_scheme_is_read_without_case(house, scheme):
    pair = base64.b64encode(f"app:{SECRET}".encode()).decode()
    headers = {"authorization": f"{scheme} {pair}"}
    assert house.post("token", refresh_body(house), auth=None, headers=headers).status == 200


def test_34_both_halves_are_form_decoded(house):
    from consentcore.api import ClientSecret

    odd = "a b+c%d:é".encode().decode("ascii", "ignore") + "&="
    house.update_client(house.client, secrets=(ClientSecret(digest(odd), 0),))
    assert house.post("introspect", {"token": "x"}, auth=("app", odd)).status == 200
    from urllib.parse import quote_plus

    pair = base64.b64encode(f"%61pp:{quote_plus(odd)}".encode()).decode()
    assert (
        house.post("introspect", {"token": "x"}, auth=None, headers={"authorization": f"Basic {pair}"}).status
        == 200
    )


@pytest.mark.parametrize(
    "extra", [{"client_secret": SECRET}, {"client_assertion": "x"}, {"client_secret": "other"}]
)
def test_35_more_than_one_method_is_refused(house, extra):
    answer = house.post("token", {**refresh_body(house), "client_id": "app", **extra})
    assert (answer.status, answer.error) == (400, "invalid_request")


def test_35_two_clients_in_one_request_are_refused(house):
    house.add_client("other")
    answer = house.post("token", {**refresh_body(house), "client_id": "other"})
    assert (answer.status, answer.error) == (400, "invalid_request")


def test_35_the_same_client_in_header_and_body_is_fine(house):
    assert house.post("token", {**refresh_body(house), "client_id": "app"}).status == 200


def test_36_a_failure_is_401_with_a_basic_challenge(house):
    answer = house.redeem(house.code(), auth=("app", "wrong"))
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert re.fullmatch(r'Basic realm="[^"]+".*', answer.headers["WWW-Authenticate"])


def test_36_unknown_client_wrong_secret_and_disabled_client_are_one_answer(house):
    house.update_client(house.add_client("off"), enabled=False)
    code = house.code()
    answers = [
        house.redeem(code, auth=auth).raw
        for auth in (("nobody", SECRET), ("app", "wrong"), ("off", SECRET), ("app", ""), ("", ""), ("é", "x"))
    ]
    assert all(answer == answers[0] for answer in answers)


def test_36_a_secret_is_checked_for_an_unknown_client_too(house, monkeypatch):
    from consentcore.api import Client

    asked = []
    real = Client.knows_secret
    monkeypatch.setattr(
        Client, "knows_secret", lambda self, *args: asked.append(self.client_id) or real(self, *args)
    )
    house.redeem("x", auth=("nobody", "s"))
    house.redeem("x", auth=("app", "s"))
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
def test_36_a_broken_header_is_a_failed_authentication(house, header):
    answer = house.post("token", refresh_body(house), auth=None, headers={"authorization": header})
    assert (answer.status, answer.error) == (401, "invalid_client")


def test_37_a_confidential_client_without_a_secret_is_not_taken_for_public(house):
    for extra in ({}, {"client_secret": ""}):
        answer = house.redeem(house.code(), auth=None, client_id="app", **extra)
        assert (answer.status, answer.error) == (401, "invalid_client")
    assert house.redeem(house.code(), auth=("app", "")).status == 401


def test_37_a_public_client_has_no_secret(house):
    public = house.add_client("public", auth_method=AuthMethod.NONE)
    code = house.code(public, code_challenge=CHALLENGE)
    asked = {"client_id": "public", "code_verifier": VERIFIER}
    assert house.redeem(code, auth=None, client_secret=SECRET, **asked).error == "invalid_client"
    assert house.redeem(code, auth=("public", SECRET), **asked).error == "invalid_client"
    # What requests-oauthlib sends for a client without a secret.
    assert house.redeem(code, auth=("public", ""), **asked).status == 200


def test_37_a_secret_can_be_rotated_without_downtime(house):
    from consentcore.api import ClientSecret

    now = house.clock.now()
    secrets = (ClientSecret(digest("new"), now), ClientSecret(digest(SECRET), 0, expires_at=now + 1000))
    house.update_client(house.client, secrets=secrets)
    assert house.redeem(house.code(), auth=("app", "new")).status == 200
    assert house.redeem(house.code(), auth=("app", SECRET)).status == 200
    house.clock.advance(1000)
    assert house.redeem(house.code(), auth=("app", SECRET)).status == 401


@pytest.mark.parametrize("uri", [URI + "/", "https://evil.example/", "x"])
def test_38_another_redirect_uri_is_an_invalid_grant(house, uri):
    code = house.code()
    assert house.redeem(code, redirect_uri=uri).error == "invalid_grant"
    assert house.redeem(code).status == 200


def test_38_redirect_uri_must_be_repeated_when_it_was_given(house):
    assert house.redeem(house.code(), redirect_uri=None).error == "invalid_grant"
    assert house.redeem(house.code(redirect_uri_given=False), redirect_uri=None).status == 200
    assert house.redeem(house.code(redirect_uri_given=False)).status == 200
    wrong = house.redeem(house.code(redirect_uri_given=False), redirect_uri="https://evil.example/")
    assert wrong.error == "invalid_grant"


def test_39_a_success_has_all_members_and_is_not_cached(house):
    answer = house.redeem(house.code())
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] == 3600
    assert type(answer.json["expires_in"]) is int
    assert answer.headers["Content-Type"] == "application/json"
    for each in (
        answer,
        house.redeem("x"),
        house.redeem("x", auth=None),
        house.refresh(answer.json["refresh_token"]),
    ):
        assert each.headers["Cache-Control"] == "no-store"
        assert each.headers["Pragma"] == "no-cache"


def test_39_an_access_token_ends_with_its_grant(house):
    grant = house.grant_for(house.client, expires_at=house.clock.now() + 90_500)
    assert house.redeem(house.code(grant=grant)).json["expires_in"] == 90


@pytest.mark.parametrize("text", ['<xyzzy>"\\', "xyzzyé", "xyzzy\x7f", "xyzzy\n"])
def test_40_descriptions_echo_nothing_and_keep_to_the_charset(house, text):
    answers = [
        house.post("token", {"grant_type": text}),
        house.post("token", {"grant_type": "authorization_code", "code": text, "redirect_uri": text}),
        house.post("token", {"grant_type": "refresh_token", "refresh_token": "x", "scope": text}),
        house.post("token", {text: text, "grant_type": text, "state": text}),
        house.post("introspect", {"token_type_hint": text}),
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
def test_41_other_grants_are_off(house, grant_type):
    answer = house.post(
        "token", {"grant_type": grant_type, "username": "a", "password": "b", "code": house.code()}
    )
    assert (answer.status, answer.error) == (400, "unsupported_grant_type")


def test_41_a_missing_grant_type_is_an_invalid_request(house):
    assert house.post("token", {"code": house.code()}).error == "invalid_request"


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
def test_42_duplicates_of_any_name_are_refused(house, endpoint, name):
    body = f"{name}=a&{name}=a&x=y".encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = house.post(endpoint, body=body, headers=headers)
    assert (answer.status, answer.error) == (400, "invalid_request")
    assert "expected once" in answer.json["error_description"]


def test_43_nothing_is_stored_in_clear(house):
    code = house.code()
    first = house.redeem(code).json
    second = house.refresh(first["refresh_token"]).json
    stored = pickle.dumps(house.storage._engine.committed)
    assert digest(second["access_token"]) in stored
    for clear in (code, first["access_token"], first["refresh_token"], second["access_token"], SECRET):
        assert clear.encode() not in stored


def test_44_no_secret_reaches_the_log(house, caplog):
    import logging

    logging.getLogger("oauthlib").setLevel(logging.DEBUG)
    house.server = house.make_server()
    caplog.set_level(logging.DEBUG)
    code = house.code()
    first = house.redeem(code).json
    house.refresh(first["refresh_token"])
    house.redeem(code)
    house.redeem("wrong-code-0123456789", auth=("app", "wrong-secret-0123456789"))
    for clear in (code, first["access_token"], first["refresh_token"], SECRET, "0123456789"):
        assert clear not in caplog.text


def test_44_values_in_clear_do_not_show_in_a_repr():
    from consentcore.oauth.client_auth import Credentials
    from consentcore.oauth.messages import Redirect
    from consentcore.oauth.token_secrets import Pair

    assert "s3cret" not in f"{Credentials('c', 's3cret')!r}{Pair('s3cret', 's3cret')!r}{Redirect('s3cret')!r}"


def test_a_code_is_redeemed_by_one_of_many(house):
    from concurrent.futures import ThreadPoolExecutor

    code = house.code()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: house.redeem(code), range(8)))
    assert sum(answer.status == 200 for answer in answers) == 1
    assert all(answer.error == "invalid_grant" for answer in answers if answer.status != 200)
    won = next(answer for answer in answers if answer.status == 200)
    assert house.introspect(won.json["access_token"]) == {"active": False}


def test_a_resource_server_exchanges_nothing(house):
    api = replace(house.add_resource_server())
    answer = house.redeem(house.code(), auth=(api.client_id, SECRET))
    assert answer.error == "unauthorized_client"
    assert answer.status in (400, 401)
