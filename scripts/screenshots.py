"""Pictures of every page, as people see them: boots the demo, walks through it in Chromium, writes PNGs.

    python -m scripts.screenshots FOLDER [--readme]

Writes NAME-desktop.png, -phone.png, -dark.png and -print.png for each page into FOLDER; with --readme also those in
docs/images that the README and the tour show.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from consentcore.api import DAY, Actor, ActorType, Halt
from consentcore.clients.form import ClientForm
from consentcore.demo.boot import Demo, DemoOptions, boot
from consentcore.demo.seed import PEOPLE
from consentcore.testing.fakes import ManualClock
from consentcore.testing.scenario import Scenario
from scripts.camera import ARGUMENTS, CHROMIUM, PHONE, WIDE, Camera, with_fonts
from scripts.pictures_of_agents import of_an_assistant
from tests.support.style_guide import show_style_guide

if TYPE_CHECKING:
    from playwright.sync_api import Page, Playwright

SITES, DEVICES = ("site|uk-bristol-001", "site|uk-bristol-002"), ("device|uk-bristol-001-hp",)
LOOK = {
    "logo": "../mark.svg",
    "accent": "#7a1f2b",
    "paper": "#ffffff",
    "ink": "#1b1f2a",
    "control": "#7a1f2b",
}
MARK = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 190 36" font-family="Inter, sans-serif">
<path d="M18 2 33 27H3z" fill="#7a1f2b"/><path d="M18 13l8 14H10z" fill="#fff"/>
<text x="44" y="25" font-size="21" font-weight="600" fill="#1b1f2a">Ridge Power</text></svg>
"""


def furnish(demo: Demo) -> None:
    """What a person has who has been here for a year: applications of several kinds, some of them over."""
    runtime, clock = demo.runtime, ManualClock(demo.runtime.clock.now() - 300 * DAY)
    with runtime.storage.reading() as uow:
        owner = uow.owners.get(demo.seed.owner_ids[1])
    assert owner is not None
    parts = {"clock": clock, "keys": runtime.keys, "catalog": runtime.catalog}
    for name, publisher, scopes, days, verified, then in (
        ("Tarifa", "Lumen & Fils", "energy.usage.daily billing.summary.read", 0, True, "revoke"),
        ("MeterMole", "", "energy.usage.live sites.read", 75, False, "deny"),
        (
            "GridSense Audit",
            "GridSense Ltd",
            "energy.usage.interval meters.read sites.read",
            60,
            True,
            "narrow",
        ),
        ("ShiftPlan EV", "Voltaire & Cie", "ev.schedule.write energy.usage.daily", 94, True, ""),
        ("Étincelle", "Atelier Étincelle", "comfort.read", 30, False, "suspend"),
    ):
        clock.advance(days * DAY)
        new = runtime.clients.prepare(
            ClientForm(
                name, (f"{demo.issuer}/",), (scopes, "alarms.read"), publisher=publisher, verified=verified
            )
        )
        with runtime.storage.transaction() as uow:
            runtime.clients.add(uow, new)
        scenario = Scenario(runtime.storage, new.client, owner, **parts)
        if then == "deny":
            scenario.deny(*scopes.split())
            continue
        chosen = SITES + (DEVICES if "write" in scopes else ())
        grant = scenario.approve(*scopes.split(), resources=chosen).grant
        if then == "revoke":
            clock.advance(5 * DAY)
            scenario.revoke(grant.grant_id, Actor(ActorType.OWNER, owner.owner_id))
        if then == "narrow":
            clock.advance(6 * DAY)
            scenario.approve("alarms.read", resources=SITES)
        if then == "suspend":
            scenario.update_client(new.client, suspended=Halt(clock.now() + 3 * DAY, "ops", "a check is due"))


