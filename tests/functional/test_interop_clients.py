"""Stock clients that know nothing of us, on Python and on Node.js, against a real server: their checks, not ours."""

from __future__ import annotations

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import KeySet
from oauthlib.oauth2 import InvalidGrantError, WebApplicationClient
from requests_oauthlib import OAuth2Session as OAuth2Consumer

from tests.support.browser import Browser
from tests.support.patience import PATIENCE_S
from tests.support.stock_clients import (
    KEYS,
    SCOPE,
    SCRIPTS,
    decide,
    house,
    play,
    public_keys,
    register,
    the_story_holds,
)

pytestmark = pytest.mark.slow

API = "https://api.energy.example/"


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    with house(tmp_path_factory.mktemp("interop")) as made:
        yield made


@pytest.mark.parametrize("auth_method", ["client_secret_basic", "client_secret_post", "none"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_code_refresh_introspect_and_revoke_on_node(platform, sink, script, auth_method):
    said = play(script, register(platform, sink, auth_method))
    the_story_holds(said, platform.issuer)


@pytest.mark.parametrize(
    ("script", "auth_method"), list(zip(SCRIPTS, ["none", "client_secret_basic"], strict=True))
)
def test_a_client_that_must_push_its_requests_on_node(platform, sink, script, auth_method):
    settings = register(platform, sink, auth_method, "--require-par")
    the_story_holds(play(script, {**settings, "par": True}), platform.issuer)


@pytest.mark.parametrize(
    ("script", "key"), list(zip([*SCRIPTS, SCRIPTS[0]], KEYS, strict=True)), ids=["ES256", "Ed25519", "PS256"]
)
def test_private_key_jwt_with_pushed_requests_on_node(platform, sink, script, key):
    settings = register(platform, sink, "private_key_jwt", "--jwks", public_keys(key))
    the_story_holds(play(script, {**settings, "jwk": key, "par": True}), platform.issuer)


@pytest.mark.parametrize("script", SCRIPTS)
def test_jwt_access_tokens_on_node(platform, sink, script):
    """The clients take the token as it is; what is in it is checked by a library that knows RFC 9068."""
    settings = register(
        platform, sink, "client_secret_post", *("--access-token-format", "jwt", "--resource", API)
    )
    said = play(script, {**settings, "resource": API})
    the_story_holds(said, platform.issuer)
    metadata = platform.metadata()
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=PATIENCE_S).json())
    token = jwt.decode(said["tokens"]["access_token"], keys, algorithms=["ES256"])
    assert token.header["typ"] == "at+jwt"
    assert (token.claims["iss"], token.claims["aud"]) == (platform.issuer, API)
    assert token.claims["client_id"] == settings["client_id"]
    assert token.claims["sub"] == said["introspected"]["sub"]


@pytest.mark.parametrize("auth_method", ["client_secret_basic", "client_secret_post", "none"])
def test_authlib(platform, sink, auth_method, monkeypatch):
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    settings = register(platform, sink, auth_method)
    with_authlib(platform, settings, settings.get("client_secret"))


@pytest.mark.parametrize("audience", ["issuer", "endpoint"])
def test_authlib_with_private_key_jwt(platform, sink, monkeypatch, audience):
    """By itself it names the token endpoint, for which it has to be registered; given the issuer, it names that."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    [key] = (one for one in KEYS if one["alg"] == "PS256")
    key = {name: value for name, value in key.items() if name != "alg"}  # Authlib signs with RS256
    more = ("--jwks", public_keys(key), "--assertion-audience", audience)
    settings = register(platform, sink, "private_key_jwt", *more)
    with_authlib(platform, settings, key, platform.issuer if audience == "issuer" else "")


def with_authlib(platform, settings: dict, secret: object, audience: str = "") -> None:
    """The story with Authlib's session, from consent to revocation."""
    endpoints = platform.metadata()
    verifier = generate_token(64)
    with OAuth2Session(
        settings["client_id"],
        secret,
        token_endpoint_auth_method=settings["auth_method"],
        revocation_endpoint_auth_method=settings["auth_method"],
        scope=SCOPE,
        redirect_uri=settings["redirect_uri"],
        code_challenge_method="S256",
    ) as session:
        if settings["auth_method"] == "private_key_jwt":
            session.register_client_auth_method(PrivateKeyJWT(audience or endpoints["token_endpoint"]))
        url, state = session.create_authorization_url(
            endpoints["authorization_endpoint"], code_verifier=verifier
        )
        arrived = decide(Browser(), url, "Approve")
        tokens = session.fetch_token(
            endpoints["token_endpoint"], authorization_response=arrived, state=state, code_verifier=verifier
        )
        assert set(tokens["scope"].split()) == set(SCOPE.split())
        fresh = session.refresh_token(endpoints["token_endpoint"], refresh_token=tokens["refresh_token"])
        assert fresh["refresh_token"] != tokens["refresh_token"]
        if settings["auth_method"] != "none":
            answer = session.introspect_token(endpoints["introspection_endpoint"], fresh["access_token"])
            assert answer.json()["active"] is True
        revoked = session.revoke_token(endpoints["revocation_endpoint"], fresh["refresh_token"])
        assert revoked.status_code == 200
        with pytest.raises(OAuthError, match="invalid_grant"):
            session.refresh_token(endpoints["token_endpoint"], refresh_token=fresh["refresh_token"])


@pytest.mark.parametrize("auth_method", ["client_secret_basic", "none"])
def test_requests_oauthlib(platform, sink, auth_method, monkeypatch):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    settings, endpoints = register(platform, sink, auth_method), platform.metadata()
    client_id, secret = settings["client_id"], settings.get("client_secret")
    known = {"auth": (client_id, secret)} if secret else {"include_client_id": True}
    with OAuth2Consumer(
        client_id, redirect_uri=settings["redirect_uri"], scope=SCOPE, pkce="S256"
    ) as session:
        url, _ = session.authorization_url(endpoints["authorization_endpoint"])
        arrived = decide(Browser(), url, "Approve")
        tokens = session.fetch_token(endpoints["token_endpoint"], authorization_response=arrived, **known)
        assert set(tokens["scope"]) == set(SCOPE.split())
        again = {"auth": known["auth"]} if secret else {"client_id": client_id}
        fresh = session.refresh_token(endpoints["token_endpoint"], tokens["refresh_token"], **again)
        assert fresh["refresh_token"] != tokens["refresh_token"]
        url, headers, body = WebApplicationClient(client_id).prepare_token_revocation_request(
            endpoints["revocation_endpoint"], fresh["refresh_token"], "refresh_token", client_id=client_id
        )
        answer = requests.post(url, body, headers=headers, auth=known.get("auth"), timeout=PATIENCE_S)
        assert answer.status_code == 200
        with pytest.raises(InvalidGrantError):
            session.refresh_token(endpoints["token_endpoint"], fresh["refresh_token"], **again)
