"""What an attacker, an impatient person or a broken provider does to the way to the provider and back."""

from __future__ import annotations

import pytest
import time_machine

from consentcore.web.owner.login_state import AT_ONCE
from tests.support.account import is_signed_in
from tests.support.oidc_provider import CLIENT_ID, fake_provider, query_of
from tests.support.platform import ISSUER, Request, answer, make_platform, visible

CALLBACK_PATH = "/login/callback"


@pytest.fixture
def provider():
    with fake_provider() as one:
        yield one


@pytest.fixture
def platform(tmp_path, provider):
    made = platform_at(tmp_path, provider, "sqlalchemy")
    yield made
    made.runtime.close()


def platform_at(folder, provider, storage: str, extra: str = ""):
    """A platform whose people sign in at ``provider``."""
    settings = {
        "issuer": provider.issuer,
        "client_id": CLIENT_ID,
        "client_secret": "a-secret",
        "label": "Lumen ID",
        "timeout_s": "60",
    }
    extra += "".join(f"\nconsentcore.plugin.login_oidc.{name} = {value}" for name, value in settings.items())
    return make_platform(folder, storage=storage, login="login_oidc", extra=extra)


def sent(browser, path: str = "/login") -> str:
    """Go to the login; where at the provider the browser is sent."""
    return browser.get(path, status=303).location


def back(browser, params: dict[str, str], **options):
    """Come back from the provider."""
    return browser.get(CALLBACK_PATH, params, **options)


def signed_in(platform, provider, path: str = "/login"):
    browser = platform.browser()
    back(browser, provider.sends_back(sent(browser, path)), status=303)
    return browser


def trips(browser) -> list[str]:
    """Names of the cookies of sign-ins under way."""
    return [name for name in browser.cookies if name.startswith("consentcore_login_")]


def test_a_good_return_signs_in(platform, provider):
    browser = signed_in(platform, provider)
    assert is_signed_in(browser)
    assert trips(browser) == []


def test_the_way_works_in_memory_too(tmp_path, provider):
    platform = platform_at(tmp_path, provider, "memory")
    browser = platform.browser()
    login = browser.get(Request().url, status=303).location.removeprefix(ISSUER)
    page = back(browser, provider.sends_back(sent(browser, login)), status=303).follow()
    assert "code" in answer(page, "approve")
    browser.get("/account").forms[0].submit(headers={"Origin": ISSUER}, status=303)
    assert not is_signed_in(browser)


def test_077_the_session_from_before_is_worth_nothing(platform, provider):
    browser = platform.browser()
    url = sent(browser)
    planted = browser.cookies["consentcore_session"]
    back(browser, provider.sends_back(url), status=303)
    assert browser.cookies["consentcore_session"] != planted
    thief = platform.browser()
    thief.set_cookie("consentcore_session", planted)
    assert not is_signed_in(thief)


def test_071_a_return_that_this_browser_did_not_begin_is_refused(platform, provider):
    """Login CSRF: a link with the attacker's code must not sign the victim in as the attacker (CVE-2025-68158)."""
    attacker, victim = platform.browser(), platform.browser()
    params = provider.sends_back(sent(attacker))
    refused = back(victim, params, status=400)
    assert "no longer open" in visible(refused)
    sent(victim)
    back(victim, params, status=400)
    assert not is_signed_in(victim)
    assert [path for path, _, _ in provider.seen if path == "token"] == [], "the code was not even tried"


def test_071_the_cookie_of_one_session_is_none_of_another(platform, provider):
    attacker, victim = platform.browser(), platform.browser()
    params = provider.sends_back(sent(attacker))
    sent(victim)
    (name,) = trips(attacker)
    victim.set_cookie(name, attacker.cookies[name])
    back(victim, params, status=400)
    assert not is_signed_in(victim)


def test_a_return_is_good_once(platform, provider):
    browser = platform.browser()
    params = provider.sends_back(sent(browser))
    cookies = dict(browser.cookies)
    back(browser, params, status=303)
    again = platform.browser()
    for name, value in cookies.items():
        again.set_cookie(name, value)
    back(again, params, status=400)
    assert not is_signed_in(again)
    assert len([path for path, _, _ in provider.seen if path == "token"]) == 1


@pytest.mark.parametrize(
    "change",
    [{"state": "another"}, {"state": None}, {"state": ""}, {"state": "ü" * 400}],
    ids=str,
)
def test_a_wrong_state_is_refused(platform, provider, change):
    browser = platform.browser()
    params = provider.sends_back(sent(browser), **change)
    back(browser, params, status=400)
    assert not is_signed_in(browser)


def test_parameters_that_come_twice_are_refused(platform, provider):
    browser = platform.browser()
    params = provider.sends_back(sent(browser))
    browser.get(f"{CALLBACK_PATH}?code=a&code=b&state={params['state']}", status=400)
    browser.get(f"{CALLBACK_PATH}?code=a&state={params['state']}&state={params['state']}", status=400)


