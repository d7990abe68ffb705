"""A browser that keeps no cookies is told so in words, where it matters first."""

from __future__ import annotations

import pytest

from tests.support.oidc_provider import CLIENT_ID, fake_provider
from tests.support.platform import ISSUER, PASSWORD, Request, make_platform, visible


def forgetful(browser):
    """Without what it has been given."""
    browser.reset()
    return browser


def form_of(page):
    return {name: page.forms[0][name].value for name in page.forms[0].fields if name}


@pytest.mark.parametrize("path", ["/login", "/consent"])
def test_an_application_that_asks_leads_to_a_page_that_says_it(platform, path):
    browser = platform.browser()
    login = browser.get(Request().url, status=303).location
    page = forgetful(browser).get(login.replace("/login", path), status=410)
    assert "kept no cookie" in visible(page)
    assert "let it keep cookies for this site" in visible(page)
    assert "answered already" not in visible(page)


@pytest.mark.parametrize("path", ["/login", "/account/reset"])
def test_a_form_that_comes_without_any_cookie_says_it(platform, path):
    browser = platform.browser()
    fields = form_of(browser.get(path)) | {"email": "ada@example.org", "password": PASSWORD}
    page = forgetful(browser).post(path, fields, headers={"Origin": ISSUER}, status=403)
    assert "This browser keeps no cookies" in visible(page)
    assert "another site" not in visible(page)


def test_on_a_host_of_its_own_the_login_says_it(tmp_path):
    platform = make_platform(tmp_path, extra="consentcore.web_url = http://localhost:6543")
    browser = platform.browser()
    way = browser.get(Request().url, status=303).location.removeprefix("http://localhost:6543")
    login = browser.get(way, status=303).follow()
    fields = form_of(login) | {"email": "ada@example.org", "password": PASSWORD}
    page = forgetful(browser).post("/login", fields, headers={"Origin": ISSUER}, status=403)
    assert "This browser keeps no cookies" in visible(page)
    platform.runtime.close()


def test_a_sign_in_at_a_provider_says_it(tmp_path):
    with fake_provider() as provider:
        settings = {"issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": "s"}
        extra = "\n".join(
            f"consentcore.plugin.login_oidc.{name} = {value}" for name, value in settings.items()
        )
        platform = make_platform(tmp_path, login="login_oidc", extra=extra)
        browser = platform.browser()
        params = provider.sends_back(browser.get("/login", status=303).location)
        page = forgetful(browser).get("/login/callback", params, status=400)
        assert "keep cookies for this site" in visible(page)
        assert "taken too long" not in visible(page)
        platform.runtime.close()


def test_a_browser_that_has_lost_one_of_its_cookies_is_not_told_that_it_keeps_none(platform):
    browser = platform.browser()
    login = browser.get(Request().url, status=303).location
    (lost,) = [name for name in browser.cookies if "browser" in name]
    other = platform.browser()
    for name, value in browser.cookies.items():
        if name != lost:
            other.set_cookie(name, value)
    page = other.get(login, status=410)
    assert "before the cookies of this one were deleted" in visible(page)
    assert "kept no cookie" not in visible(page)


def test_cookies_that_were_deleted_meanwhile_are_no_foreign_site(platform):
    browser = platform.browser()
    fields = form_of(browser.get("/login")) | {"email": "ada@example.org", "password": PASSWORD}
    forgetful(browser).get("/login")
    page = browser.post("/login", fields, headers={"Origin": ISSUER}, status=403)
    assert "before its cookies were deleted" in visible(page)
    assert "another site" not in visible(page)
