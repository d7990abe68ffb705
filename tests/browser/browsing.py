"""People in front of Chromium: the demo's server and application, and what its pages are asked to do."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from consentcore.demo.boot import Demo
from consentcore.domain.client import AuthMethod, Client, ClientSecret
from consentcore.domain.grant_states import GrantState
from consentcore.domain.owner import Owner
from consentcore.domain.secret import CLIENT_SECRET, digest, mint
from tests.support.patience import PATIENCE_S

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

PASSWORD = "correct horse battery"
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


@dataclass
class Person:
    """A data owner with a browser of their own.

    :ivar complaints: what the browser wrote to its console as errors, refusals by the content policy among them.
    :ivar foreign: requests to other machines.
    :ivar handed_over: addresses that the browser wanted to give to other programs, such as an application on a phone.
    """

    demo: Demo
    owner: Owner
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    handed_over: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.set_default_timeout(1000 * PATIENCE_S)
        self.context.on("console", self._listen)
        self.context.on("request", self._watch)

    def _listen(self, message: ConsoleMessage) -> None:
        # Pages that answer 4xx on purpose are reported by Chromium too; the tests look at those themselves.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def _watch(self, request: Request) -> None:
        if not request.url.startswith(("http:", "https:", "data:")):
            self.handed_over.append(request.url)
        elif not request.url.startswith(("http://127.0.0.1:", "http://localhost:", "data:")):
            self.foreign.append(request.url)

    @property
    def coolsite(self) -> str:
        return f"{self.demo.coolsite.own_url}/"

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name).first.click()

    def connect(self) -> None:
        """From CoolSite to wherever its button leads."""
        self.page.goto(self.coolsite)
        with self.page.expect_navigation(url=lambda url: not url.startswith(self.coolsite)):
            self.page.get_by_role("button", name="Connect").click()

    def sign_in(self) -> None:
        """Answer the login page."""
        self.page.get_by_label("E-mail address").fill(self.owner.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Sign in")

    def to_consent_page(self) -> None:
        """From CoolSite to the consent page."""
        self.connect()
        self.sign_in()
        self.page.get_by_role("button", name="Approve").wait_for()

    def connected(self) -> None:
        """Approve what CoolSite asks for, and open the dashboard."""
        self.to_consent_page()
        self.press("Approve")
        self.page.get_by_text("Connected.").wait_for()
        self.page.goto(f"{self.demo.issuer}/consents")

    def ask_for(self, client_id: str, redirect_uri: str, scope: str, details: str = "") -> None:
        """Open an authorization request of another application."""
        challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        query = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": scope,
            "state": "s",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **({"authorization_details": details} if details else {}),
        }
        self.page.goto(f"{self.demo.issuer}{self.demo.coolsite.prefix}/authorize?{urlencode(query)}")

    def grants(self, *states: GrantState) -> list:
        """What the store says about this person."""
        with self.demo.runtime.storage.reading() as uow:
            return list(
                uow.grants.of_owner(self.owner.owner_id, states or tuple(GrantState), after="", limit=9)
            )

    def events(self) -> list[str]:
        """The person's consent events, oldest first."""
        with self.demo.runtime.storage.reading() as uow:
            return [event.type.value for event in reversed(uow.ledger.of_owner(self.owner.owner_id))]

    def overflow(self, width: int) -> float:
        """How many pixels stick out on the right of a window of that width."""
        self.page.set_viewport_size({"width": width, "height": 800})
        return self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


def add_owner(demo: Demo, name: str, domain: str = "example.org") -> Owner:
    """Register somebody with the password of this module."""
    owner = Owner(secrets.token_hex(8), f"{secrets.token_hex(4)}@{domain}", demo.runtime.clock.now(), name)
    with demo.runtime.storage.transaction() as uow:
        uow.owners.add(owner)
        demo.runtime.login.set_password(uow, owner.owner_id, PASSWORD)
    return owner


def add_client(demo: Demo, **values: str) -> tuple[str, str]:
    """Register an application with these names; its id and where it is answered."""
    client_id = f"app-{secrets.token_hex(4)}"
    redirect_uri = f"https://{'a' * 60}.{'b' * 60}.example/callback"
    now = demo.runtime.clock.now()
    client = Client(
        client_id=client_id,
        created_at=now,
        secrets=(ClientSecret(digest(mint(CLIENT_SECRET)), now),),
        redirect_uris=(redirect_uri,),
        scopes=("sites.read", "device.control.setpoint"),
        **values,
    )
    with demo.runtime.storage.transaction() as uow:
        uow.clients.add(client)
    return client_id, redirect_uri


def add_public_client(demo: Demo, redirect_uri: str) -> str:
    """Register an application on a phone; its id."""
    client_id = f"phone-{secrets.token_hex(4)}"
    client = Client(
        client_id=client_id,
        name="PocketMeter",
        created_at=demo.runtime.clock.now(),
        auth_method=AuthMethod.NONE,
        redirect_uris=(redirect_uri,),
        scopes=("sites.read", "device.control.setpoint"),
        publisher="Pocket GmbH",
        purpose="We show your readings on your phone.",
    )
    with demo.runtime.storage.transaction() as uow:
        uow.clients.add(client)
    return client_id
