"""The conformance kit for redirect logins against this plugin."""

from __future__ import annotations

import pytest

from consentcore.api import Secret
from consentcore.demo.serving import base_url, bind
from consentcore.testing import RedirectLoginConformance
from consentcore_login_oidc.login import OidcLogin
from consentcore_login_oidc.settings import OidcSettings
from consentcore_memory import MemoryStorage
from tests.support.oidc_provider import CLIENT_ID, CLIENT_SECRET, fake_provider


def settings(issuer: str) -> OidcSettings:
    return OidcSettings(issuer, CLIENT_ID, Secret(CLIENT_SECRET), timeout_s=60.0)


class TestOidcLogin(RedirectLoginConformance):
    @pytest.fixture
    def storage(self):
        return MemoryStorage()

    @pytest.fixture
    def fake(self):
        with fake_provider() as one:
            one.claims = {"auth_time": 2**31}
            yield one

    @pytest.fixture
    def login(self, storage, fake):
        return OidcLogin(settings(fake.issuer), storage)

    @pytest.fixture
    def broken_login(self, storage):
        with bind("127.0.0.1", 0, listen=False) as nobody:
            yield OidcLogin(settings(base_url(nobody)), storage)

    @pytest.fixture
    def provider(self, fake):
        return lambda sent: fake.sends_back(sent.url)
