"""Sign-in at a real OpenID provider, in the whole platform, by a browser that follows real redirects."""

from __future__ import annotations

import pytest

from consentcore.demo.serving import Site, base_url, bind
from tests.support.browser import Browser
from tests.support.oidc_provider import CLIENT_ID, CLIENT_SECRET, query_of, real_provider
from tests.support.platform import PREFIX, Request, exchange, introspect, make_platform

pytestmark = pytest.mark.slow

ACCOUNTS = {
    "ada": {
        "email": "Ada@Example.org",
        "email_verified": True,
        "name": "Ada Moreau",
        "locale": "sv-SE",
        "zoneinfo": "Europe/Paris",
    },
    "unsure": {"email": "unsure@example.org", "email_verified": False},
}


class OidcPlatform:
    """A platform, its provider, and how a person gets through the provider's pages."""

    def __init__(self, platform, web: str, provider: str) -> None:
        self.platform, self.web, self.provider = platform, web, provider

    def sign_in(self, browser: Browser, login: str = "ada"):
        """Answer the provider's two pages."""
        assert browser.page.url.startswith(self.provider)
        browser.press("Sign-in", login=login, password="any")
        return browser.press("Continue")


def client_at(web: str, auth_method: str) -> dict:
    """What the provider is told of us."""
    return {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "token_endpoint_auth_method": auth_method,
        "redirect_uris": [f"{web}/login/callback"],
        "post_logout_redirect_uris": [f"{web}/login/out"],
    }


@pytest.fixture(scope="module", params=["client_secret_basic", "client_secret_post"])
def place(request, tmp_path_factory):
    with (
        bind("127.0.0.1", 0) as sock,
        real_provider(client_at(base_url(sock), request.param), ACCOUNTS) as issuer,
    ):
        web = base_url(sock)
        settings = {
            "issuer": issuer,
            "client_id": CLIENT_ID,
            "client_secret": "env:OIDC_TEST_SECRET",
            "client_auth": request.param,
            "label": "Lumen ID",
        }
        lines = "\n".join(
            f"consentcore.plugin.login_oidc.{name} = {value}" for name, value in settings.items()
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OIDC_TEST_SECRET", CLIENT_SECRET)
            platform = make_platform(
                tmp_path_factory.mktemp("oidc"),
                storage="sqlalchemy",
                login="login_oidc",
                issuer=web,
                extra=lines,
            )
        site = Site(sock, platform.app)
        yield OidcPlatform(platform, web, issuer)
        site.close()
        platform.runtime.close()


def test_a_consent_from_the_link_to_the_tokens(place):
    browser, request = Browser(), Request(redirect_uri=f"{place.web}/livez?from=coolsite")
    place.platform.add_client(f"app-{id(browser)}", name="CoolSite", redirect_uris=(request.redirect_uri,))
    request.client_id = f"app-{id(browser)}"
    browser.open(place.web + request.url)
    page = place.sign_in(browser)
    assert page.path == "/consent"
    assert "Ada Moreau" in page.text
    code = query_of(browser.press("Approve").url)["code"]
    tokens = exchange(place.platform, request, code).json
    assert introspect(place.platform, tokens["access_token"])["active"] is True
    with place.platform.runtime.storage.reading() as uow:
        owner = uow.owners.by_email("ada@example.org")
        identities = uow.identities.of_owner(owner.owner_id)
        event = uow.ledger.of_owner(owner.owner_id)[0]
    assert (owner.name, owner.locale, owner.timezone) == ("Ada Moreau", "sv-SE", "Europe/Paris")
    assert [(one.issuer, one.subject) for one in identities] == [(place.provider, "ada")]
    assert '"acr":"' in event.body


def test_a_page_that_was_asked_for_is_shown_after_the_way(place):
    browser = Browser()
    browser.open(f"{place.web}/consents/history")
    assert place.sign_in(browser).path == "/consents/history"
    assert "/account" in browser.open(f"{place.web}/account").path
    assert "Lumen ID" in browser.page.text
    for absent in ("/account/password", "/account/email", "/account/reset", "/account/reset/new?t=x"):
        assert browser.open(place.web + absent).status == 404
    assert browser.open(f"{place.web}/account/sessions").status == 200


def test_a_session_at_the_provider_signs_in_without_a_word(place):
    browser = Browser()
    browser.open(f"{place.web}/consents")
    place.sign_in(browser)
    first = browser.cookies["consentcore_session"]
    assert browser.open(f"{place.web}/login").path == "/consents"
    assert browser.cookies["consentcore_session"] != first, "a new session each time"


def test_a_new_sign_in_is_passed_on(place):
    browser = Browser()
    browser.open(f"{place.web}/consents")
    place.sign_in(browser)
    target = f"{place.web}/livez"
    client_id = f"fresh-{id(browser)}"
    place.platform.add_client(client_id, redirect_uris=(target,))
    request = Request(client_id=client_id, redirect_uri=target, extra={"prompt": "login"})
    browser.open(place.web + request.url)
    assert browser.page.url.startswith(place.provider), "the provider asks again"
    assert browser.press("Sign-in", login="ada", password="any").path == "/consent"


def test_logging_out_here_signs_out_there(place):
    browser = Browser()
    browser.open(f"{place.web}/consents")
    page = place.sign_in(browser)
    assert "form-action" not in page.headers["Content-Security-Policy"]
    browser.press("Log out")
    assert browser.page.url.startswith(place.provider), "our session is ended by now"
    out = browser.press("Sign out")
    assert out.url.startswith(f"{place.web}/login/out")
    assert "You are signed out" in out.text
    browser.open(f"{place.web}/consents")
    browser.page.button("Sign-in")


def test_an_address_that_is_not_confirmed_makes_no_owner(place):
    browser = Browser()
    browser.open(f"{place.web}/consents")
    page = place.sign_in(browser, "unsure")
    assert (page.status, page.path) == (403, "/login/callback")
    assert "not confirmed" in page.text
    with place.platform.runtime.storage.reading() as uow:
        assert uow.owners.by_email("unsure@example.org") is None


def test_somebody_who_stops_at_the_provider_is_told_so(place):
    browser = Browser()
    browser.open(f"{place.web}/consents")
    aborted = browser.follow("[ Cancel ]")
    assert aborted.status == 403
    assert "You stopped signing in" in aborted.text


def test_the_protocol_endpoints_do_not_know_how_people_sign_in(place):
    metadata = Browser().open(f"{place.web}/.well-known/oauth-authorization-server")
    assert f"{place.web}{PREFIX}/authorize" in metadata.source
