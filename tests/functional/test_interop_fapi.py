"""Stock clients that do all that FAPI 2.0 asks of one: proofs with nonces, pushed and signed requests, signed answers.

On Node.js they do it by themselves. Authlib signs and pushes what it is told to; a proof is a header like any other to
it.
"""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from tests.support.browser import Browser
from tests.support.patience import PATIENCE_S
from tests.support.proofs import Prover
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

NONCES = "consentcore.oauth.dpop_nonce = true\n"
FAPI = (
    *("--profile", "fapi2", "--dpop-bound-access-tokens", "--require-signed-request-object"),
    *("--authorization-signed-response-alg", "ES256"),
)
"""What an application is registered with that is held to the profile and to Message Signing."""
ALL = {"par": True, "dpop": "ES256", "jarm": True, "signed_introspection": True}
[ES256, EDDSA, PS256] = KEYS


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    with house(tmp_path_factory.mktemp("fapi"), NONCES) as made:
        yield made


@pytest.mark.parametrize("options", [(), FAPI], ids=["plain", "fapi"])
@pytest.mark.parametrize(
    ("script", "key"), list(zip(SCRIPTS, [ES256, PS256], strict=True)), ids=["openid_client", "oauth4webapi"]
)
def test_signed_requests_and_answers_and_proofs_on_node(platform, sink, script, key, options):
    settings = register(platform, sink, "private_key_jwt", "--jwks", public_keys(key), *options)
    said = play(script, {**settings, **ALL, "jwk": key, "jar": key})
    the_story_holds(said, platform.issuer, token_type="dpop", rotates=not options)
    assert said["introspected"]["cnf"].keys() == {"jkt"}


@pytest.mark.parametrize("script", SCRIPTS)
def test_public_client_with_proofs_and_signed_answers_on_node(platform, sink, script):
    settings = register(platform, sink, "none")
    said = play(script, {**settings, "par": True, "dpop": "ES256", "jarm": True})
    the_story_holds(said, platform.issuer, token_type="dpop")


@pytest.mark.parametrize("options", [(), FAPI], ids=["plain", "fapi"])
def test_authlib(platform, sink, monkeypatch, options):
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    key = ECKey.import_key(ES256)
    settings = register(platform, sink, "private_key_jwt", "--jwks", public_keys(ES256), *options)
    endpoints = platform.metadata()
    with OAuth2Session(
        settings["client_id"],
        key,
        token_endpoint_auth_method="private_key_jwt",
        revocation_endpoint_auth_method="private_key_jwt",
        redirect_uri=settings["redirect_uri"],
    ) as session:
        session.register_client_auth_method(PrivateKeyJWT(platform.issuer, alg="ES256"))
        WithAuthlib(session, settings, endpoints, key).play()


class WithAuthlib:
    """An application that is made with Authlib."""

    def __init__(self, session: OAuth2Session, settings: dict, endpoints: dict, key: ECKey) -> None:
        self.session, self.settings, self.endpoints, self.key = session, settings, endpoints, key
        self.prover, self.nonce = Prover(), None
        session.hooks["response"].append(self._keep_nonce)

    def play(self) -> None:
        token_url, verifier = self.endpoints["token_endpoint"], generate_token(64)
        given = {"code": self._code(verifier), "code_verifier": verifier}
        assert self.nonce, "the answer to a pushed request tells the first one"
        tokens = self.session.fetch_token(token_url, **given, headers=self._proof())
        assert (tokens["token_type"], set(tokens["scope"].split())) == ("DPoP", set(SCOPE.split()))
        held = tokens["refresh_token"]
        fresh = self.session.refresh_token(token_url, refresh_token=held, headers=self._proof())
        told = self._introspected(fresh["access_token"])
        assert (told["active"], told["cnf"]) == (True, {"jkt": self.prover.jkt})
        revoked = self.session.revoke_token(self.endpoints["revocation_endpoint"], fresh["refresh_token"])
        assert revoked.status_code == 200
        assert self._introspected(fresh["access_token"]) == {"active": False}
        with pytest.raises(OAuthError, match="invalid_grant"):
            self.session.refresh_token(token_url, refresh_token=fresh["refresh_token"], headers=self._proof())

    def _code(self, verifier: str) -> str:
        """Push a signed request, have it answered, and read the signed answer."""
        now, client_id, state = int(time.time()), self.settings["client_id"], generate_token()
        asked = {
            "iss": client_id,
            "aud": self.endpoints["issuer"],
            "nbf": now,
            "exp": now + 60,
            "client_id": client_id,
            "response_type": "code",
            "response_mode": "jwt",
            "scope": SCOPE,
            "redirect_uri": self.settings["redirect_uri"],
            "state": state,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        header = {"alg": "ES256", "kid": self.key.kid, "typ": "oauth-authz-req+jwt"}
        pushed = self.session.post(
            self.endpoints["pushed_authorization_request_endpoint"],
            data={"request": jwt.encode(header, asked, self.key)},
            auth=self.session.client_auth("private_key_jwt"),
            withhold_token=True,
        )
        assert pushed.status_code == 201, pushed.text
        url, _ = self.session.create_authorization_url(
            self.endpoints["authorization_endpoint"], request_uri=pushed.json()["request_uri"]
        )
        [answer] = parse_qs(urlsplit(decide(Browser(), url, "Approve")).query)["response"]
        keys = KeySet.import_key_set(requests.get(self.endpoints["jwks_uri"], timeout=PATIENCE_S).json())
        claims = jwt.decode(answer, keys, algorithms=["ES256"]).claims
        assert (claims["iss"], claims["aud"], claims["state"]) == (self.endpoints["issuer"], client_id, state)
        return claims["code"]

    def _introspected(self, token: str) -> dict:
        return self.session.introspect_token(self.endpoints["introspection_endpoint"], token).json()

    def _proof(self) -> dict:
        url = self.endpoints["token_endpoint"]
        return {"DPoP": self.prover.proof(url, time.time(), nonce=self.nonce)}

    def _keep_nonce(self, answer, *_, **__) -> None:
        self.nonce = answer.headers.get("DPoP-Nonce", self.nonce)
