"""An owner's account in Chromium, and a sign-in at an OpenID provider."""

from __future__ import annotations

import re

import pytest

from consentcore.api import GrantState
from consentcore.demo.serving import Site, base_url, bind
from tests.browser.browsing import PASSWORD
from tests.browser.inspector import Inspector
from tests.support.patience import PATIENCE_S

pytestmark = pytest.mark.browser

NEW_PASSWORD = "a staple for the battery"


@pytest.fixture
def inspector(ada):
    one = Inspector(ada)
    yield one
    assert one.wrong == [], "\n".join(one.wrong)


def newest_link(ada, subject: str, to: str) -> str:
    """The link in a mail to somebody, as soon as it is there."""
    page, issuer = ada.page, ada.demo.issuer
    found = page.get_by_role("listitem").filter(has_text=to).get_by_role("link", name=subject)
    for _ in range(100):
        page.goto(f"{issuer}/_dev/mail")
        if found.count():
            break
        page.wait_for_timeout(100)
    found.first.click()
    return re.search(rf"{issuer}/account/\S+\?t=[\w-]+", page.locator("main").inner_text()).group()


def sign_in(ada, email: str, password: str) -> None:
    ada.page.goto(f"{ada.demo.issuer}/login")
    ada.page.get_by_label("E-mail address").fill(email)
    ada.page.get_by_label("Password").fill(password)
    ada.press("Sign in")


def test_the_account(ada, inspector):
    page, issuer = ada.page, ada.demo.issuer
    sign_in(ada, ada.owner.email, PASSWORD)
    ada.follow("Account")
    inspector.look("account")
    ada.follow("Your sessions")
    inspector.look("sessions")
    page.goto(f"{issuer}/account/language")
    inspector.look("language")
    page.get_by_label("Español").check()
    ada.press("Save the language")
    assert "Español" in page.locator("main").inner_text()
    inspector.look("account in Spanish")
    page.goto(f"{issuer}/account/language")
    page.get_by_label("El que pida mi navegador").check()
    ada.press("Guardar el idioma")
    page.goto(f"{issuer}/account/password")
    inspector.look("password")
    page.get_by_label("Present password").fill("wrong")
    page.get_by_label("New password").fill(NEW_PASSWORD)
    ada.press("Change the password")
    inspector.look("password refused")
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password").fill(NEW_PASSWORD)
    ada.press("Change the password")
    page.get_by_text("Your password was changed").wait_for()
    inspector.look("password changed")


def test_nt_21_a_receipt_and_what_can_be_taken_home(ada, inspector, person):
    page, issuer = ada.page, ada.demo.issuer
    ada.connected()
    (grant,) = ada.grants(GrantState.ACTIVE)
    page.goto(f"{issuer}/consents/{grant.grant_id}")
    address = page.locator('a[href^="/receipts/"]').first.get_attribute("href")
    page.goto(f"{issuer}{address}")
    inspector.look("receipt")
    for path in ("/account/data", "/account/data/print"):
        page.goto(f"{issuer}{path}")
        inspector.look(path)
    stranger = person()
    stranger.page.goto(f"{issuer}{address}")
    assert ada.owner.email not in stranger.page.content()
    other = Inspector(stranger)
    other.look("receipt without a sign-in")
    stranger.follow("Revoke Access")
    other.look("revoke without a sign-in")
    stranger.press("Proceed")
    other.look("receipt of what has ended")
    assert other.wrong == []
    assert ada.grants(GrantState.ACTIVE) == []


def test_another_address(ada, inspector):
    new = f"new-{ada.owner.email}"
    sign_in(ada, ada.owner.email, PASSWORD)
    ada.page.goto(f"{ada.demo.issuer}/account/email")
    inspector.look("address")
    ada.page.get_by_label("New e-mail address").fill(new)
    ada.page.get_by_label("Your password").fill(PASSWORD)
    ada.press("Send the links")
    inspector.look("links sent")
    for subject, to in (
        ("Confirm that your e-mail address may change", ada.owner.email),
        ("Confirm your new e-mail address", new),
    ):
        ada.page.goto(newest_link(ada, subject, to))
        inspector.look(subject)
        ada.press("Confirm")
        inspector.look(f"{subject}: done")
    assert "The e-mail address was changed" in ada.page.inner_text("h1")


def test_a_forgotten_password(ada, inspector):
    ada.page.goto(f"{ada.demo.issuer}/login")
    ada.follow("Forgot your password?")
    inspector.look("reset")
    ada.page.get_by_label("E-mail address").fill(ada.owner.email)
    ada.press("Send the link")
    inspector.look("reset sent")
    referrers = []
    ada.page.on("request", lambda request: referrers.append(request.headers.get("referer", "")))
    ada.page.goto(newest_link(ada, "Choose a new password", ada.owner.email))
    inspector.look("new password")
    ada.page.get_by_label("New password").fill(NEW_PASSWORD)
    ada.press("Set the password")
    inspector.look("reset done")
    assert not any("t=cct_" in referrer for referrer in referrers), "the secret leaves by no referrer"
    sign_in(ada, ada.owner.email, NEW_PASSWORD)
    ada.page.get_by_role("heading", name="Authorized Applications").wait_for()


def test_a_sign_in_and_a_sign_out_at_an_openid_provider(chromium, tmp_path):
    """Also when the provider signs out over another origin: Chromium would hold form-action against all of them."""
    from tests.support.oidc_provider import CLIENT_ID, fake_provider
    from tests.support.platform import make_platform

    sock = bind("127.0.0.1", 0)
    web, complaints = base_url(sock), []
    with fake_provider() as provider:
        provider.farewell = provider.issuer.replace("127.0.0.1", "localhost")
        settings = {"issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": "a-secret"}
        extra = "\n".join(
            f"consentcore.plugin.login_oidc.{name} = {value}" for name, value in settings.items()
        )
        platform = make_platform(tmp_path, login="login_oidc", issuer=web, extra=extra)
        site, context = Site(sock, platform.app), chromium.new_context()
        context.set_default_timeout(1000 * PATIENCE_S)
        context.on("console", lambda message: complaints.append(message.text))
        page = context.new_page()
        page.goto(f"{web}/consents/history")
        assert page.url == f"{web}/consents/history"
        page.get_by_role("button", name="Log out").click()
        page.get_by_role("heading", name="You are signed out").wait_for()
        assert page.url.startswith(f"{web}/login/out")
        context.close()
        site.close()
        platform.runtime.close()
    # The one about the icon that no page of ours has is no refusal by the policy.
    assert [text for text in complaints if "Failed to load resource" not in text] == []
