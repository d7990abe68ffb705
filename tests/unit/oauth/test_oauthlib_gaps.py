"""The 24 gaps of oauthlib's server side, by number: what is mended around it stays mended.

Where oauthlib is to blame alone, the test also shows what it would have done, so that a gap that a new version
closes is noticed.
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pytest
from oauthlib.common import Request
from oauthlib.oauth2 import (
    AuthorizationCodeGrant,
    InvalidClientError,
    InvalidGrantError,
    OAuth2Error,
    RequestValidator,
    RevocationEndpoint,
    WebApplicationServer,
)
from oauthlib.oauth2.rfc6749.grant_types.authorization_code import code_challenge_method_s256

from consentcore.api import AuthMethod
from consentcore.oauth.messages import PageError, Pending, Redirect

URI = "https://app.example/callback"
SECRET = "factories-client-secret"
FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}


class Naive(RequestValidator):
    """A validator as one would write it first; what passes here is oauthlib's doing."""

    def validate_client_id(self, *_, **__):
        return True

    def validate_redirect_uri(self, *_, **__):
        return True

    def validate_response_type(self, *_, **__):
        return True

    def validate_scopes(self, *_, **__):
        return True

    def get_default_scopes(self, *_, **__):
        return ["default"]

    def is_pkce_required(self, *_):
        return True


def test_gap_01_json_bodies(scenario):
    assert Request("", "POST", '{"code": "x"}').decoded_body is None
    members = {"grant_type": "authorization_code", "code": scenario.code(), "redirect_uri": URI}
    assert scenario.post("token", headers=JSON, body=json.dumps(members).encode()).status == 200
    for wrong in ({**members, "code": 1}, {**members, "code": ["x"]}, [members]):
        assert (
            scenario.post("token", headers=JSON, body=json.dumps(wrong).encode()).error == "invalid_request"
        )


def test_gap_02_a_verifier_beyond_ascii(scenario):
    with pytest.raises(TypeError):
        code_challenge_method_s256("x", "é")
    answer = scenario.exchange(scenario.code(code_challenge="x" * 43), code_verifier="é" * 43)
    assert (answer.status, answer.error) == (400, "invalid_request")


def test_gap_03_an_empty_challenge_satisfies_the_requirement(scenario):
    query = f"client_id=public&response_type=code&redirect_uri={URI}&code_challenge="
    AuthorizationCodeGrant(Naive()).validate_authorization_request(Request(f"https://as.example/?{query}"))
    scenario.add_client("public", auth_method=AuthMethod.NONE, secrets=())
    found = scenario.authorize(query=query)
    assert scenario.answered(found)["error"] == "invalid_request"


def test_gap_03_no_token_for_an_empty_verifier(scenario):
    code = scenario.code(code_challenge="x" * 43)
    assert scenario.exchange(code, code_verifier="").error == "invalid_grant"


def test_gap_04_plain_and_short_verifiers(scenario):
    assert "plain" in AuthorizationCodeGrant._code_challenge_methods
    assert scenario.server.token._grants["authorization_code"]._oauthlib._code_challenge_methods.keys() == {
        "S256"
    }
    found = scenario.authorize(
        client_id="app",
        response_type="code",
        redirect_uri=URI,
        code_challenge="x" * 43,
        code_challenge_method="plain",
    )
    assert scenario.answered(found)["error"] == "invalid_request"
    short = "ypeBEsobvcr6wjGzmiPcTaeG7_gUfE5yuYB3ha_uSLs"  # S256 of "a"
    assert code_challenge_method_s256("a", short)
    assert scenario.exchange(scenario.code(code_challenge=short), code_verifier="a").error == "invalid_grant"


def test_gap_05_downgrade(scenario):
    assert scenario.exchange(scenario.code(), code_verifier="x" * 43).error == "invalid_grant"


def test_gap_06_parameters_become_attributes_of_the_request(scenario, monkeypatch):
    assert Request("", "POST", "user=admin&scopes=all").user == "admin"
    seen = []
    from consentcore.oauth.grants.authorization_code import CodeExchange

    real = CodeExchange.store
    monkeypatch.setattr(
        CodeExchange, "store", lambda self, request, token: seen.append(request) or real(self, request, token)
    )
    extra = {
        "user": "admin",
        "client": "other",
        "scopes": "all",
        "exchange": "x",
        "extra_credentials": "x",
        "expires_in": "9",
    }
    answer = scenario.exchange(scenario.code(), **extra)
    assert answer.status == 200
    assert answer.json["scope"] == "comfort.read energy.read"
    assert seen[0].user is None
    assert seen[0].client == scenario.client
    asked = scenario.pending(user="admin", client="x", scopes="device.act", authorize_state="x").request
    assert asked.scopes == ("comfort.read", "energy.read")


def test_gap_07_inactive_stays_inactive(scenario):
    class Inactive(RequestValidator):
        def client_authentication_required(self, *_, **__):
            return True

        def authenticate_client(self, *_, **__):
            return True

        def introspect_token(self, *_, **__):
            return {"active": False}

    _, body, _ = WebApplicationServer(Inactive()).create_introspect_response("", "POST", "token=x", {})
    assert json.loads(body)["active"] is True
    assert scenario.introspect("unknown") == {"active": False}