@pytest.mark.parametrize(
    "claims", [{"nonce": "x"}, {"aud": "x"}, {"iss": "https://evil.example"}, {"exp": 1}], ids=str
)
def test_a_token_that_is_not_in_order_signs_nobody_in(platform, provider, claims):
    browser = platform.browser()
    params = provider.sends_back(sent(browser))
    provider.claims = claims
    page = back(browser, params, status=400)
    assert "was not in order" in visible(page)
    assert "Continue with Lumen ID" in visible(page)
    assert not is_signed_in(browser)


def test_a_mix_up_is_noticed_before_the_code_leaves(platform, provider):
    browser = platform.browser()
    params = provider.sends_back(sent(browser), iss="https://evil.example")
    back(browser, params, status=400)
    assert [path for path, _, _ in provider.seen if path == "token"] == []


def test_a_return_that_takes_too_long_is_refused(platform, provider):
    browser = platform.browser()
    params = provider.sends_back(sent(browser))
    cookies = dict(browser.cookies)
    with time_machine.travel(platform.runtime.clock.now() / 1000 + 601, tick=False):
        late = platform.browser()
        for name, value in cookies.items():  # whatever the browser has been told of their age
            late.set_cookie(name, value)
        back(late, params, status=400)


def test_a_sign_in_may_take_as_long_as_the_request_that_waits_for_it(tmp_path, provider):
    platform = platform_at(tmp_path, provider, "memory", extra="consentcore.oauth.interaction_ttl_s = 3600")
    browser, now = platform.browser(), platform.runtime.clock.now() / 1000
    login = browser.get(Request(state="mine").url, status=303).location
    params = provider.sends_back(sent(browser, login))
    with time_machine.travel(now + 1800, tick=False):
        page = back(browser, params, status=303).follow()
        assert answer(page, "approve")["state"] == "mine"


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/%0d%0aX: y", "javascript:alert(1)"],
)
def test_083_a_sign_in_leads_to_pages_of_ours_only(platform, provider, target):
    browser = platform.browser()
    response = browser.get("/login", {"next": target}, status=303)
    done = back(browser, provider.sends_back(response.location), status=303)
    assert done.location.endswith("/consents")


def test_083_and_to_the_page_that_was_asked_for(platform, provider):
    browser = platform.browser()
    login = browser.get("/consents/history", status=303).location.removeprefix(ISSUER)
    done = back(browser, provider.sends_back(sent(browser, login)), status=303)
    assert done.location.endswith("/consents/history")


def test_076_the_cookie_of_the_way_is_sealed_and_short(platform, provider):
    browser = platform.browser()
    response = browser.get("/login", status=303)
    (cookie,) = [one for one in response.headers.getall("Set-Cookie") if "_login_" in one]
    for mark in ("HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=600"):
        assert mark in cookie
    asked = query_of(response.location)
    for secret in (asked["nonce"], asked["state"], "verifier"):
        assert secret not in cookie


def test_several_tabs_can_be_under_way_and_not_endlessly_many(platform, provider):
    browser = platform.browser()
    urls = [sent(browser) for _ in range(3)]
    assert len(trips(browser)) == 3
    back(browser, provider.sends_back(urls[0]), status=303)
    other = platform.browser()
    for _ in range(30):
        sent(other)
        assert len(trips(other)) <= AT_ONCE
    assert sum(len(f"{name}={value}; ") for name, value in other.cookies.items()) < 6000


def test_a_consent_waits_for_the_way_back(platform, provider):
    browser = platform.browser()
    login = browser.get(Request().url, status=303).location.removeprefix(ISSUER)
    assert "/login?i=" in login
    done = back(browser, provider.sends_back(sent(browser, login)), status=303)
    page = done.follow()
    assert "form-action" not in page.headers["Content-Security-Policy"]
    assert "code" in answer(page, "approve")


def test_requests_in_many_tabs_that_go_out_to_the_provider_are_all_answered(platform, provider):
    browser, states = platform.browser(), [f"s{number}" for number in range(8)]
    waiting = [browser.get(Request(state=state).url, status=303).location for state in states]
    urls = [sent(browser, login) for login in waiting]
    done = [back(browser, provider.sends_back(url), status=303) for url in urls]
    assert [answer(one.follow(), "approve")["state"] for one in done] == states


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_requests_that_go_out_to_the_provider_at_once_are_both_answered(platform, provider, order):
    browser = platform.browser()
    asked = [Request(state="s0"), Request(client_id="shiftplan", state="s1")]
    waiting = [browser.get(one.url, status=303).location for one in asked]
    urls = [sent(browser, login) for login in waiting]
    pages = {}
    for tab in order:
        pages[tab] = back(browser, provider.sends_back(urls[tab]), status=303).follow()
    assert [answer(pages[tab], "approve")["state"] for tab in (0, 1)] == ["s0", "s1"]


