"""OpenID providers for tests: a real one on Node.js, and a small one that says whatever a test wants it to say."""

from __future__ import annotations

import hashlib
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

from consentcore.demo.serving import Site, base_url, bind
from tests.support.node import node_process

CLIENT_ID, CLIENT_SECRET = "consentcore-test", "a secret & with +signs%"


@contextmanager
def real_provider(client: dict[str, Any], accounts: dict[str, dict[str, Any]]) -> Iterator[str]:
    """npm's oidc-provider on loopback, with one client; its issuer."""
    with node_process("oidc_provider.js") as process:
        process.stdin.write(json.dumps({"client": client, "accounts": accounts}) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        assert line, process.stderr.read()
        while "issuer" not in line:
            line = process.stdout.readline()
        yield json.loads(line)["issuer"]


def query_of(url: str) -> dict[str, str]:
    """The parameters of an URL, each of which comes once."""
    found = parse_qs(urlsplit(url).query, keep_blank_values=True)
    assert all(len(values) == 1 for values in found.values()), url
    return {name: values[0] for name, values in found.items()}


@dataclass
class FakeProvider:
    """Signs in whomever ``claims`` describe. ``instead`` answers a path (``discovery``, ``jwks``, ``token``,
    ``userinfo``) in its place: status and body, or a function that returns them. ``farewell``: another origin of
    this server, over which signing out leads."""

    issuer: str
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "k1", "use": "sig"}))
    alg: str = "ES256"
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    published: list[dict[str, Any]] | None = None
    instead: dict[str, tuple[int, bytes] | Callable[[], tuple[int, bytes]]] = field(default_factory=dict)
    farewell: str = ""
    asked: dict[str, str] = field(default_factory=dict)
    under_way: dict[str, dict[str, str]] = field(default_factory=dict)
    seen: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    sign: Callable[[dict[str, Any], dict[str, Any]], str] | None = None

    def sends_back(self, url: str, **changes: str | None) -> dict[str, str]:
        """What the browser brings back that came with ``url``; the answer of an honest provider, with changes."""
        assert url.startswith(f"{self.issuer}/authorize?")
        self._ask(query_of(url))
        params = {"code": "the-code", "state": self.asked["state"], "iss": self.issuer, **changes}
        return {name: value for name, value in params.items() if value is not None}

    def _ask(self, asked: dict[str, str]) -> None:
        self.asked = self.under_way[asked.get("code_challenge", "")] = asked

    def id_token(self, asked: dict[str, str] | None = None) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "subject-1",
            "aud": CLIENT_ID,
            "exp": now + 300,
            "iat": now,
            "nonce": (asked or self.asked)["nonce"],
            "email": "ada@example.org",
            "email_verified": True,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.alg, "kid": "k1", **self.header}
        header = {name: value for name, value in header.items() if value is not None}
        if self.sign is not None:
            return self.sign(header, claims)
        return jwt.encode(header, claims, self.key, algorithms=[self.alg])

    def __call__(self, environ, start_response):
        path = {"/.well-known/openid-configuration": "discovery"}.get(
            environ["PATH_INFO"], environ["PATH_INFO"][1:]
        )
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self.seen.append((path, form, environ.get("HTTP_AUTHORIZATION", "")))
        leads_on = self._leads_on(path, parse_qs(environ.get("QUERY_STRING", "")))
        if leads_on:
            start_response("303 X", [("Location", leads_on), ("Content-Length", "0")])
            return [b""]
        instead = self.instead.get(path)
        status, answer = self._answer(path, form) if instead is None else self._other(instead)
        start_response(
            f"{status} X", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))]
        )
        return [answer]

    def _leads_on(self, path: str, query: dict[str, list[str]]) -> str:
        """Where the two places lead that a browser comes to; both ask it nothing."""
        asked = {name: values[0] for name, values in query.items()}
        if path == "authorize":
            self._ask(asked)
            back = {"code": "the-code", "state": asked["state"], "iss": self.issuer}
            return f"{asked['redirect_uri']}?{urlencode(back)}"
        if path == "bye" and self.farewell:
            return f"{self.farewell}/farewell?{urlencode(asked)}"
        return asked["post_logout_redirect_uri"] if path in ("bye", "farewell") else ""

    @staticmethod
    def _other(instead) -> tuple[int, bytes]:
        return instead() if callable(instead) else instead

    def _answer(self, path: str, form: dict[str, str]) -> tuple[int, bytes]:
        made = {
            "discovery": self._discovery,
            "jwks": lambda: {"keys": self.published or [self.key.as_dict(private=False)]},
            "token": lambda: self._token(form),
            "userinfo": lambda: {"sub": "subject-1", "email": "ada@example.org", "email_verified": True},
        }
        return 200, json.dumps(made[path]()).encode()

    def _discovery(self) -> dict[str, Any]:
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/bye",
            "authorization_response_iss_parameter_supported": True,
            **self.metadata,
        }
        return {name: value for name, value in document.items() if value is not None}

    def _token(self, form: dict[str, str]) -> dict[str, Any]:
        challenge = urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        assert challenge.decode() in self.under_way
        return {
            "access_token": "the-access-token",
            "token_type": "Bearer",
            "expires_in": 60,
            "id_token": self.id_token(self.under_way[challenge.decode()]),
        }


@contextmanager
def fake_provider() -> Iterator[FakeProvider]:
    """A fake provider on loopback."""
    sock = bind("127.0.0.1", 0)
    provider = FakeProvider(base_url(sock))
    site = Site(sock, provider)
    try:
        yield provider
    finally:
        site.close()
