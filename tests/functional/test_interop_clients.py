"""Stock clients that know nothing of us, on Python and on Node.js, against a real server: their checks, not ours."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from oauthlib.oauth2 import InvalidGrantError, WebApplicationClient
from requests_oauthlib import OAuth2Session as OAuth2Consumer

from tests.support.browser import Browser
from tests.support.deployment import deployment
from tests.support.node import node_process
from tests.support.patience import PATIENCE_S
from tests.support.sinks import Answer, http_sink

pytestmark = pytest.mark.slow

ADA, PASSWORD = "ada@example.org", "a perfectly fine password"
SCOPE = "sites.read comfort.read offline_access"
SCRIPTS = ("openid_client.js", "oauth4webapi.js")
API = "https://api.energy.example/"
KEYS = [
    {**key.as_dict(private=True), "kid": f"key-{alg}", "alg": alg}
    for alg, key in (
        ("ES256", ECKey.generate_key("P-256")),
        ("Ed25519", OKPKey.generate_key("Ed25519")),
        ("PS256", RSAKey.generate_key(2048)),
    )
]


def public_keys(*keys: dict) -> str:
    """The JWK set that a client registers."""
    kept = {"kty", "crv", "x", "y", "n", "e", "kid", "alg"}
    return json.dumps({"keys": [{name: key[name] for name in kept & key.keys()} for key in keys]})


@pytest.fixture(scope="module")
def sink():
    with http_sink() as one:
        one.answer = Answer(204)
        yield one


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("interop"), smtp=9) as made:
        made.init()
        made.json("owner", "create", "--email", ADA, "--password-stdin", stdin=PASSWORD)
        made.start()
        yield made


@dataclass
class Conversation:
    """A script of Node.js that plays the application, and the browser of the data owner who answers it."""

    process: object
    said: dict = field(default_factory=dict)
    decisions: list[str] = field(default_factory=lambda: ["Deny", "Approve"])
    browser: Browser = field(default_factory=Browser)

    def run(self, settings: dict) -> dict:
        """Play to the end; what the script has said, by name."""
        self._write(json.dumps(settings))
        for line in self.process.stdout:
            [(name, value)] = json.loads(line).items()
            if name == "authorize":
                self._write(self._decide(value))
            else:
                self.said[name] = value
        complaint = self.process.stderr.read()
        assert self.process.wait(PATIENCE_S) == 0, complaint
        return self.said

    def _write(self, text: str) -> None:
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()

    def _decide(self, url: str) -> str:
        return decide(self.browser, url, self.decisions.pop(0))


def decide(browser: Browser, url: str, button: str) -> str:
    """What the data owner does where an application sends her; the URL at which she arrives."""
    if browser.open(url).path == "/login":
        browser.press("Sign in", email=ADA, password=PASSWORD)
    return browser.press(button).url


def play(script: str, settings: dict) -> dict:
    with node_process(script) as process:
        return Conversation(process).run(settings)


def register(platform, sink, auth_method: str, *options: str) -> dict:
    """An application that authenticates in one way; the settings of a script for it."""
    options += ("--public",) if auth_method == "none" else ("--auth-method", auth_method)
    app = platform.json(
        *("client", "create", "--name", "CoolSite", "--redirect-uri", sink.url("/callback")),
        *("--scope", SCOPE, *options),
    )
    return {
        "issuer": platform.issuer,
        "auth_method": auth_method,
        "redirect_uri": sink.url("/callback"),
        "scope": SCOPE,
        **app,
    }


def the_story_holds(said: dict, issuer: str) -> None:
    """What every client must have seen."""
    assert said["metadata"]["issuer"] == issuer
    assert said["denied"] == "access_denied"
    for name in ("tokens", "refreshed"):
        assert said[name]["token_type"].lower() == "bearer"
        assert set(said[name]["scope"].split()) == set(SCOPE.split())
    assert said["refreshed"]["refresh_token"] != said["tokens"]["refresh_token"]
    if "introspected" in said:  # a client that cannot authenticate may not ask
        assert said["introspected"]["active"] is True
        assert said["after_revocation"] == {"active": False}
    assert said["refused"] == "invalid_grant"


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
