"""The conformance kit, and what is special about this sign-in."""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from acme_proxy_login import ProxyLogin, ProxyLoginSettings, answer_of

from consentcore.api import Authenticated, Refused, Returned, Secret
from consentcore.testing import RedirectLoginConformance, factories, memory_storage

SECRET = "only the proxy and the plugin know this"
SETTINGS = ProxyLoginSettings(Secret(SECRET))
CALLBACK = "https://consent.example/login/callback"
NOW = factories.NOW


def through_proxy(sent, email="ada@example.org", proof=SECRET, now=NOW):
    """What the address that the proxy protects sends the browser back with."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(sent.url).query).items()}
    request = SimpleNamespace(
        headers={"X-Proxy-Proof": proof, "X-Signed-In-As": email},
        query=SimpleNamespace(one=lambda name: asked.get(name, "")),
    )
    return answer_of(SETTINGS, request, now)


class TestProxyLogin(RedirectLoginConformance):
    @pytest.fixture
    def storage(self):
        return memory_storage()

    @pytest.fixture
    def login(self, storage):
        return ProxyLogin(SETTINGS, storage)

    @pytest.fixture
    def broken_login(self, storage):  # behind another proxy: what ours says is worth nothing there
        return ProxyLogin(ProxyLoginSettings(Secret(SECRET[::-1])), storage)

    @pytest.fixture
    def provider(self):
        return through_proxy

    @pytest.fixture
    def now(self):
        return NOW


@pytest.fixture
def login():
    return ProxyLogin(SETTINGS, memory_storage())


def test_header_without_the_proof_of_the_proxy_counts_for_nothing(login):
    sent = login.begin(callback_url=CALLBACK, fresh=False, now=NOW)
    assert through_proxy(sent, proof="") is None
    assert through_proxy(sent, email="") is None


def test_answer_is_good_for_a_minute(login):
    sent = login.begin(callback_url=CALLBACK, fresh=False, now=NOW)
    answer = through_proxy(sent)
    late = Returned(answer, sent.transient, CALLBACK, NOW + 60_001)
    assert login.complete(late) == Refused("stale")
    assert isinstance(login.complete(Returned(answer, sent.transient, CALLBACK, NOW + 60_000)), Authenticated)


def test_address_in_the_answer_cannot_be_exchanged(login):
    sent = login.begin(callback_url=CALLBACK, fresh=False, now=NOW)
    answer = through_proxy(sent) | {"email": "eve@example.org"}
    assert login.complete(Returned(answer, sent.transient, CALLBACK, NOW)) == Refused("failed")
