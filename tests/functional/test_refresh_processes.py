"""Refresh tokens at a real server with two processes: many at once, and over a restart."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from threading import Barrier
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from tests.support.browser import Browser
from tests.support.deployment import deployment
from tests.support.patience import PATIENCE_S
from tests.support.sinks import Answer, http_sink

pytestmark = pytest.mark.slow

AT_ONCE = 20
ADA, PASSWORD = "ada@example.org", "a perfectly fine password"
DEAD = {"active": False}
NAMES = {"token": "token", "introspect": "introspection", "revoke": "revocation"}


@dataclass
class Client:
    """An application at a running server, with an owner who says yes."""

    platform: object
    app: dict
    callback: str

    def __post_init__(self):
        self.metadata = self.platform.metadata()
        self.browser = Browser()
        self.auth = (self.app["client_id"], self.app["client_secret"])

    def connect(self) -> dict:
        verifier = secrets.token_urlsafe(48)
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self.auth[0],
            "redirect_uri": self.callback,
            "scope": "sites.read",
            "prompt": "consent",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        self.browser.open(f"{self.metadata['authorization_endpoint']}?{urlencode(query)}")
        if "/login" in self.browser.page.url:
            self.browser.press("Sign in", email=ADA, password=PASSWORD)
        self.browser.press("Approve")
        (code,) = parse_qs(urlsplit(self.browser.page.url).query)["code"]
        return self.post(
            "token",
            grant_type="authorization_code",
            code=code,
            redirect_uri=self.callback,
            code_verifier=verifier,
        ).json()

    def post(self, endpoint: str, **body: str) -> requests.Response:
        """On a connection of its own, so that either process may answer."""
        url = self.metadata[
            {"introspect": "introspection", "revoke": "revocation"}.get(endpoint, endpoint) + "_endpoint"
        ]
        headers = {"Connection": "close"}
        return requests.post(url, data=body, auth=self.auth, headers=headers, timeout=PATIENCE_S)

    def refresh(self, token: str) -> requests.Response:
        return self.post("token", grant_type="refresh_token", refresh_token=token)

    def refresh_at_once(self, token: str) -> list[requests.Response]:
        barrier = Barrier(AT_ONCE)

        def work(_number):
            barrier.wait(PATIENCE_S)
            return self.refresh(token)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(work, range(AT_ONCE)))

    def told(self, token: str) -> dict:
        return self.post("introspect", token=token).json()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def client(request, tmp_path):
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    with deployment(tmp_path, smtp=9, database=url) as made, http_sink() as sink:
        sink.answer = Answer(204)
        made.init()
        made.ini.write_text(made.ini.read_text().replace("smtp webhook", "devmail webhook"))
        callback = sink.url("/callback")
        app = made.json(
            *("client", "create", "--name", "CoolSite", "--redirect-uri", callback, "--scope", "sites.read")
        )
        made.json("owner", "create", "--email", ADA, "--password-stdin", stdin=PASSWORD)
        made.start()
        yield Client(made, app, callback)


def test_49_52_incident_dot_810_twenty_at_once_get_one_successor_that_survives_a_restart(client):
    first = client.connect()
    answers = client.refresh_at_once(first["refresh_token"])
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    assert len({answer.json()["access_token"] for answer in answers}) == 1
    second = answers[0].json()
    assert client.told(first["refresh_token"]) == DEAD
    revoked = client.connect()
    assert client.post("revoke", token=revoked["refresh_token"]).status_code == 200

    assert client.platform.stop() == 0
    client.platform.start()
    assert client.told(second["access_token"])["active"] is True
    assert client.told(second["refresh_token"])["active"] is True
    assert client.told(revoked["access_token"]) == DEAD
    assert client.refresh(revoked["refresh_token"]).json()["error"] == "invalid_grant"
    third = client.refresh(second["refresh_token"]).json()
    assert client.told(third["access_token"])["active"] is True
    # Of the first generation, the grace is for the second one only: whoever uses it is a thief, restart or not.
    assert client.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    for token in (second["access_token"], third["access_token"], third["refresh_token"]):
        assert client.told(token) == DEAD