def test_the_oldest_of_too_many_is_forgotten_and_the_others_are_good(platform, provider):
    browser = platform.browser()
    urls = [sent(browser, f"/login?next=/consents/history&n={number}") for number in range(AT_ONCE + 1)]
    lost = back(browser, provider.sends_back(urls[0]), status=400)
    assert "has begun several others since" in visible(lost)
    for url in urls[1:]:
        back(browser, provider.sends_back(url), status=303)


def test_a_return_whose_answer_was_lost_leads_on_or_keeps_what_waits(platform, provider):
    browser = platform.browser()
    login = browser.get(Request(state="mine").url, status=303).location
    params = provider.sends_back(sent(browser, login))
    cookies = dict(browser.cookies)
    back(browser, params, status=303)
    signed = dict(browser.cookies)
    lossy = platform.browser()  # as a browser is that has never got the answer
    for name, value in cookies.items():
        lossy.set_cookie(name, value)
    again = back(lossy, params, status=400).html.find("a", string="Continue with Lumen ID")["href"]
    done = back(lossy, provider.sends_back(sent(lossy, again)), status=303)
    assert answer(done.follow(), "approve")["state"] == "mine"
    half = platform.browser()  # and as one that has got the session and not the rest
    for name, value in (cookies | signed).items():
        half.set_cookie(name, value)
    assert "/consent?i=" in back(half, params, status=303).location


@pytest.mark.parametrize("error", ["access_denied", "temporarily_unavailable", "server_error"])
def test_who_reloads_a_refusal_is_led_to_what_waits_all_the_same(platform, provider, error):
    browser = platform.browser()
    login = browser.get(Request(state="mine").url, status=303).location
    params = provider.sends_back(sent(browser, login), code=None, error=error)
    for _ in range(2):
        page = back(browser, params, expect_errors=True)
    assert page.status_int in (400, 403, 503)
    again = page.html.find("a", string="Continue with Lumen ID")["href"]
    done = back(browser, provider.sends_back(sent(browser, again)), status=303)
    assert answer(done.follow(), "approve")["state"] == "mine"


def test_a_consent_of_another_browser_is_not_taken_along(platform, provider):
    victim, thief = platform.browser(), platform.browser()
    login = victim.get(Request().url, status=303).location.removeprefix(ISSUER)
    thief.get(login, status=410)
    assert trips(thief) == []


def test_a_new_sign_in_that_an_application_wants_must_be_new(platform, provider):
    browser = signed_in(platform, provider)
    login = browser.get(Request(extra={"prompt": "login"}).url, status=303).location.removeprefix(ISSUER)
    url = sent(browser, login)
    assert query_of(url)["prompt"] == "login"
    assert query_of(url)["max_age"] == "0"
    page = back(browser, provider.sends_back(url), status=403)
    assert "Please sign in once more" in visible(page)
    assert "fresh=1" in page.text
    again = page.click("Sign in once more")
    provider.claims = {"auth_time": int(platform.runtime.clock.now() / 1000)}
    done = back(browser, provider.sends_back(again.location), status=303)
    assert "code" in answer(done.follow(), "approve")


def test_the_evidence_has_the_time_and_the_strength_of_the_sign_in(platform, provider):
    moment = int(platform.runtime.clock.now() / 1000) - 600
    provider.claims = {"auth_time": moment, "acr": "urn:gold", "amr": ["hwk"]}
    browser = platform.browser()
    login = browser.get(Request().url, status=303).location.removeprefix(ISSUER)
    page = back(browser, provider.sends_back(sent(browser, login)), status=303).follow()
    answer(page, "approve")
    with platform.runtime.storage.reading() as uow:
        owner = uow.owners.by_email("ada@example.org")
        body = uow.ledger.of_owner(owner.owner_id)[0].body
    assert '"acr":"urn:gold"' in body
    assert '"hwk"' in body


@pytest.mark.parametrize("reason", ["cancelled", "unverified", "taken"])
def test_a_refusal_is_a_friendly_page(platform, provider, reason):
    if reason == "taken":
        platform.add_client("x")
        from consentcore.testing import factories

        with platform.runtime.storage.transaction() as uow:
            uow.owners.add(factories.owner(email="ada@example.org"))
    provider.claims = {"email_verified": False} if reason == "unverified" else {}
    browser = platform.browser()
    changes = {"code": None, "error": "access_denied"} if reason == "cancelled" else {}
    page = back(browser, provider.sends_back(sent(browser), **changes), status=403)
    assert page.headers["Cache-Control"] == "no-store"
    assert "Lumen ID" in page.text
    assert not is_signed_in(browser)


