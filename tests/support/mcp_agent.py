"""AI assistants made with the official MCP libraries, of which each knows nothing but the address of a server; and the
person who is sent to the consent page by them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mcp.client.auth import OAuthClientProvider, OAuthFlowError
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)

from consentcore.demo.boot import Demo
from consentcore.demo.seed import PEOPLE
from tests.support.browser import Browser
from tests.support.loops import run
from tests.support.node import node_process
from tests.support.patience import PATIENCE_S

CHOSEN, NOT_CHOSEN = "fr-lyon-office", "fr-lyon-warehouse"

Asked = list[tuple[str, str, int]]
"""Method, URL and status of each request, in order."""


@dataclass
class Person:
    """Ada: signs in where she has to, chooses one site, and presses a button.

    :ivar pages: what the consent pages said that she saw.
    """

    demo: Demo
    browser: Browser = field(default_factory=Browser)
    pages: list[str] = field(default_factory=list)

    def decide(self, url: str, button: str = "Approve") -> str:
        """Answer where an application sends her; the URL at which she arrives."""
        if self.browser.open(url).path == "/login":
            self.browser.press("Sign in", email=PEOPLE[0][0], password=self.demo.seed.password)
        self.pages.append(self.browser.page.text)
        site = ("resource", f"site|{CHOSEN}")
        if button == "Approve" and any(site in form.boxes for form in self.browser.page.forms):
            self.browser.tick(*site)
        return self.browser.press(button).url

    def take_away(self, scope: str) -> None:
        """Allow less, on the dashboard."""
        self.browser.open(f"{self.demo.issuer}/consents")
        self.browser.follow("Details")
        self.browser.follow("Change what it may use")
        self.browser.untick("scope", scope)
        assert self.browser.press("Change").status == 200

    def revoke(self, name: str) -> None:
        """Take back what an application was allowed, on the dashboard."""
        self.browser.open(f"{self.demo.issuer}/consents")
        self.browser.follow("Revoke Access")
        assert name in self.browser.page.text
        page = self.browser.press("Proceed")
        assert f"{name} can no longer see your data" in page.text


@dataclass
class Kept:
    """What an assistant keeps, as the library for Python wants it."""

    client: OAuthClientInformationFull | None = None
    tokens: OAuthToken | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@dataclass
class PythonAgent:
    """An assistant made with the library for Python.

    :ivar sent: where it has sent the person.
    :ivar button: what she presses there.
    """

    mcp_url: str
    redirect_uri: str
    person: Person
    kept: Kept = field(default_factory=Kept)
    client_metadata_url: str | None = None
    asked: Asked = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    button: str = "Approve"

    def talk(self, story: Callable[[Client, OAuthClientProvider], Awaitable[None]]) -> None:
        """Connect, and play a story."""
        run(lambda: asyncio.wait_for(self._talk(story), PATIENCE_S))

    async def _talk(self, story: Callable[[Client, OAuthClientProvider], Awaitable[None]]) -> None:
        metadata = OAuthClientMetadata(
            client_name="Assistant", redirect_uris=[self.redirect_uri], token_endpoint_auth_method="none"
        )
        provider = OAuthClientProvider(
            self.mcp_url,
            metadata,
            self.kept,
            self._send,
            self._wait,
            client_metadata_url=self.client_metadata_url,
        )
        async with create_mcp_http_client(auth=provider) as http:
            http.event_hooks = {"response": [self._note]}
            async with Client(streamable_http_client(self.mcp_url, http_client=http)) as client:
                await story(client, provider)

    async def _note(self, response: Any) -> None:
        self.asked.append((response.request.method, str(response.request.url), response.status_code))

    async def _send(self, url: str) -> None:
        self.sent.append(url)

    async def _wait(self) -> AuthorizationCodeResult:
        arrived = await asyncio.to_thread(self.person.decide, self.sent[-1], self.button)
        told = dict(parse_qsl(urlsplit(arrived).query))
        if "error" in told:
            raise OAuthFlowError(told["error"])
        return AuthorizationCodeResult(code=told["code"], state=told["state"], iss=told["iss"])


def node_agent(demo: Demo, settings: dict, person: Person, revoked: str) -> dict:
    """Play ``mcp_client.js`` to the end.

    :param settings: where the assistant is found, and as what it is known.
    :param revoked: the name of the application that the person takes her consent back from, when it is time.
    :returns: what the script has said, by name.
    """
    said: dict[str, Any] = {}
    with node_process("mcp_client.js") as process:

        def tell(text: str) -> None:
            process.stdin.write(f"{text}\n")
            process.stdin.flush()

        tell(json.dumps({"mcp_url": demo.mcp_url, "chosen": CHOSEN, "not_chosen": NOT_CHOSEN, **settings}))
        for line in process.stdout:
            [(name, value)] = json.loads(line).items()
            if name == "authorize":
                tell(person.decide(value))
            elif name == "revoke":
                person.revoke(revoked)
                tell("{}")
            else:
                said[name] = value
        complaint = process.stderr.read()
        assert process.wait(PATIENCE_S) == 0, complaint
    return said
