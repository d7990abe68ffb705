"""The steps of the story: each does what a person or CoolSite does and looks at the result."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import requests

from consentcore.demo.boot import Demo
from consentcore.demo.isv import SCOPES
from consentcore.demo.seed import PEOPLE
from consentcore.i18n.dates import english_day
from tests.support.browser import Browser, Page
from tests.support.patience import PATIENCE_S
from tests.support.processes import all_gone, children_of, stop_worker

ADA, GRACE = PEOPLE[0], PEOPLE[1]
OFFICE = "site|fr-lyon-office"


@dataclass
class Story:
    """What the steps share: the demo, two people's browsers, and how a step is reported."""

    demo: Demo
    step: Callable[[str], AbstractContextManager[None]]
    ada: Browser = field(default_factory=Browser)
    grace: Browser = field(default_factory=Browser)

    def connect(self, who: Browser) -> Page:
        """From CoolSite's front page to wherever its button leads."""
        who.open(f"{self.demo.coolsite.own_url}/")
        label = "Connect again" if "Connect again" in who.page.text else "Connect my buildings"
        return who.press(label)

    def sign_in(self, who: Browser, email: str) -> Page:
        """Answer the login page."""
        return who.press("Sign in", email=email, password=self.demo.seed.password)

    def hooks(self, kind: str) -> list[dict[str, Any]]:
        """The webhooks of that type which CoolSite believed, oldest first."""
        with self.demo.coolsite.lock:
            return [hook for hook in self.demo.coolsite.received if hook["type"] == kind]

    def mails(self, email: str, words: str) -> int:
        """How many mails the mailbox page lists for that address with these words in the subject."""
        page = Browser().open(f"{self.demo.issuer}/_dev/mail")
        expect(page.status == 200, "the mailbox page", page)
        return page.text.count(f"{words} to {email}")

    def tokens(self) -> dict[str, Any]:
        """What CoolSite holds for Ada."""
        return self.demo.coolsite.visitors[self.ada.cookies["coolsite_session"]].tokens

    def is_live(self, token: str) -> bool:
        """Ask the server about a token, as CoolSite."""
        site = self.demo.coolsite
        answer = requests.post(
            f"{site.issuer}{site.prefix}/introspect",
            data={"token": token},
            auth=(site.client_id, site.client_secret),
            timeout=PATIENCE_S,
        )
        return bool(answer.json()["active"])


def expect(true: object, wanted: str, found: object = "") -> None:
    """:raises AssertionError: saying what was wanted, when it is not so."""
    if not true:
        raise AssertionError(f"expected {wanted}" + (f", found {found}" if found else ""))