def of_a_year(page: Page, demo: Demo, camera: Camera) -> None:
    """The application of a person with several permissions, as she finds it."""
    page.goto(f"{demo.issuer}/consents")
    sign_in(page, demo, PEOPLE[1][0])
    page.get_by_role("heading", name="Authorized Applications").wait_for()
    camera.take("70-year-dashboard")
    camera.take_for_docs("dashboard")
    page.get_by_role("link", name="Details of GridSense Audit").click()
    camera.take("71-year-details")
    camera.take_for_docs("details")
    page.get_by_role("link", name="Receipt").first.click()
    camera.take("75-year-receipt")
    page.goto(f"{demo.issuer}/consents")
    page.get_by_role("link", name="Revoke Access of ShiftPlan EV").click()
    page.get_by_role("dialog").wait_for()
    camera.take_window("72-year-dialog")
    camera.take_for_docs("revoke", whole=False)
    page.keyboard.press("Escape")
    for number, name in ((73, "revoked"), (74, "history")):
        page.goto(f"{demo.issuer}/consents/{name}")
        camera.take(f"{number}-year-{name}")
    camera.take_for_docs("history")
    page.goto(f"{demo.issuer}/consents/revoke-all")
    camera.take("77-year-revoke-all")
    page.goto(f"{demo.issuer}/scopes")
    camera.take("80-scopes")
    camera.take_for_docs("scopes", WIDE, whole=False)


def connect(page: Page, demo: Demo) -> None:
    """From CoolSite to the consent page or the login."""
    page.goto(f"{demo.coolsite.own_url}/")
    page.get_by_role("button", name="Connect").click()


def sign_in(page: Page, demo: Demo, email: str) -> None:
    """Answer the login page."""
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(demo.seed.password)
    page.get_by_role("button", name="Sign in").click()


def ask(page: Page, demo: Demo, camera: Camera) -> None:
    """Login and consent page, then a no."""
    page.goto(f"{demo.coolsite.own_url}/")
    camera.take("01-coolsite")
    connect(page, demo)
    camera.take("02-login")
    sign_in(page, demo, "nobody@example.org")
    camera.take("03-login-wrong")
    sign_in(page, demo, PEOPLE[0][0])
    page.get_by_label("Lyon office").check()
    page.get_by_label("Warehouse 2").check()
    camera.take("04-consent")
    camera.take_for_docs("consent")
    camera.take_for_docs("consent-top", (760, 860), whole=False)
    camera.take_for_docs("consent-phone", PHONE, "dark")
    page.get_by_text("An example").first.click()
    camera.take("05-consent-example")
    page.get_by_role("button", name="Deny").click()
    camera.take("06-coolsite-denied")
    page.goto(f"{demo.issuer}/consents")
    camera.take("07-dashboard-empty")
    page.goto(f"{demo.issuer}/consents/revoked")
    camera.take("08-revoked-empty")


def approve(page: Page, demo: Demo, camera: Camera) -> None:
    """A smaller request, then CoolSite's own, which adds to it; then the API is used."""
    query = (
        f"response_type=code&client_id={demo.seed.client_id}&scope=sites.read+comfort.read"
        f"&redirect_uri={demo.coolsite.own_url}/callback&state=x"
    )
    page.goto(f"{demo.issuer}{demo.coolsite.prefix}/authorize?{query}")
    page.get_by_label("Lyon office").check()
    page.get_by_role("button", name="Approve").click()
    connect(page, demo)
    camera.take("09-consent-amends")
    page.get_by_label("Warehouse 2").check()
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="Read room climate").click()
    camera.take("10-coolsite-rooms")


def revoke(page: Page, demo: Demo, camera: Camera) -> None:
    """The owner's application."""
    page.goto(f"{demo.issuer}/consents")
    camera.take("20-dashboard")
    page.get_by_role("link", name="Details").click()
    camera.take("21-details")
    page.get_by_role("link", name="See what you saw").first.click()
    camera.take("21-seen")
    page.go_back()
    page.get_by_role("link", name="Revoke Access").click()
    camera.take("22-revoke")
    page.get_by_role("button", name="Proceed").click()
    page.get_by_text("CoolSite has confirmed it").wait_for()
    camera.take("23-after-revoke")
    camera.take_for_docs("stopped", whole=False)
    page.get_by_role("link", name="Revoked Accesses").click()
    camera.take("24-revoked")
    page.get_by_role("link", name="History").click()
    camera.take("25-history")
    page.locator(".event", has_text="denied").get_by_role("link").first.click()
    camera.take("26-denied-details")