def test_gap_08_burning_and_storing_are_one_write(scenario):
    """When the verb fails nothing is stored, and the code can be used again."""
    code = scenario.code()
    before = scenario.storage._engine.committed
    real = scenario.storage.protocol.consume_code
    from consentcore.api import StorageUnavailable

    def broken(redemption):
        raise StorageUnavailable("disk full")

    scenario.storage.protocol.consume_code = broken
    assert scenario.exchange(code).status == 503
    assert scenario.storage._engine.committed is before
    scenario.storage.protocol.consume_code = real
    assert scenario.exchange(code).status == 200


def test_gap_09_replay_and_reuse(scenario):
    code = scenario.code()
    first = scenario.exchange(code).json["refresh_token"]
    scenario.exchange(code)
    assert len(scenario.alarms) == 1
    first = scenario.tokens()["refresh_token"]
    scenario.refresh(first)
    scenario.clock.advance(61_000)
    scenario.refresh(first)
    assert len(scenario.alarms) == 2


def test_gap_10_a_narrow_scope_is_not_for_the_refresh_token(scenario):
    narrow = scenario.refresh(scenario.tokens()["refresh_token"], scope="energy.read").json
    assert scenario.refresh(narrow["refresh_token"]).json["scope"] == "comfort.read energy.read"


@pytest.mark.parametrize("endpoint", ["token", "revoke", "introspect"])
def test_gap_11_duplicates(scenario, endpoint):
    body = b"grant_type=refresh_token&refresh_token=a&refresh_token=b&token=a&token=b"
    assert scenario.post(endpoint, body=body, headers=FORM).error == "invalid_request"
    assert (
        scenario.post(endpoint, body=b"grant_type=refresh_token&refresh_token=&token=", headers=FORM).status
        == 400
    )
    found = scenario.authorize(
        ("code_challenge", "x"), ("code_challenge", "y"), client_id="app", response_type="code"
    )
    assert scenario.answered(found)["error"] == "invalid_request"


def test_gap_12_another_or_a_missing_redirect_uri(scenario):
    assert scenario.exchange(scenario.code(), redirect_uri="https://evil.example/").error == "invalid_grant"
    assert scenario.exchange(scenario.code(), redirect_uri=None).error == "invalid_grant"


def test_gap_13_the_challenge_is_basic(scenario):
    assert InvalidClientError().headers["WWW-Authenticate"].startswith("Bearer")
    assert scenario.exchange("x", auth=("app", "wrong")).headers["WWW-Authenticate"].startswith("Basic ")
    assert (
        scenario.exchange(scenario.code()).status == 200
    )  # by the Authorization header, which oauthlib does not read


BROKEN = ["state=%zz", "prompt=%ff"]
# RFC 6749 section 3.1: what nobody knows is ignored.
UNKNOWN = ["%zz", "%ff=x", "x=%ff", "%00", "x=%00", "x=%zz"]


@pytest.mark.parametrize("query", ['"|{', "&foo", "=", "==", "&&", *UNKNOWN, *BROKEN])
def test_gap_14_queries_that_make_oauthlib_raise(scenario, query):
    assert isinstance(scenario.authorize(query=query), PageError)
    found = scenario.authorize(query=f"client_id=app&response_type=code&redirect_uri={URI}&{query}")
    if query in BROKEN:
        assert scenario.answered(found)["error"] == "invalid_request"
    else:
        assert isinstance(found, Pending)
    assert scenario.post("token", {"grant_type": "x"}, query=query).status == 400


def test_gap_14_bodies_that_make_oauthlib_raise(scenario):
    with pytest.raises(UnicodeDecodeError):
        Request("", "POST", b"\xff")
    assert scenario.post("token", body=b"grant_type=\xff", headers=FORM).error == "invalid_request"
    assert scenario.post("token", body=b"\xff", headers=FORM).error == "invalid_request"


@pytest.mark.parametrize("response_type", ["xcodex", "none", "code token"])
def test_gap_15_response_types_that_contain_code(scenario, response_type):
    query = f"client_id=app&response_type={response_type}&redirect_uri={URI}&code_challenge=x"
    AuthorizationCodeGrant(Naive()).validate_authorization_request(
        Request(f"https://as.example/?{query}".replace(" ", "+"))
    )
    found = scenario.authorize(client_id="app", response_type=response_type, redirect_uri=URI)
    assert scenario.answered(found)["error"] == "unsupported_response_type"


@pytest.mark.parametrize("response_type", ["code", "token"])
def test_gap_15_the_fragment(scenario, response_type):
    found = scenario.authorize(
        client_id="app", response_type=response_type, redirect_uri=URI, response_mode="fragment"
    )
    assert isinstance(found, Redirect)
    assert "error" in scenario.answered(found)
    assert "#" not in found.url


