"""The demo's story in Chromium: with scripts switched off, and with scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("demo", "scripts"),
    [("sqlalchemy", False), ("sqlalchemy", True), ("dynamodb", False)],
    indirect=["demo"],
    ids=["without scripts", "with scripts", "dynamodb"],
)
def test_the_whole_story(person, scripts):
    ada = person(java_script_enabled=scripts)
    page = ada.page
    ada.connect()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to answer CoolSite")
    ada.sign_in()
    expect(page.get_by_role("heading", level=1)).to_have_text("CoolSite asks to see your data")
    for words in ("Room climate", "Alarms and warnings", "tell you where heating or cooling is wasted"):
        expect(page.get_by_text(words).first).to_be_visible()
    page.get_by_text("An example").first.click()
    expect(page.get_by_text("12 rue Centrale")).to_be_visible()
    ada.press("Approve")
    expect(page.get_by_role("status")).to_have_text("Connected.")
    assert page.url == ada.coolsite
    ada.press("Read room climate")
    expect(page.get_by_role("cell", name="Main room")).to_be_visible()
    ada.press("Refresh tokens")
    expect(page.get_by_role("status")).to_have_text("Got fresh tokens.")

    ada.follow("Your consents at the energy company")
    expect(page.get_by_role("heading", level=1)).to_have_text("Authorized Applications")
    expect(page.get_by_role("listitem").filter(has_text="Frostline SAS")).to_contain_text("Active")
    ada.follow("Revoke Access")
    asked = page.get_by_role("dialog" if scripts else "main")
    expect(asked.get_by_role("heading", level=1)).to_have_text("Stop CoolSite from using your data?")
    asked.get_by_role("button" if scripts else "link", name="Keep access", exact=True).click()
    ada.follow("Revoke Access")
    ada.press("Proceed")
    expect(page.get_by_role("heading", level=1)).to_have_text("CoolSite can no longer see your data")
    ada.follow("Revoked Accesses")
    expect(page.get_by_role("main")).to_contain_text("You revoked it")
    ada.follow("History")
    expect(page.locator(".event").nth(0)).to_contain_text("revoked by you")
    expect(page.locator(".event").nth(1)).to_contain_text("granted")

    page.goto(ada.coolsite)
    ada.press("Read room climate")
    expect(page.get_by_role("status")).to_contain_text("The API refused: 401")
    ada.press("Refresh tokens")
    expect(page.get_by_role("status")).to_have_text("The refresh was refused: invalid_grant")
    ada.press("Connect again")
    ada.press("Deny")
    expect(page.get_by_role("status")).to_have_text("You said no. CoolSite sees nothing.")
    assert ada.events() == ["granted", "withdrawn", "denied"]
    assert ada.complaints == []

    page.goto(f"{ada.demo.issuer}/consents")
    ada.press("Log out")
    page.goto(f"{ada.demo.issuer}/consents")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_the_mail_of_a_consent_is_in_the_mailbox(ada):
    ada.to_consent_page()
    ada.press("Approve")
    page = ada.page
    for _ in range(100):
        page.goto(f"{ada.demo.issuer}/_dev/mail")
        mine = page.get_by_role("listitem").filter(has_text=ada.owner.email)
        if mine.count():
            break
        page.wait_for_timeout(100)
    mine.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("CoolSite can now see your data")
    ada.follow("See it as a mail program shows it")
    expect(page.get_by_text("Hello Ada Moreau,")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_css("font-weight", re.compile("[67]"))
