"""Stock clients of other people: how one is registered, how its script is played, and what it must have seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.support.browser import Browser
from tests.support.deployment import Deployment, deployment
from tests.support.node import node_process
from tests.support.patience import PATIENCE_S

ADA, PASSWORD = "ada@example.org", "a perfectly fine password"
SCOPE = "sites.read comfort.read offline_access"
SCRIPTS = ("openid_client.js", "oauth4webapi.js")
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


def the_story_holds(said: dict, issuer: str, *, token_type: str = "bearer", rotates: bool = True) -> None:
    """What every client must have seen.

    :param rotates: whether a refresh gives another refresh token.
    """
    assert said["metadata"]["issuer"] == issuer
    assert said["denied"] == "access_denied"
    for name in ("tokens", "refreshed"):
        assert said[name]["token_type"].lower() == token_type
        assert set(said[name]["scope"].split()) == set(SCOPE.split())
    assert (said["refreshed"]["refresh_token"] != said["tokens"]["refresh_token"]) is rotates
    if "introspected" in said:  # a client that cannot authenticate may not ask
        assert said["introspected"]["active"] is True
        assert said["after_revocation"] == {"active": False}
    assert said["refused"] == "invalid_grant"


@contextmanager
def house(folder, lines: str = "") -> Iterator[Deployment]:
    """A server in which the data owner has an account.

    :param lines: further settings.
    """
    with deployment(folder, smtp=9, lines=lines) as made:
        made.init()
        made.json("owner", "create", "--email", ADA, "--password-stdin", stdin=PASSWORD)
        made.start()
        yield made