def wait_for(wanted: str, look: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Look until it is so.

    :raises AssertionError: when it is not within ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while not look():
        expect(time.monotonic() < deadline, f"{wanted} within {seconds:g} s")
        time.sleep(0.05)


def consent(story: Story) -> None:
    """Ada lets CoolSite in."""
    demo, ada = story.demo, story.ada
    with story.step("CoolSite's stock OAuth client leads to a login page that names CoolSite"):
        page = story.connect(ada)
        expect(page.path == "/login" and "Sign in to answer CoolSite" in page.text, "the login page", page)
    with story.step("a wrong password opens nothing and says so"):
        page = ada.press("Sign in", email=ADA[0], password="not her password")
        expect(page.status == 400 and "do not belong together" in page.text, "a refusal", page)
    with story.step("the consent page says who asks, for what, why and until when"):
        page = story.sign_in(ada, ADA[0])
        expect(page.path == "/consent", "the consent page", page)
        _says_everything(demo, page)
    with story.step("Approve without a site explains and shares nothing"):
        page = ada.press("Approve")
        expect(page.status == 400 and "choose at least one site" in page.text, "an explanation", page)
    with story.step("Approve with one site leads back to CoolSite, which gets its tokens"):
        ada.tick("resource", OFFICE)
        page = ada.press("Approve")
        expect(page.url == f"{demo.coolsite.own_url}/" and "Connected." in page.text, "CoolSite", page)
        expect(set(story.tokens()["scope"]) == set(SCOPES), "every scope", story.tokens()["scope"])
        chosen = [{"type": "site", "identifiers": ["fr-lyon-office"]}]
        expect(story.tokens()["resources"] == chosen, "the site she chose", story.tokens()["resources"])


def _says_everything(demo: Demo, page: Page) -> None:
    words = ["CoolSite asks to see your data", "CoolSite is made by Frostline SAS", f"Signed in as {ADA[1]}"]
    words += [demo.runtime.catalog[scope].label for scope in SCOPES if scope != "offline_access"]
    with demo.runtime.storage.reading() as uow:
        client = uow.clients.get(demo.seed.client_id)
    expect(client is not None, "CoolSite to be registered")
    assert client is not None
    words += [client.purpose, "You can stop this at any time", "If you say no, nothing is shared"]
    end = demo.runtime.service.until(SCOPES, demo.runtime.clock.now())
    words.append(f"until {english_day(end)}")
    missing = [text for text in words if text not in page.text]
    expect(not missing, f"the words {missing}", page)
    for label in ("Approve", "Deny"):
        page.button(label)


def use(story: Story) -> None:
    """CoolSite works with what it got; everybody is told."""
    ada = story.ada
    with story.step("CoolSite reads the rooms from the API"):
        page = ada.press("Read room climate")
        expect("Lyon office Meeting room 2 21.4" in page.text, "room climate", page)
        expect("Loading bay" not in page.text, "nothing of the warehouse", page)
    with story.step("CoolSite refreshes its tokens"):
        before = story.tokens()
        page = ada.press("Refresh tokens")
        after = story.tokens()
        expect("Got fresh tokens." in page.text, "fresh tokens", page)
        expect(after["access_token"] != before["access_token"], "another access token")
        expect("Meeting room 2" in ada.press("Read room climate").text, "rooms with the fresh token")
    with story.step("Ada finds a mail about it in the mailbox"):
        wait_for("a mail to Ada", lambda: story.mails(ADA[0], "CoolSite can now see your data") == 1)
        reader = Browser()
        reader.open(f"{story.demo.issuer}/_dev/mail")
        page = reader.follow("CoolSite can now see your data")
        expect("Room climate" in page.text and "Frostline SAS" in page.text, "what was allowed", page)
    with story.step("webhook consent.granted reached CoolSite, which verified its signature"):
        wait_for("the webhook", lambda: len(story.hooks("consent.granted")) == 1)
        expect("consent.granted" in ada.open(f"{story.demo.coolsite.own_url}/").text, "it on CoolSite's page")
    with story.step("a forged webhook is refused"):
        signature = {"webhook-id": "evt_1", "webhook-timestamp": str(int(time.time()))}
        answer = requests.post(
            f"{story.demo.coolsite.own_url}/webhooks",
            data=b'{"type":"consent.granted"}',
            headers={**signature, "webhook-signature": "v1,AAAA"},
            timeout=PATIENCE_S,
        )
        expect(answer.status_code == 400, "a refusal", answer.status_code)


def deny(story: Story) -> None:
    """Grace says no."""
    demo, grace = story.demo, story.grace
    with story.step("Grace says no: CoolSite is told, and gets nothing"):
        story.connect(grace)
        story.sign_in(grace, GRACE[0])
        page = grace.press("Deny")
        expect("You said no. CoolSite sees nothing." in page.text, "a no at CoolSite", page)
        expect("Connect my buildings" in page.text, "no tokens at CoolSite", page)
    with story.step("her mail and webhook consent.denied arrive; her dashboard is empty, her history is not"):
        wait_for("the webhook", lambda: len(story.hooks("consent.denied")) == 1)
        wait_for("a mail to Grace", lambda: story.mails(GRACE[0], "") >= 1)
        page = grace.open(f"{demo.issuer}/consents")
        expect("No application can use your data." in page.text, "an empty dashboard", page)
        page = grace.follow("History")
        expect("CoolSite" in page.text and "denied" in page.text.lower(), "the denial", page)


def revoke(story: Story) -> None:
    """Ada takes it back."""
    demo, ada = story.demo, story.ada
    old = story.tokens()
    with story.step("Authorized Applications lists CoolSite; Revoke Access asks first and changes nothing"):
        page = ada.open(f"{demo.issuer}/consents")
        expect("1 application can use your data." in page.text and "Active" in page.text, "CoolSite", page)
        page = ada.follow("Revoke Access")
        expect("Stop CoolSite from using your data?" in page.text, "the confirmation", page)
        expect(story.is_live(old["access_token"]), "a live token until Proceed")
    with story.step("Proceed: CoolSite can no longer see the data"):
        page = ada.press("Proceed")
        expect("CoolSite can no longer see your data" in page.text, "the confirmation", page)
        confirmation = page.url
    with story.step("its access token and its refresh token are dead on the next request"):
        for name in ("access_token", "refresh_token"):
            expect(not story.is_live(old[name]), f"a dead {name}")
    with story.step("the API refuses CoolSite, and a refresh is refused"):
        ada.open(f"{demo.coolsite.own_url}/")
        page = ada.press("Read room climate")
        expect("The API refused: 401" in page.text, "a refusal", page)
        page = ada.press("Refresh tokens")
        expect("The refresh was refused: invalid_grant" in page.text, "a refusal", page)
    with story.step("Revoked Accesses and History show it"):
        page = ada.open(f"{demo.issuer}/consents")
        expect("No application can use your data." in page.text, "an empty dashboard", page)
        expect("CoolSite" in ada.follow("Revoked Accesses").text, "CoolSite among the revoked", ada.page)
        text = ada.follow("History").text.lower()
        expect("revoked" in text and "granted" in text, "both events", ada.page)
    with story.step("webhook consent.revoked reached CoolSite, a mail reached Ada"):
        wait_for("the webhook", lambda: len(story.hooks("consent.revoked")) == 1)
        wait_for("a mail to Ada", lambda: story.mails(ADA[0], "CoolSite can no longer see your data") == 1)
    with story.step("the page that confirmed it says so"):
        words = ("CoolSite was told", "CoolSite has confirmed it", f"An e-mail was sent to {ADA[0]}")
        wait_for("these words", lambda: all(text in ada.open(confirmation).text for text in words))


def crash(story: Story) -> None:
    """The power goes between a consent and its delivery."""
    demo, ada = story.demo, story.ada
    with story.step("CoolSite connects again: Ada is asked again"):
        page = story.connect(ada)
        expect(page.path == "/consent", "the consent page", page)
    family = children_of(demo.server.pid)
    with story.step("Ada approves while the worker stands still: nothing is delivered yet"):
        worker = next(child for child in family if '"kind": "worker"' in child.command)
        file = demo.folder / "var" / "consentcore.sqlite"
        stop_worker(worker.pid, file if file.exists() else None)
        ada.tick("resource", OFFICE)
        expect("Connected." in ada.press("Approve").text, "CoolSite", ada.page)
        expect(len(story.hooks("consent.granted")) == 1, "no second webhook yet")
    with story.step(f"kill -9 of the server: its {len(family)} child processes go with it"):
        demo.server.send_signal(signal.SIGKILL)
        demo.server.wait(PATIENCE_S)
        wait_for("every child to be gone", lambda: all_gone([child.pid for child in family]))
    with story.step("started again, with everything that was committed"):
        demo.start_server()
        expect("Meeting room 2" in ada.press("Read room climate").text, "rooms as before", ada.page)
        expect("CoolSite" in ada.open(f"{demo.issuer}/consents").text, "CoolSite on the dashboard", ada.page)
    with story.step("the mail and the webhook of that consent arrive after all"):
        wait_for("the webhook", lambda: len(story.hooks("consent.granted")) == 2)
        wait_for("a mail to Ada", lambda: story.mails(ADA[0], "CoolSite can now see your data") == 2)


def prove(story: Story) -> None:
    """The evidence of all this."""
    from consentcore.consent.verify import verify_all

    with story.step("the evidence of all this is intact"):
        report = verify_all(story.demo.runtime.storage, story.demo.runtime.keys)
        expect(report.ok, "no problem", report.problems)
        expect(report.events == 4, "four events", report.events)


PARTS: tuple[Callable[[Story], None], ...] = (consent, use, deny, revoke, crash, prove)
