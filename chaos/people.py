"""Data owners and their application: they go on whatever happens, and remember what was confirmed to them."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from chaos.stage import Stage
from tests.support.browser import Browser

PASSWORD = "a perfectly fine password"
SCOPE = "sites.read comfort.read"
PREFIX = "/ecostruxure/v1/oauth"
PATIENCE_S = 180.0
"""How long one step may take while processes are killed over and over, on a machine that is busy besides."""


class Broken(Exception):
    """A promise that was not kept; the text says which."""


@dataclass
class Person:
    """:ivar granted: access tokens that were confirmed.

    :ivar revoked: how many revocations were.

    :ivar retries: requests without the hoped-for answer.
    :ivar statuses: that came with them.
    """

    email: str
    app: dict[str, Any]
    api: dict[str, Any]
    stage: Stage
    browser: Browser = field(default_factory=Browser)
    granted: list[str] = field(default_factory=list)
    revoked: int = 0
    retries: int = 0

    @property
    def callback(self) -> str:
        """Where the application is."""
        return f"http://127.0.0.1:{self.stage.hooks.port}/callback"

    def round(self) -> None:
        """Consent, use it, take it back, and see that it is so.

        :raises Broken: it is not.
        """
        tokens = self._until("consent", self._consent)
        self.granted.append(tokens["access_token"])
        self._check(tokens["access_token"], active=True)
        self._until("revocation", self._revoke)
        self.revoked += 1
        self._check(tokens["access_token"], active=False)

    def _until(self, what: str, step: Any) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                found = step()
            except (requests.RequestException, LookupError):
                found = None
            if found:
                return found
            self.retries += 1
            if time.monotonic() > deadline:
                raise Broken(f"{self.email}: no {what} in {PATIENCE_S:g} s, last seen: {self.browser.page}")
            time.sleep(0.15)

    def _consent(self) -> dict[str, Any] | None:
        state = secrets.token_urlsafe(8)
        query = {
            "client_id": self.app["client_id"], "response_type": "code", "scope": SCOPE, "state": state,
            "redirect_uri": self.callback,
        }  # fmt: skip
        page = self.browser.open(f"{self.stage.url}{PREFIX}/authorize?{urlencode(query)}")
        if page.path == "/login":
            page = self.browser.press("Sign in", email=self.email, password=PASSWORD)
        if page.path == "/consent":
            page = self.browser.press("Approve")
        return self._exchange(parse_qs(urlsplit(page.url).query), state) if page.path == "/callback" else None

    def _exchange(self, answer: dict[str, list[str]], state: str) -> dict[str, Any] | None:
        if answer.get("state") != [state] or "code" not in answer:
            return None
        reply = self._ask(
            "token", grant_type="authorization_code", code=answer["code"][0], redirect_uri=self.callback
        )
        return reply.json() if reply.status_code == 200 else None

    def _revoke(self) -> bool:
        page = self.browser.open(f"{self.stage.url}/consents")
        if page.path == "/login":
            self.browser.press("Sign in", email=self.email, password=PASSWORD)
            page = self.browser.open(f"{self.stage.url}/consents")
        if page.status != 200:
            return False
        if "Revoke Access" not in page.text:
            return True  # an answer was lost on its way, the revocation was not
        try:
            self.browser.follow("Revoke Access")
        except LookupError:
            self.browser.press("Revoke Access")
        done = self.browser.press("Proceed")
        return done.status == 200 and done.path.startswith("/consents")

    def _check(self, token: str, *, active: bool) -> None:
        def look() -> dict[str, Any] | None:
            reply = self._ask("introspect", self.api, token=token)
            return reply.json() if reply.status_code == 200 else None

        if self._until("introspection", look)["active"] is not active:
            raise Broken(
                f"{self.email}: a token is {'dead' if active else 'alive'} after it was confirmed otherwise"
            )

    def _ask(self, endpoint: str, who: dict[str, Any] | None = None, **fields: str) -> requests.Response:
        who = who or self.app
        return requests.post(
            f"{self.stage.url}{PREFIX}/{endpoint}",
            data=fields,
            auth=(who["client_id"], who["client_secret"]),
            timeout=20,
        )

    def is_rid_of_everything(self) -> bool:
        """Whether the dashboard shows no application any more, and every token that there was is dead."""
        page = self.browser.open(f"{self.stage.url}/consents")
        if page.path == "/login":
            self.browser.press("Sign in", email=self.email, password=PASSWORD)
            page = self.browser.open(f"{self.stage.url}/consents")
        if page.status != 200 or "Revoke Access" in page.text:
            return False
        return not any(self._ask("introspect", self.api, token=one).json()["active"] for one in self.granted)
