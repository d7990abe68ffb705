"""An application asks for a better sign-in than there is (OpenID Connect Core section 3.1.2.1, RFC 9470)."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine

from tests.functional.test_oidc_security import back, platform_at, sent, signed_in
from tests.support.oidc_provider import fake_provider, query_of
from tests.support.platform import (
    CALLBACK,
    ISSUER,
    PASSWORD,
    PREFIX,
    Request,
    answer,
    connect,
    exchange,
    introspect,
    make_platform,
    sign_in,
    to_consent_page,
    visible,
)

PASSWORD_ACR = "urn:consentcore:password"
GOLD = "urn:example:gold"


def told(response):
    assert response.location.startswith(CALLBACK + "?"), response.location
    return {name: values[0] for name, values in parse_qs(urlsplit(response.location).query).items()}


def now_s(platform):
    return platform.runtime.clock.now() // 1000


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path, storage="sqlalchemy")
    yield made
    made.runtime.close()


@pytest.fixture
def provider():
    with fake_provider() as one:
        yield one


@pytest.fixture
def elsewhere(tmp_path, provider):
    made = platform_at(tmp_path, provider, "sqlalchemy")
    yield made
    made.runtime.close()


def remembered(platform):
    """A browser whose owner has approved, and is not asked again."""
    request = Request()
    browser, page = to_consent_page(platform, request)
    exchange(platform, request, answer(page, "approve")["code"])
    return browser


# --- with passwords kept here ---


SURE = (
    "You are signed in as Ada Moreau. CoolSite wants to be sure that it is you, so please sign in once more."
)
CHOICE = "You are signed in as Ada Moreau. CoolSite wants you to choose the account that you answer with"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"max_age": "0"}, SURE),
        ({"prompt": "login"}, SURE),
        ({"prompt": "login select_account"}, SURE),
        ({"prompt": "select_account"}, CHOICE),
    ],
)
def test_who_is_signed_in_is_told_why_they_sign_in_again(platform, asked, said):
    browser = remembered(platform)
    page = browser.get(Request(extra=asked).url, status=303).follow()
    assert said in visible(page)
    refused = page.forms[0]
    refused["email"], refused["password"] = "ada@example.org", "wrong"
    assert said in visible(refused.submit(headers={"Origin": ISSUER}, status=400))


def test_who_is_not_signed_in_or_wants_to_be_somebody_else_is_told_nothing_of_it(platform):
    asked = Request(extra={"prompt": "login"}).url
    assert "You are signed in" not in visible(platform.browser().get(asked, status=303).follow())
    browser, page = to_consent_page(platform, Request())
    other = browser.get(page.html.select_one("p.who a")["href"])
    assert "Sign in to answer CoolSite" in visible(other)
    assert "You are signed in" not in visible(other)


@pytest.mark.parametrize(
    "asked", [{"max_age": "600"}, {"max_age": "0"}, {"prompt": "login"}, {"prompt": "select_account"}]
)
def test_who_signed_in_too_long_ago_signs_in_again_and_the_token_says_so(platform, asked):
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        browser = remembered(platform)
        clock.shift(601)
        request = Request(extra=asked)
        login = browser.get(request.url, status=303)
        assert "/login?" in login.location, "the remembered consent is not enough"
        page = sign_in(browser, login.follow())
        clock.shift(120)
        tokens = exchange(platform, request, answer(page, "approve")["code"]).json
        assert introspect(platform, tokens["access_token"])["auth_time"] == 1_800_000_601
        assert introspect(platform, tokens["access_token"])["acr"] == PASSWORD_ACR


def test_who_signed_in_not_long_ago_is_not_asked_again(platform):
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        browser = remembered(platform)
        clock.shift(600)
        request = Request(extra={"max_age": "600", "acr_values": f"{GOLD} {PASSWORD_ACR}"})
        tokens = exchange(platform, request, told(browser.get(request.url, status=303))["code"]).json
        assert introspect(platform, tokens["access_token"])["auth_time"] == 1_800_000_000


@pytest.mark.parametrize("session", [True, False])
def test_an_acr_that_no_sign_in_has_is_refused_at_once(platform, session):
    browser = remembered(platform) if session else platform.browser()
    asked = Request(extra={"acr_values": GOLD, "prompt": "login"})
    assert told(browser.get(asked.url, status=303))["error"] == "unmet_authentication_requirements"


def test_the_sign_in_page_supposes_who_it_is(platform):
    hint = '"Ada" <ada@example.org>'
    page = platform.browser().get(Request(extra={"login_hint": hint}).url).follow()
    assert page.forms[0]["email"].value == hint
    assert page.forms[0]["password"].value == ""
    page = sign_in(platform.browser(), platform.browser().get("/login"))
    assert "Authorized Applications" in visible(page)


def test_a_sign_in_of_another_release_that_fell_short_leads_back_and_not_round(platform, monkeypatch):
    """The plugin has said what it can, and then said something else."""
    monkeypatch.setattr("consentcore_login_local.provider.LocalLogin.acr_values", (PASSWORD_ACR,))
    monkeypatch.setattr("consentcore_login_local.provider.ACR", "urn:example:other")
    browser = platform.browser()
    login = browser.get(Request(state="s", extra={"acr_values": PASSWORD_ACR}).url, status=303)
    form = login.follow().forms[0]
    form["email"], form["password"] = "ada@example.org", PASSWORD
    consent = form.submit(headers={"Origin": ISSUER}, status=303)
    looked = browser.head(consent.location, status=303)
    assert "/login?" in looked.location, "looking at a link ends nothing"
    found = told(consent.follow(status=303))
    assert (found["error"], found["state"]) == ("unmet_authentication_requirements", "s")
    browser.get(consent.location, status=410)


def test_rfc9470_5_a_form_sent_again_under_a_weaker_sign_in_gives_no_code(platform, monkeypatch):
    request = Request(extra={"acr_values": PASSWORD_ACR})
    browser, page = to_consent_page(platform, request)
    assert "code" in answer(page, "approve")
    assert "code" in answer(page, "approve"), "the sign-in is the one of before"
    monkeypatch.setattr("consentcore_login_local.provider.ACR", "urn:example:weaker")
    sign_in(browser, browser.get("/login?again=1"))
    again = page.forms[0].submit("decision", value="approve", status=410)
    assert "you approved it on" in visible(again)
    assert "Go on to" not in again.text


def test_metadata_names_what_the_sign_in_can_be(platform):
    told_ = platform.browser().get("/.well-known/oauth-authorization-server").json
    assert told_["acr_values_supported"] == [PASSWORD_ACR]
    assert told_["prompt_values_supported"] == ["none", "login", "consent", "select_account"]


def test_a_pushed_request_asks_the_same(platform):
    connect(platform)
    body = {"response_type": "code", "scope": "sites.read", "redirect_uri": CALLBACK, "max_age": "x"}
    auth = {"client_id": "coolsite", "client_secret": platform.client_secret}
    refused = platform.browser().post(f"{PREFIX}/par", {**body, **auth}, status=400)
    assert refused.json["error_description"].startswith("max_age: expected")
    pushed = platform.browser().post(f"{PREFIX}/par", {**body, **auth, "max_age": "0"}, status=201)
    url = f"{PREFIX}/authorize?client_id=coolsite&request_uri={pushed.json['request_uri']}"
    browser = remembered(platform)
    page = sign_in(browser, browser.get(url, status=303).follow())
    assert "code" in answer(page, "approve")


# --- with a provider ---


def test_the_provider_is_asked_for_what_the_application_asks(elsewhere, provider):
    asked = {
        "max_age": "600",
        "acr_values": f"{GOLD} silver",
        "login_hint": "ada",
        "prompt": "select_account",
    }
    browser = elsewhere.browser()
    login = browser.get(Request(extra=asked).url, status=303).location.removeprefix(ISSUER)
    query = query_of(sent(browser, login))
    assert {name: query[name] for name in asked} == asked


def test_a_better_sign_in_at_the_provider_is_in_the_token_and_in_the_record(elsewhere, provider):
    provider.claims = {"acr": "silver", "auth_time": now_s(elsewhere) - 3600}
    browser = signed_in(elsewhere, provider)
    request = Request(extra={"acr_values": GOLD, "max_age": "600"})
    login = browser.get(request.url, status=303).location.removeprefix(ISSUER)
    provider.claims = {"acr": GOLD, "auth_time": now_s(elsewhere) - 300}
    signed_in_at = provider.claims["auth_time"]
    page = back(browser, provider.sends_back(sent(browser, login)), status=303).follow()
    tokens = exchange(elsewhere, request, answer(page, "approve")["code"]).json
    claims = introspect(elsewhere, tokens["access_token"])
    assert (claims["acr"], claims["auth_time"]) == (GOLD, signed_in_at)
    with elsewhere.runtime.storage.reading() as uow:
        owner = uow.owners.by_email("ada@example.org")
        body = json.loads(uow.ledger.of_owner(owner.owner_id)[0].body)
    assert body["evidence"]["acr"] == GOLD


def test_a_sign_in_at_the_provider_that_fell_short_leads_back_and_not_round(elsewhere, provider):
    provider.claims = {"acr": "silver"}
    browser = elsewhere.browser()
    asked = Request(state="s", extra={"acr_values": GOLD})
    login = browser.get(asked.url, status=303).location.removeprefix(ISSUER)
    consent = back(browser, provider.sends_back(sent(browser, login)), status=303)
    found = told(consent.follow(status=303))
    assert (found["error"], found["state"]) == ("unmet_authentication_requirements", "s")
    with elsewhere.runtime.storage.reading() as uow:
        assert list(uow.grants.all()) == [], "nobody was asked"


@pytest.mark.parametrize("error", ["unmet_authentication_requirements", "account_selection_required"])
def test_what_the_provider_cannot_do_is_told_to_the_application(elsewhere, provider, error):
    browser = elsewhere.browser()
    asked = Request(state="s", extra={"acr_values": GOLD, "prompt": "select_account"})
    login = browser.get(asked.url, status=303).location.removeprefix(ISSUER)
    params = provider.sends_back(sent(browser, login), code=None, error=error)
    found = told(back(browser, params, status=303))
    assert (found["error"], found["state"]) == (error, "s")
    browser.get(login, status=410)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("unmet_authentication_requirements", "You cannot sign in like that"),
        ("account_selection_required", "No account was chosen"),
    ],
)
def test_where_no_application_waits_it_is_a_page(elsewhere, provider, error, said):
    browser = elsewhere.browser()
    params = provider.sends_back(sent(browser), code=None, error=error)
    assert said in visible(back(browser, params, status=403))