def test_085_a_provider_that_is_down_is_said_so(platform, provider):
    provider.instead["discovery"] = (500, b"<h1>Traceback</h1>")
    page = platform.browser().get("/login", status=503)
    assert page.headers["Retry-After"] == "10"
    assert "does not answer" in visible(page)
    assert "Traceback" not in page.text


def test_085_a_provider_that_breaks_on_the_way_is_said_so(platform, provider):
    browser = platform.browser()
    params = provider.sends_back(sent(browser))
    provider.instead["token"] = (502, b"bad gateway")
    page = back(browser, params, status=503)
    assert page.headers["Retry-After"] == "10"
    assert "Continue with Lumen ID" in visible(page)
    provider.instead.clear()
    back(browser, provider.sends_back(sent(browser)), status=303)
    assert is_signed_in(browser)


def test_logging_out_ends_the_own_session_first(platform, provider):
    browser = signed_in(platform, provider)
    page = browser.get("/consents")
    assert "form-action" not in page.headers["Content-Security-Policy"], "the provider may lead on"
    form = page.forms[0]
    assert form.action == "/logout"
    response = form.submit(headers={"Origin": ISSUER}, status=303)
    assert response.location.startswith(f"{provider.issuer}/bye?")
    assert query_of(response.location)["post_logout_redirect_uri"] == f"{ISSUER}/login/out"
    assert not is_signed_in(browser)
    assert "You are signed out" in visible(browser.get("/login/out"))


def test_logging_out_works_while_the_provider_is_down(platform, provider):
    browser = signed_in(platform, provider)
    form = browser.get("/consents").forms[0]
    provider.instead["discovery"] = (500, b"")
    platform.runtime.login._provider._metadata._kept = None  # as in a process that has just started
    page = form.submit(headers={"Origin": ISSUER}, status=200)
    assert "You are signed out" in visible(page)
    assert not is_signed_in(browser)


def test_a_sign_out_at_another_host_is_offered_as_a_link(platform, provider):
    provider.metadata = {"end_session_endpoint": "https://elsewhere.example/bye"}
    browser = signed_in(platform, provider)
    page = browser.get("/consents").forms[0].submit(headers={"Origin": ISSUER}, status=200)
    assert 'href="https://elsewhere.example/bye?' in page.text
    assert not is_signed_in(browser)


def test_what_needs_a_password_of_ours_is_absent(platform, provider):
    browser = signed_in(platform, provider)
    for path in ("/account/password", "/account/email", "/account/email/confirm", "/account/reset"):
        browser.get(path, status=404)
    browser.post("/login", {"email": "a", "password": "b"}, headers={"Origin": ISSUER}, status=405)
    account = browser.get("/account", status=200)
    assert "You sign in with Lumen ID" in visible(account)
    assert "This browser" in visible(account.click("Your sessions"))


def test_a_request_that_hangs_at_the_provider_holds_no_transaction(platform, provider):
    """While the provider is asked, others write; on SQLite and in memory there is one writer at a time."""
    browser = platform.browser()
    params = provider.sends_back(sent(browser))
    written = []

    def meanwhile():
        platform.runtime.storage.counters.hit("x", 1, 1000)
        with platform.runtime.storage.transaction() as uow:
            written.append(uow.owners.by_email("nobody@example.org"))
        return 502, b""

    provider.instead["token"] = meanwhile
    back(browser, params, status=503)
    assert written == [None]


def test_it_works_where_the_pages_have_a_host_of_their_own(tmp_path, provider):
    extra = f"""
consentcore.web_url = http://localhost:6543
consentcore.plugin.login_oidc.issuer = {provider.issuer}
consentcore.plugin.login_oidc.client_id = {CLIENT_ID}
consentcore.plugin.login_oidc.client_secret = a-secret
"""
    platform = make_platform(tmp_path, storage="sqlalchemy", login="login_oidc", extra=extra)
    browser = platform.browser()
    consent = browser.get(Request().url, status=303).location.removeprefix("http://localhost:6543")
    login = consent if "/login" in consent else browser.get(consent, status=303).location
    url = sent(browser, login.removeprefix(ISSUER))
    assert query_of(url)["redirect_uri"] == "http://localhost:6543/login/callback"
    done = back(browser, provider.sends_back(url), status=303)
    assert "code" in answer(done.follow(), "approve")
    platform.runtime.close()


def test_who_waits_for_the_provider_leaves_threads_for_others(platform, tmp_path):
    elsewhere = {("GET", "/login"), ("GET", "/login/callback"), ("POST", "/logout")}
    assert elsewhere <= platform.app.slow
    (tmp_path / "local").mkdir()
    here = make_platform(tmp_path / "local")
    assert ("GET", "/login") not in here.app.slow
    here.runtime.close()
