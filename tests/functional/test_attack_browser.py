"""What an attacker, or a careless client, tries on the pages: methods, Host, a skipped sign-in, odd redirect URIs."""

from __future__ import annotations

import pytest

from consentcore.domain.client import AuthMethod
from consentcore.web.owner.evidence import coarse_address
from consentcore.web.tweens import content_security_policy
from tests.support.platform import ISSUER, PREFIX, Request, answer, make_platform, sign_in, to_consent_page

ADDRESS = "https://coolsite.example/callback"
PAGES = {
    "/": "GET, HEAD",
    "/login": "GET, HEAD, POST",
    "/logout": "POST",
    "/consent": "GET, HEAD, POST",
    "/consents": "GET, HEAD",
    "/consents/history": "GET, HEAD",
    "/consents/some-grant/revoke": "GET, HEAD, POST",
    "/livez": "GET, HEAD",
    "/readyz": "GET, HEAD",
    "/_dev/mail": "GET, HEAD",
}


def test_a_page_says_which_methods_it_has(platform):
    browser = platform.browser()
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
        for path, allowed in PAGES.items():
            response = browser.request(path, method=method, status=405)
            assert response.headers["Allow"] == allowed, path
            assert response.headers["X-Frame-Options"] == "DENY"


def test_an_unknown_page_stays_unknown_by_every_method(platform):
    for method in ("GET", "PUT", "PATCH"):
        platform.browser().request("/nowhere", method=method, status=404)


def test_redirects_within_the_site_do_not_follow_the_host_header(platform):
    for host in ("evil.example", "evil.example:80", "127.0.0.1:6543@evil.example"):
        for path in ("/", "/consents", Request().url):
            response = platform.browser().get(path, headers={"Host": host}, status=303)
            assert response.headers["Location"].startswith(("/consents", "/login"))


def test_redirects_to_a_client_keep_their_host(platform):
    response = platform.browser().get(Request(scope="nope").url, headers={"Host": "evil.example"}, status=303)
    assert response.headers["Location"].startswith(f"{ADDRESS}?error=invalid_scope")


def test_a_new_sign_in_that_the_client_asked_for_cannot_be_skipped(platform):
    browser, page = to_consent_page(platform, Request())
    answer(page, "approve")
    login = browser.get(Request(extra={"prompt": "login"}).url, status=303).headers["Location"]
    assert "/login?i=" in login

    skipped = browser.get(login.replace("/login", "/consent"), status=303)
    assert "/login?i=" in skipped.headers["Location"]

    page = sign_in(browser, browser.get(login))
    assert "code" in answer(page, "approve")


def test_a_native_app_gets_its_answer_at_its_own_scheme(platform):
    target = "com.example.native:/cb"
    platform.add_client("native", auth_method=AuthMethod.NONE, redirect_uris=(target,))
    _, page = to_consent_page(platform, Request(client_id="native", redirect_uri=target))
    assert "form-action" not in page.headers["Content-Security-Policy"]
    response = page.forms[0].submit("decision", value="approve", status=303)
    assert response.headers["Location"].startswith(f"{target}?code=")


@pytest.mark.parametrize(
    "redirect_uri", ["https://app.example:8443/cb", "http://[::1]:5000/cb", "com.example.app://x;sandbox/cb"]
)
def test_a_redirect_uri_adds_nothing_to_the_policy(platform, redirect_uri):
    platform.add_client("native", auth_method=AuthMethod.NONE, redirect_uris=(redirect_uri,))
    _, page = to_consent_page(platform, Request(client_id="native", redirect_uri=redirect_uri))
    assert page.headers["Content-Security-Policy"] == content_security_policy(leads_away=True)


def test_an_ipv4_client_of_a_dual_stack_listener_counts_as_one():
    assert coarse_address("::ffff:192.0.2.77") == "192.0.2.0/24"
    assert coarse_address("2001:db8:1:2::3") == "2001:db8:1::/48"


@pytest.mark.parametrize("known", ["", '"grant_type": "authorization_code", '])
def test_json_with_a_lone_surrogate_in_an_unknown_member_is_read_as_if_it_was_not_there(platform, known):
    """RFC 6749 section 3.2: parameters that are not recognised are ignored."""
    answers = [
        platform.browser().post(
            f"{PREFIX}/token", f"{{{known}{odd}}}", content_type="application/json", expect_errors=True
        )
        for odd in ('"x": "y"', '"\\ud800": "x"', '"x": "\\udfff"')
    ]
    assert {one.status_int for one in answers} <= {400, 401}
    assert [one.json for one in answers] == [answers[0].json] * 3


@pytest.fixture(params=["memory", "sqlalchemy"])
def two_hosts(request, tmp_path):
    """A platform whose pages have a host of their own, and a way to get a request's path on it."""
    platform = make_platform(
        tmp_path, storage=request.param, extra="consentcore.web_url = http://localhost:6543"
    )

    def asked_by_client(**extra):
        response = platform.browser().get(Request(extra=extra).url, status=303)
        return response.headers["Location"].removeprefix("http://localhost:6543")

    yield platform, asked_by_client
    platform.runtime.close()


def test_whoever_is_signed_in_on_the_host_of_the_pages_is_asked_at_once(two_hosts):
    platform, asked_by_client = two_hosts
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    page = browser.get(asked_by_client(), status=200)
    assert "code" in answer(page, "approve")


def test_a_new_sign_in_cannot_be_skipped_on_the_host_of_the_pages_either(two_hosts):
    platform, asked_by_client = two_hosts
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    login = asked_by_client(prompt="login")
    assert login.startswith("/login?i=")
    skipped = browser.get(login.replace("/login", "/consent"), status=303)
    assert "/login?i=" in skipped.headers["Location"]


@pytest.mark.parametrize("page", ["/login", "/consent"])
def test_a_look_by_head_takes_no_request_from_the_browser_that_comes_for_it(two_hosts, page):
    platform, asked_by_client = two_hosts
    way = f"{page}?{asked_by_client().partition('?')[2]}"
    platform.browser().head(way, status=410)
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    browser.get(way, status=200)


def test_a_post_takes_no_request_that_no_page_has_shown(two_hosts):
    platform, asked_by_client = two_hosts
    browser = platform.browser()
    page = sign_in(browser, browser.get("/login"))
    form = {"csrf_token": page.forms[0]["csrf_token"].value, "decision": "approve"}
    for path in ("/consent", "/login"):
        unseen = asked_by_client().partition("?i=")[2]
        form |= {"i": unseen, "email": "ada@example.org", "password": "wrong"}
        browser.post(path, form, headers={"Origin": ISSUER}, status=410)
