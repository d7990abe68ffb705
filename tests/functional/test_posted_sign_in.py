"""A provider that has the browser post its answer, as SAML does: what `plugins new redirect_login` writes, in use."""

from __future__ import annotations

import hashlib
import hmac
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from consentcore.cli.scaffold import write_plugin
from tests.support import tiny_plugins as tiny
from tests.support.account import is_signed_in
from tests.support.platform import ISSUER, Request, answer, make_platform, visible

SECRET = "known to the portal and to us, nobody else"
PORTAL = "https://portal.example"
CALLBACK = "/login/callback"


@pytest.fixture
def platform(tmp_path, monkeypatch):
    package = tmp_path / "package"
    write_plugin("redirect_login", "my_portal", package)
    tiny.install(package / "src", "my_portal", "1.0", my_portal="consentcore_my_portal")
    monkeypatch.syspath_prepend(package / "src")
    extra = f"consentcore.plugin.my_portal.url = {PORTAL}/sign-in\nconsentcore.plugin.my_portal.secret = {SECRET}\n"
    made = make_platform(tmp_path, storage="sqlalchemy", login="my_portal", extra=extra)
    yield made
    made.runtime.close()


def signs_in(platform, url):
    """What the portal has the browser post for somebody who signs in there."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    now = platform.runtime.clock.now() // 1000
    said = {"sub": "4711", "email": "grace@example.org", "name": "Grace", "at": now, "auth_time": now}
    text = json.dumps({**said, "asked": asked["asked"]})
    mac = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {"state": asked["state"], "answer": text, "mac": mac}


def post_from_portal(platform, browser, params, **options):
    """As browsers do it: a form of another site comes without cookies that are ``SameSite=Lax`` (RFC 6265bis 5.7)."""
    stranger = platform.browser()
    headers = {"Origin": PORTAL, "Sec-Fetch-Site": "cross-site"}
    return stranger.post(CALLBACK, params, headers=headers, **options)


def send_on(browser, page, **options):
    """Press the button of the page that the portal's form led to, or let its script do so."""
    form = page.forms[0]
    assert form.action == f"{CALLBACK}?here=1"
    return browser.post(form.action, form.submit_fields(), headers={"Origin": ISSUER}, **options)


def test_posted_answer_signs_in_and_leads_to_the_request_of_the_application(platform):
    browser = platform.browser()
    login = browser.get(Request().url, status=303).location.removeprefix(ISSUER)
    sent = browser.get(login, status=303).location
    assert sent.startswith(f"{PORTAL}/sign-in?")
    page = post_from_portal(platform, browser, signs_in(platform, sent), status=200)
    assert "You are back from the portal" in visible(page)
    consent = send_on(browser, page, status=303).follow()
    assert "code" in answer(consent, "approve")
    assert is_signed_in(browser)


def test_answer_that_comes_with_the_cookies_is_taken_at_once(platform):
    browser = platform.browser()
    params = signs_in(platform, browser.get("/login", status=303).location)
    browser.post(CALLBACK, params, headers={"Origin": PORTAL}, status=303)
    assert is_signed_in(browser)


def test_answer_is_taken_once(platform):
    browser, again = platform.browser(), platform.browser()
    params = signs_in(platform, browser.get("/login", status=303).location)
    for name, value in browser.cookies.items():
        again.set_cookie(name, value)
    browser.post(CALLBACK, params, status=303)
    refused = again.post(CALLBACK, params, status=400)
    assert "no longer open" in visible(refused)
    assert not is_signed_in(again)


def test_answer_that_another_browser_asked_for_signs_nobody_in(platform):
    """Login CSRF: neither the portal's form nor the page that sends it on helps who was not sent there."""
    attacker, victim = platform.browser(), platform.browser()
    params = signs_in(platform, attacker.get("/login", status=303).location)
    page = post_from_portal(platform, victim, params, status=200)
    assert "no longer open" in visible(send_on(victim, page, status=400))
    victim.get("/login", status=303)
    send_on(victim, page, status=400)
    assert not is_signed_in(victim)


def test_what_is_sent_on_is_what_came_and_no_markup(platform):
    odd = {"state": '"><script>alert(1)</script>', "answer": "Zoë & \r\n'x'", "<b>": ""}
    page = post_from_portal(platform, platform.browser(), odd, status=200)
    assert "<script>alert" not in page.text
    assert dict(page.forms[0].submit_fields()) == {**odd, "answer": odd["answer"]}
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "said"),
    [("state=a&state=b", "state"), ("state=%00", "state"), ("state=%ff", "state"), ("a=&" * 501, "form")],
)
def test_odd_forms_are_told_what_is_wrong(platform, body, said):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert said in visible(platform.browser().post(CALLBACK, body, headers=headers, status=400))


def test_answer_in_the_query_counts_too(platform):
    browser = platform.browser()
    browser.get(CALLBACK, signs_in(platform, browser.get("/login", status=303).location), status=303)
    assert is_signed_in(browser)


def test_login_whose_provider_never_posts_takes_no_form(tmp_path):
    settings = {"issuer": "http://127.0.0.1:9", "client_id": "x", "client_auth": "none"}
    extra = "".join(f"consentcore.plugin.login_oidc.{name} = {value}\n" for name, value in settings.items())
    platform = make_platform(tmp_path, login="login_oidc", extra=extra)
    refused = platform.browser().post(CALLBACK, {"state": "x"}, status=405)
    assert refused.headers["Allow"] == "GET, HEAD"
    platform.runtime.close()
