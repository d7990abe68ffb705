"""The plugin on memory storage, with a small provider that says what a test wants."""

from __future__ import annotations

import time

import pytest

from consentcore.api import RedirectTo, Returned, Secret
from consentcore.demo.serving import Site, base_url, bind
from consentcore_login_oidc.login import OidcLogin
from consentcore_login_oidc.settings import OidcSettings
from consentcore_memory import MemoryStorage
from tests.support.oidc_provider import CLIENT_ID, CLIENT_SECRET, FakeProvider

CALLBACK = "https://consent.example/login/callback"


@pytest.fixture
def storage():
    return MemoryStorage()


@pytest.fixture(scope="module")
def site():
    """One server for a module; who answers is :func:`provider`'s to say."""
    sock, current = bind("127.0.0.1", 0), []

    def app(environ, start_response):
        return current[-1](environ, start_response)

    server = Site(sock, app)
    yield base_url(sock), current
    server.close()


@pytest.fixture
def provider(site):
    issuer, current = site
    current.append(FakeProvider(issuer))
    return current[-1]


@pytest.fixture
def made(storage, provider):
    """Makes the plugin; settings by name."""

    def make(**settings):
        values = {
            "issuer": provider.issuer,
            "client_id": CLIENT_ID,
            "client_secret": Secret(CLIENT_SECRET),
            "timeout_s": 60.0,  # the most there is
            **settings,
        }
        return OidcLogin(OidcSettings(**values), storage)

    return make


def now() -> int:
    return time.time_ns() // 1_000_000


def begin(login, *, fresh: bool = False, at: int = 0) -> RedirectTo:
    sent = login.begin(callback_url=CALLBACK, fresh=fresh, now=at or now())
    assert isinstance(sent, RedirectTo)
    return sent


def complete(login, provider, sent=None, *, fresh: bool = False, at: int = 0, **changes):
    """A whole round trip, all of it at one moment where ``at`` names one; what came of it."""
    sent = sent or begin(login, fresh=fresh, at=at)
    params = provider.sends_back(sent.url, **changes)
    return login.complete(Returned(params, sent.transient, CALLBACK, at or now()))
