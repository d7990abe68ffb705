"""A visitor who goes through the pages by what they do and not by what they say, and so in any language."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import replace
from email import message_from_bytes, policy
from itertools import count
from typing import TYPE_CHECKING

from consentcore.api import DAY, Actor, ActorType, Client, ClientSecret, Halt
from consentcore.domain.grant_states import GrantState
from consentcore.domain.owner import Owner
from consentcore.domain.secret import CLIENT_SECRET, digest, mint
from consentcore.testing.fakes import ManualClock
from consentcore.testing.scenario import Scenario
from tests.browser.browsing import PASSWORD, Person
from tests.support.patience import eventually

if TYPE_CHECKING:
    from consentcore.demo.boot import Demo

MANY_SITES = "branches@example.org"
"""Whose portfolio the people of :data:`VISITORS` have: 214 sites."""
VISITORS = tuple(f"visitor-{number}@example.org" for number in range(1, 41))
ALIASES = " ".join(f"{email}={MANY_SITES}" for email in VISITORS)
READS, OPTIONAL, ACTS = ("sites.read", "comfort.read"), ("energy.usage.daily",), ("device.control.setpoint",)
SITES = ("site|uk-bristol-001", "site|uk-bristol-002")
DEVICES = ("device|uk-bristol-001-hp",)
LINK = re.compile(r"/account/\S+\?t=[\w-]+")
_free = count()


class Visitor(Person):
    """A person with many sites, and one application of several that asks them for everything that can be asked.

    :ivar client: the application.
    """

    client: Client

    @classmethod
    def arrive(
        cls, demo: Demo, context, *, name: str = "Ada Moreau", application: str = "Daylight", **names: str
    ):
        """Register somebody new and an application of their own; ``names`` are further words of the application."""
        owner = Owner(secrets.token_hex(8), VISITORS[next(_free)], demo.runtime.clock.now(), name)
        with demo.runtime.storage.transaction() as uow:
            uow.owners.add(owner)
            demo.runtime.login.set_password(uow, owner.owner_id, PASSWORD)
        visitor = cls(demo, owner, context, context.new_page())
        visitor.client = visitor.add_application(application, **names)
        return visitor

    def add_application(self, name: str, **names: str) -> Client:
        now = self.demo.runtime.clock.now()
        client = Client(
            client_id=f"app-{secrets.token_hex(4)}",
            name=name,
            created_at=now,
            secrets=(ClientSecret(digest(mint(CLIENT_SECRET)), now),),
            redirect_uris=(f"{self.demo.coolsite.own_url}/of-another-application",),
            scopes=(*READS, *OPTIONAL, *ACTS, "alarms.read", "offline_access"),
            optional_scopes=OPTIONAL,
            authorization_details_types=("meter_readings",),
            **{
                "publisher": "Daylight & Co",
                "purpose": "We show where light and heat are wasted.",
                "website": "https://daylight.example/",
                "privacy_url": "https://daylight.example/privacy",
                **names,
            },
        )
        with self.demo.runtime.storage.transaction() as uow:
            uow.clients.add(client)
        return client

    @property
    def main(self):
        return self.page.locator("main")

    def open(self, path: str) -> None:
        self.page.goto(f"{self.demo.issuer}{path}")

    def fill(self, **values: str) -> None:
        """Fields of the page, by name."""
        for name, value in values.items():
            self.page.locator(f"main input[name={name}]").fill(value)

    def send(self, button: str = "form button[type=submit]") -> None:
        """Press a button of the page that leads to another page."""
        with self.page.expect_navigation():
            self.main.locator(button).first.click()

    def decide(self, decision: str) -> None:
        self.send(f"button[name=decision][value={decision}]")

    def go(self, what: str) -> None:
        """Press one of the buttons of the list of sites."""
        self.send(f"button[name=resources_go][value={what}]")

    def tick(self, name: str, number: int = 0) -> None:
        self.main.locator(f"input[name={name}]:not([type=hidden])").nth(number).check()

    def ask(self, *scopes: str) -> None:
        """Open an authorization request of the application."""
        self.ask_for(self.client.client_id, self.client.redirect_uris[0], " ".join(scopes))

    def ask_in_detail(self, *details: object) -> None:
        """Open an authorization request for these authorization details alone."""
        self.ask_for(self.client.client_id, self.client.redirect_uris[0], "", json.dumps(details))

    def sign_in(self) -> None:
        self.fill(email=self.owner.email, password=PASSWORD)
        self.send()

    def unfold(self) -> None:
        closed = self.main.locator("details:not([open]) > summary")
        while closed.count():
            closed.first.click()

    @property
    def grant(self):
        """What stands between the person and the application."""
        return next(one for one in self.grants(GrantState.ACTIVE) if one.client_id == self.client.client_id)

    def of(self, name: str):
        """The latest permission of an application of that name, whatever became of it."""
        with self.demo.runtime.storage.reading() as uow:
            found = uow.grants.of_owner(self.owner.owner_id, tuple(GrantState), after="", limit=99)
        return next(one for one in found if one.client_id.startswith(name))

    def follow_link_of_mail(self) -> None:
        """Open the link in the newest mail to the person."""
        found: list[str] = []

        def arrived() -> bool:
            for path in sorted((self.demo.folder / "var" / "mail").glob("*.eml"), reverse=True):
                mail = message_from_bytes(path.read_bytes(), policy=policy.default)
                if mail["To"] == self.owner.email:
                    found[:] = LINK.findall(mail.get_body(("plain",)).get_content())
                    return bool(found)
            return False

        eventually(arrived)
        self.open(found[0])

    def settle_in(self) -> None:
        """Two months with other applications: allowed, refused, revoked, suspended; more than fit on a glance."""
        runtime = self.demo.runtime
        clock = ManualClock(runtime.clock.now() - 60 * DAY)
        parts = {"clock": clock, "keys": runtime.keys, "catalog": runtime.catalog}
        scenario = Scenario(runtime.storage, self.client, self.owner, **parts)
        for number in range(14):
            fate = {1: "revoked", 2: "denied", 3: "suspended"}.get(number, "")
            name = f"{self.client.name} {fate or number}"
            client = replace(self.client, client_id=f"{fate or number}-{secrets.token_hex(4)}", name=name)
            with runtime.storage.transaction() as uow:
                uow.clients.add(client)
            one = Scenario(runtime.storage, client, self.owner, **parts)
            if fate == "denied":
                one.deny(*READS)
                continue
            grant = one.approve(*READS, *ACTS, resources=(*SITES, *DEVICES)).grant
            if fate == "revoked":
                one.revoke(grant.grant_id, Actor(ActorType.OWNER, self.owner.owner_id))
            if fate == "suspended":
                scenario.update_client(client, suspended=Halt(clock.now(), "ops", "a check is due"))
            clock.advance(DAY)
