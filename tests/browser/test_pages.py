"""Every page: no finding of axe in light and dark, nothing to scroll sideways on a narrow screen."""

from __future__ import annotations

import pytest

from tests.browser.browsing import add_public_client
from tests.browser.inspector import Inspector

pytestmark = pytest.mark.browser


@pytest.fixture
def inspector(ada):
    one = Inspector(ada)
    yield one
    assert one.wrong == [], "\n".join(one.wrong)


def test_the_way_to_a_consent(ada, inspector):
    ada.page.goto(ada.coolsite)
    inspector.look("CoolSite")
    ada.connect()
    inspector.look("login")
    ada.page.get_by_label("E-mail address").fill(ada.owner.email)
    ada.page.get_by_label("Password").fill("not her password")
    ada.press("Sign in")
    inspector.look("login refused")
    ada.sign_in()
    inspector.look("consent")
    for example in ada.page.get_by_text("An example").all():
        example.click()
    inspector.look("consent with examples")
    ada.press("Approve")
    ada.press("Read room climate")
    inspector.look("CoolSite with rooms")


def test_a_consent_to_act_and_to_more(ada, inspector):
    redirect_uri = "com.example.pocket:/callback"
    client_id = add_public_client(ada.demo, redirect_uri)
    ada.ask_for(client_id, redirect_uri, "sites.read")
    ada.sign_in()
    with ada.page.expect_response(lambda answer: answer.url.endswith("/consent")):
        ada.press("Approve")
    ada.ask_for(client_id, redirect_uri, "sites.read device.control.setpoint")
    inspector.look("consent to act, on top of an older one")


def test_the_owners_application(ada, inspector):
    page, issuer = ada.page, ada.demo.issuer
    ada.to_consent_page()
    ada.press("Deny")
    for path in ("/consents", "/consents/revoked"):
        page.goto(issuer + path)
        inspector.look(f"{path}, empty")
    ada.connect()
    ada.press("Approve")
    page.goto(f"{issuer}/consents")
    inspector.look("dashboard")
    ada.follow("Details")
    inspector.look("details")
    page.goto(page.url + "/revoke")
    inspector.look("revoke")
    ada.follow("Keep access")
    ada.follow("Revoke Access")
    page.get_by_role("dialog").wait_for()
    inspector.look("dashboard, revoke in a dialog")
    ada.press("Proceed")
    inspector.look("after Proceed")
    ada.follow("Revoked Accesses")
    inspector.look("revoked")
    ada.follow("History")
    inspector.look("history")
    page.locator(".event", has_text="denied").get_by_role("link", name="Details").click()
    inspector.look("details of a denial")


def test_refusals_and_mails(ada, inspector):
    page, issuer = ada.page, ada.demo.issuer
    page.goto(f"{issuer}{ada.demo.coolsite.prefix}/authorize?client_id=nobody")
    inspector.look("mistake of an application")
    page.goto(f"{issuer}/scopes")
    inspector.look("scope catalog")
    for example in page.get_by_text("An example").all():
        example.click()
    inspector.look("scope catalog with examples")
    page.goto(f"{issuer}/nothing-here")
    inspector.look("not found")
    page.goto(f"{issuer}/consent?i=cci_gone")
    inspector.look("a question that is over")
    ada.to_consent_page()
    ada.press("Approve")
    for _ in range(100):
        page.goto(f"{issuer}/_dev/mail")
        if page.get_by_text(ada.owner.email).count():
            break
        page.wait_for_timeout(100)
    inspector.look("mailbox")
    page.get_by_role("listitem").filter(has_text=ada.owner.email).get_by_role("link").click()
    inspector.look("a mail")
    link = page.get_by_role("link", name="See it as a mail program shows it")
    mail = page.request.get(issuer + link.get_attribute("href")).text()
    # The page itself is sandboxed: axe could not run in it.
    page.goto("about:blank")
    page.set_content(mail)
    inspector.look("a mail in a mail program", rules=("region", "landmark-one-main"))


def test_long_words_do_not_widen_a_page(ada, inspector):
    import secrets

    from consentcore.domain.client import Client, ClientSecret
    from consentcore.domain.secret import CLIENT_SECRET, digest, mint

    client_id = f"long-{secrets.token_hex(4)}"
    now = ada.demo.runtime.clock.now()
    client = Client(
        client_id=client_id,
        name="Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
        created_at=now,
        secrets=(ClientSecret(digest(mint(CLIENT_SECRET)), now),),
        redirect_uris=(f"https://{'a' * 60}.{'b' * 60}.example/callback",),
        scopes=("sites.read",),
        publisher="W" * 80,
        purpose="X" * 300,
    )
    with ada.demo.runtime.storage.transaction() as uow:
        uow.clients.add(client)
    ada.ask_for(client_id, client.redirect_uris[0], "sites.read")
    inspector.look("login for a long name")
    ada.sign_in()
    inspector.look("consent for a long name")