def the_rest(page: Page, demo: Demo, camera: Camera) -> None:
    """Mails and refusals."""
    page.goto(f"{demo.coolsite.own_url}/")
    page.get_by_role("button", name="Read room climate").click()
    camera.take("30-coolsite-refused")
    page.goto(f"{demo.issuer}/_dev/mail")
    page.wait_for_function("document.querySelectorAll('main li').length > 2 || location.reload()")
    camera.take("31-mailbox")
    for number, words in enumerate(("now see", "no longer", "said no")):
        link = page.get_by_role("link", name=words)
        if link.count():
            link.first.click()
            camera.take(f"32-mail-{number}")
            page.goto(f"{page.url}/html")
            camera.take(f"33-mail-html-{number}")
            if number == 0:
                camera.take_for_docs("mail")
            page.goto(f"{demo.issuer}/_dev/mail")
    page.goto(f"{demo.issuer}{demo.coolsite.prefix}/authorize?client_id=nobody")
    camera.take("40-error-authorize")
    page.goto(f"{demo.issuer}/no-such-page")
    camera.take("41-error-not-found")


def newest_link(page: Page, demo: Demo, subject: str) -> str:
    """The link in the newest mail of that subject."""
    page.goto(f"{demo.issuer}/_dev/mail")
    link = page.get_by_role("link", name=subject)
    while not link.count():
        page.wait_for_timeout(100)
        page.reload()
    link.first.click()
    found = re.search(rf"{re.escape(demo.issuer)}/account/\S+\?t=[\w-]+", page.locator("main").inner_text())
    assert found, "the mail has no link"
    return found.group()


def account(page: Page, demo: Demo, camera: Camera) -> None:
    """The owner's account, and a forgotten password."""
    for number, path in enumerate(("", "/sessions", "/password", "/email")):
        page.goto(f"{demo.issuer}/account{path}")
        camera.take(f"5{number}-account{path.replace('/', '-')}")
    page.get_by_label("New e-mail address").fill("ada@new.example")
    page.get_by_label("Your password").fill(demo.seed.password)
    page.get_by_role("button", name="Send the links").click()
    camera.take("54-account-email-sent")
    page.goto(newest_link(page, demo, "Confirm that your e-mail address may change"))
    camera.take("55-account-email-confirm")
    page.get_by_role("button", name="Confirm").click()
    camera.take("56-account-email-confirmed")
    page.goto(f"{demo.issuer}/account/reset")
    camera.take("57-reset")
    page.get_by_label("E-mail address").fill(PEOPLE[0][0])
    page.get_by_role("button", name="Send the link").click()
    camera.take("58-reset-sent")
    page.goto(newest_link(page, demo, "Choose a new password"))
    camera.take("59-reset-new")
    page.get_by_label("New password").fill("password")
    page.get_by_role("button", name="Set the password").click()
    camera.take("60-reset-refused")
    page.get_by_label("New password").fill("a staple for the battery")
    page.get_by_role("button", name="Set the password").click()
    camera.take("61-reset-done")


def of_somebody_else(playwright: Playwright, folder: Path, *, readme: bool) -> None:
    """The same pages with the mark and the colours of another company."""
    os.environ["CONSENTCORE_WEB__OPERATOR_NAME"] = "Ridge Power"
    (folder / "mark.svg").write_text(MARK)
    lines = [f"consentcore.theme.{name} = {value}" for name, value in LOOK.items()]
    options = DemoOptions(folder / "other", port=0, extra_ini="\n".join(lines))
    with (
        boot(options, say=print) as demo,
        playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS) as browser,
    ):
        page = browser.new_page(locale="en-GB")
        page.route("**/static/tokens.css*", with_fonts)
        camera = Camera(page, folder, readme=readme)
        connect(page, demo)
        camera.take("90-other-login")
        camera.take_for_docs("look")
        sign_in(page, demo, PEOPLE[0][0])
        camera.take("91-other-consent")


def main() -> int:
    """Walk through the demo."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--readme", action="store_true", help="also write docs/images")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as place,
        boot(DemoOptions(Path(place) / "demo", port=0), say=print) as demo,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS) as browser,
    ):
        page = browser.new_page(locale="en-GB")
        page.set_default_timeout(15_000)
        for pattern in ("**/static/tokens.css*", "**/_dev/mail/*/html"):
            page.route(pattern, with_fonts)
        camera = Camera(page, arguments.folder, readme=arguments.readme)
        show_style_guide(page, demo.issuer)
        camera.take("00-style-guide")
        furnish(demo)
        for part in (ask, approve, revoke, the_rest, of_an_assistant, account, of_a_year):
            part(page, demo, camera)
    with sync_playwright() as playwright:
        of_somebody_else(playwright, arguments.folder.resolve(), readme=arguments.readme)
    return 0


if __name__ == "__main__":
    sys.exit(main())
