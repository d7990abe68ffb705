"""The token, revocation and introspection endpoints over HTTP, with everything real behind them."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
from webob import Request as Blank

from consentcore.api import AuthMethod, EventType
from tests.support.platform import (
    CALLBACK,
    PREFIX,
    Request,
    answer,
    connect,
    exchange,
    introspect,
    refresh,
    to_consent_page,
)

FORM = "application/x-www-form-urlencoded"


def consented(platform, request=None):
    """Walk to a code; returns the request and the code."""
    request = request or Request()
    _, page = to_consent_page(platform, request)
    return request, answer(page, "approve")["code"]


def events(platform, grant_id):
    """Types of the events in the ledger of a grant."""
    with platform.runtime.storage.reading() as uow:
        return [event.type for event in uow.ledger.of_grant(grant_id)]


def test_27_a_replayed_code_ends_its_tokens_and_is_on_record(platform):
    request, code = consented(platform)
    tokens = exchange(platform, request, code).json
    grant_id = introspect(platform, tokens["access_token"])["grant_id"]
    later = refresh(platform, tokens["refresh_token"]).json
    for _ in range(2):
        replay = exchange(platform, request, code)
        assert (replay.status_int, replay.json["error"]) == (400, "invalid_grant")
    for token in (tokens["access_token"], later["access_token"], later["refresh_token"]):
        assert introspect(platform, token) == {"active": False}
    assert events(platform, grant_id) == [EventType.GRANTED, EventType.CODE_REPLAYED]
    with platform.runtime.storage.reading() as uow:
        assert uow.grants.get(grant_id).is_active(platform.runtime.clock.now())


def test_27_of_many_at_once_one_wins_and_nothing_survives_the_replay(platform):
    request, code = consented(platform)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: exchange(platform, request, code), range(6)))
    assert sorted(response.status_int for response in answers) == [200, 400, 400, 400, 400, 400]
    won = next(response for response in answers if response.status_int == 200)
    assert introspect(platform, won.json["access_token"]) == {"active": False}


def test_31_a_wrong_secret_does_not_burn_the_code(platform):
    request, code = consented(platform)
    failed = exchange(platform, request, code, client_secret="wrong")
    assert (failed.status_int, failed.json["error"]) == (401, "invalid_client")
    assert failed.headers["WWW-Authenticate"].startswith("Basic ")
    assert exchange(platform, request, code).status_int == 200


def test_34_basic_authentication(platform):
    tokens = connect(platform)
    browser = platform.browser()
    browser.authorization = ("Basic", ("coolsite", platform.client_secret))
    body = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert browser.post(f"{PREFIX}/token", body).json["token_type"] == "Bearer"


def test_36_every_failure_of_authentication_looks_alike(platform):
    answers = [
        platform.browser().post(
            f"{PREFIX}/token",
            {
                "grant_type": "refresh_token",
                "refresh_token": "x",
                "client_id": client_id,
                "client_secret": "wrong",
            },
            headers={"X-Request-ID": "the-same"},
            status=401,
        )
        for client_id in ("coolsite", "nobody")
    ]
    assert answers[0].body == answers[1].body
    assert dict(answers[0].headers) == dict(answers[1].headers)


@pytest.mark.parametrize("endpoint", ["token", "par", "revoke", "introspect"])
def test_32_only_post_and_nothing_in_the_query(platform, endpoint):
    browser = platform.browser()
    for method in (browser.get, browser.put, browser.delete, browser.options):
        refused = method(f"{PREFIX}/{endpoint}", status=405)
        assert refused.headers["Allow"] == "POST"
        assert refused.json["error"] == "invalid_request"
    refused = browser.post(f"{PREFIX}/{endpoint}?token=x", {"token": "x"}, status=400)
    assert refused.json["error"] == "invalid_request"


def test_39_answers_set_no_cookie_and_are_not_cached(platform):
    tokens = connect(platform)
    body = {"client_id": "coolsite", "client_secret": platform.client_secret, "token": tokens["access_token"]}
    for endpoint in ("token", "par", "revoke", "introspect"):
        response = platform.browser().post(f"{PREFIX}/{endpoint}", body, expect_errors=True)
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Pragma"] == "no-cache"
        assert "Set-Cookie" not in response.headers


def test_13_no_token_stands_in_a_url(platform):
    """Neither in an answer of the authorization endpoint, nor is one taken from a query."""
    request = Request()
    browser, page = to_consent_page(platform, request)
    assert answer(page, "approve").keys() == {"code", "state", "iss"}
    remembered = browser.get(Request().url, status=303).location
    assert set(parse_qs(urlsplit(remembered).query)) == {"code", "state", "iss"}
    tokens = connect(platform, Request(scope="alarms.read"))
    for endpoint in ("token", "revoke", "introspect"):
        for name in ("token", "refresh_token", "access_token"):
            url = f"{PREFIX}/{endpoint}?{name}={tokens['refresh_token']}"
            refused = platform.browser().post(url, {"grant_type": "refresh_token"}, status=400)
            assert tokens["refresh_token"] not in refused.text
    assert refresh(platform, tokens["refresh_token"]).status_int == 200


def test_47_reuse_of_an_old_refresh_token_ends_the_family(platform):
    first = connect(platform)
    second = refresh(platform, first["refresh_token"]).json
    third = refresh(platform, second["refresh_token"]).json
    grant_id = introspect(platform, third["access_token"])["grant_id"]
    assert refresh(platform, first["refresh_token"]).json["error"] == "invalid_grant"
    assert introspect(platform, third["access_token"]) == {"active": False}
    assert refresh(platform, third["refresh_token"]).json["error"] == "invalid_grant"
    assert events(platform, grant_id) == [EventType.GRANTED, EventType.REFRESH_REUSED]


def test_48_a_lost_answer_is_given_again(platform):
    first = connect(platform)
    second = refresh(platform, first["refresh_token"]).json
    again = refresh(platform, first["refresh_token"]).json
    assert again["refresh_token"] == second["refresh_token"]
    assert again["access_token"] == second["access_token"]
    assert introspect(platform, again["access_token"])["active"] is True


def test_49_many_refreshes_at_once_get_one_answer(platform):
    token = connect(platform)["refresh_token"]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: refresh(platform, token), range(12)))
    assert {response.status_int for response in answers} == {200}
    assert len({response.json["refresh_token"] for response in answers}) == 1


def test_54_revocation(platform):
    tokens = connect(platform)
    body = {
        "token": tokens["access_token"],
        "client_id": "shiftplan",
        "client_secret": platform.secrets["shiftplan"],
    }
    assert platform.browser().post(f"{PREFIX}/revoke", body).body == b""
    assert introspect(platform, tokens["access_token"])["active"] is True
    body = {**body, "client_id": "coolsite", "client_secret": platform.client_secret}
    assert platform.browser().post(f"{PREFIX}/revoke", body).status_int == 200
    assert introspect(platform, tokens["access_token"]) == {"active": False}
    assert refresh(platform, tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_56_introspection_by_the_wrong_client(platform):
    tokens = connect(platform)
    assert introspect(platform, tokens["access_token"], "shiftplan") == {"active": False}
    assert introspect(platform, tokens["access_token"], "coolsite")["active"] is True
    assert introspect(platform, tokens["refresh_token"], "api") == {"active": False}
    assert introspect(platform, tokens["refresh_token"], "coolsite")["token_type"] == "refresh_token"


def test_20_a_public_client_needs_pkce_and_no_secret(platform):
    platform.add_client("phone", auth_method=AuthMethod.NONE, redirect_uris=("http://127.0.0.1/cb",))
    request = Request(client_id="phone", redirect_uri="http://127.0.0.1:52100/cb")
    request, code = consented(platform, request)
    assert exchange(platform, request, code, code_verifier="x" * 43).json["error"] == "invalid_grant"
    tokens = exchange(platform, request, code)
    assert tokens.status_int == 200
    assert refresh(platform, tokens.json["refresh_token"], "phone").status_int == 200


NASTY = [
    (b"\xff\xfe", FORM),
    (b"grant_type=%zz", FORM),
    (b"grant_type=%00", FORM),
    (b"=" * 1000, FORM),
    (b"a" * 200_000, FORM),
    (b"[" * 100_000, "application/json"),
    (b'{"a":' * 40_000, "application/json"),
    (b'{"grant_type": "\\ud800"}', "application/json"),
    (b'{"grant_type": ' + b"1" * 100_000 + b"}", "application/json"),
    (b"--x\r\n", "multipart/form-data; boundary=x"),
    (b"<a/>", "application/xml"),
    (b"grant_type=x", "application/x-www-form-urlencoded; charset=\xff".encode("latin-1").decode("latin-1")),
]


@pytest.mark.parametrize("endpoint", ["token", "par", "revoke", "introspect"])
@pytest.mark.parametrize(("body", "content_type"), NASTY, ids=range(len(NASTY)))
def test_87_no_body_is_answered_with_a_5xx(platform, endpoint, body, content_type):
    for authorization in (None, "Basic \xff", "Basic " + "x" * 5000, "Bearer x"):
        extra = {"HTTP_AUTHORIZATION": authorization} if authorization else {}
        response = platform.browser().post(
            f"{PREFIX}/{endpoint}", body, content_type=content_type, extra_environ=extra, expect_errors=True
        )
        assert 400 <= response.status_int < 500
        assert response.json["error"] in ("invalid_request", "invalid_client", "unsupported_grant_type")


def test_88_a_body_over_the_limit_is_413(platform):
    assert platform.browser().post(f"{PREFIX}/token", b"a=" + b"x" * 262_144, status=413)


def test_55_a_storage_that_is_down_is_503(platform, monkeypatch):
    from consentcore.api import StorageUnavailable

    tokens = connect(platform)

    def down(*_args):
        raise StorageUnavailable("database is locked")

    monkeypatch.setattr(type(platform.runtime.storage.bare.protocol), "kill_family", down)
    body = {"token": tokens["access_token"], "client_id": "coolsite", "client_secret": platform.client_secret}
    failed = platform.browser().post(f"{PREFIX}/revoke", body, status=503)
    assert failed.json == {"error": "temporarily_unavailable", "error_description": "Please try again"}
    assert failed.headers["Retry-After"]


def test_88_a_body_of_chunks_is_read_up_to_the_limit(platform):
    def post(body):
        environ = {"wsgi.input_terminated": True, "wsgi.input": io.BytesIO(body), "CONTENT_TYPE": FORM}
        request = Blank.blank(f"{PREFIX}/token", environ, method="POST")
        request.environ.pop("CONTENT_LENGTH", None)
        return request.get_response(platform.app)

    assert post(b"a=" + b"x" * 262_144).status_int == 413
    assert post(b"grant_type=x").json["error"] == "unsupported_grant_type"


def test_90_a_body_that_was_cut_off_is_refused(platform):
    request = Blank.blank(f"{PREFIX}/token", {"wsgi.input": io.BytesIO(b"grant_type=ref")}, method="POST")
    request.environ.update(CONTENT_LENGTH="500", CONTENT_TYPE=FORM)
    assert request.get_response(platform.app).status_int == 400


def test_a_json_client_needs_no_form(platform):
    tokens = connect(platform)
    body = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
        "client_id": "coolsite",
        "client_secret": platform.client_secret,
    }
    response = platform.browser().post(
        f"{PREFIX}/token", json.dumps(body).encode(), content_type="application/json; charset=utf-8"
    )
    assert response.json["scope"] == "sites.read comfort.read"
    assert CALLBACK not in response.text