@pytest.mark.parametrize(
    "query", ["scope=", "scope=comfort.read++energy.read", "scope=+comfort.read+energy.read+"]
)
def test_gap_16_empty_scopes(scenario, query):
    asked = scenario.authorize(query=f"client_id=app&response_type=code&{query}").request
    assert asked.scopes == ("comfort.read", "energy.read")


def test_gap_17_iss_in_success_and_error(scenario):
    asked, authorization = scenario.pending().request, scenario.server.authorization
    for url in (authorization.success_url(asked, "c"), authorization.error_url(asked, "access_denied", "")):
        assert scenario.answered(Redirect(url))["iss"] == "https://consent.example"


def test_gap_18_state_is_not_echoed_at_the_token_endpoint(scenario):
    request = Request("", "POST", "state=%3Cscript%3E")
    assert "<script>" in InvalidGrantError(request=request).json
    code = scenario.code(code_challenge=scenario.challenge)
    for answer in (
        scenario.exchange("x", state="<script>"),
        scenario.exchange(code, code_verifier="y" * 43, state="<script>"),
        scenario.exchange(code, state="<script>"),
    ):
        assert answer.status == 400
        assert b"<script>" not in answer.raw.body
        assert "state" not in answer.json


def test_gap_19_headers_and_owner_at_revocation(scenario):
    class Anybody(RequestValidator):
        def client_authentication_required(self, *_, **__):
            return True

        def authenticate_client(self, *_, **__):
            return True

        def revoke_token(self, *_, **__):
            return None

    headers, _, _ = RevocationEndpoint(Anybody()).create_revocation_response("", "POST", "token=x", {})
    assert headers == {}
    scenario.add_client("other")
    token = scenario.tokens()["access_token"]
    answer = scenario.post("revoke", {"token": token}, auth=("other", SECRET))
    assert answer.headers["Cache-Control"] == "no-store"
    assert scenario.introspect(token)["active"] is True


@pytest.mark.parametrize("grant_type", ["authorization_code", "refresh_token"])
def test_gap_20_credentials_come_before_a_missing_code(scenario, grant_type):
    assert scenario.post("token", {"grant_type": grant_type}, auth=None).status == 401
    assert scenario.post("token", {"grant_type": grant_type}, auth=("app", "wrong")).status == 401
    answer = scenario.post("token", {"grant_type": grant_type})
    assert (answer.status, answer.error) == (400, "invalid_request")
    for endpoint in ("revoke", "introspect"):
        assert scenario.post(endpoint, {}, auth=None).status == 401


def test_gap_21_a_lifetime_of_nothing_is_not_an_hour(scenario):
    grant = scenario.grant_for(scenario.client, expires_at=scenario.clock.now() + 900)
    assert scenario.exchange(scenario.code(grant=grant)).json["expires_in"] == 0


def test_gap_22_metadata_without_the_switch_for_plain_http(scenario, monkeypatch):
    import os

    scenario.server = scenario.make_server(
        settings=replace(scenario.settings, issuer="http://127.0.0.1:6543")
    )
    assert scenario.server.metadata()["issuer"] == "http://127.0.0.1:6543"
    assert "none" in scenario.server.metadata()["token_endpoint_auth_methods_supported"]
    assert "OAUTHLIB_INSECURE_TRANSPORT" not in os.environ


def test_gap_23_the_loggers_stay_above_debug(scenario):
    child = logging.getLogger("oauthlib.oauth2.rfc6749.grant_types.refresh_token")
    try:
        for logger in (logging.getLogger("oauthlib"), child):
            logger.setLevel(logging.DEBUG)
        scenario.make_server()
        assert not logging.getLogger("oauthlib").isEnabledFor(logging.DEBUG)
        assert not child.isEnabledFor(logging.DEBUG)
    finally:
        child.setLevel(logging.NOTSET)


def test_gap_23_a_stricter_level_is_left_alone(scenario):
    logger = logging.getLogger("oauthlib")
    logger.setLevel(logging.ERROR)
    try:
        scenario.make_server()
        assert logger.level == logging.ERROR
    finally:
        logger.setLevel(logging.INFO)


@pytest.mark.parametrize(
    "uri", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd"]
)
def test_gap_24_schemes(uri):
    from consentcore.api import InvalidInput
    from consentcore.oauth.redirect_uris import check_redirect_uri

    for public in (True, False):
        with pytest.raises(InvalidInput, match="redirect_uri: expected"):
            check_redirect_uri(uri, public=public)


def test_no_oauthlib_error_escapes(scenario):
    """Whatever hook refuses, the endpoints answer; only the storage may fail."""
    for endpoint in ("token", "revoke", "introspect"):
        for body in (
            b"",
            b"x",
            b"grant_type=authorization_code&code=x",
            b"token=x",
            b"grant_type=refresh_token&scope=x",
        ):
            for auth in (None, ("app", SECRET), ("app", "x")):
                try:
                    assert (
                        400 <= scenario.post(endpoint, body=body, headers=FORM, auth=auth).status < 500
                        or body == b"token=x"
                    )
                except OAuth2Error as error:  # pragma: no cover
                    pytest.fail(f"{endpoint} {body!r} {auth}: {error}")
