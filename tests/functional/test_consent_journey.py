"""From the application's link to tokens, and back to nothing."""

from __future__ import annotations

import re
import threading
from dataclasses import replace

import pytest

from consentcore.api import GrantState
from consentcore.web.owner import consent_page
from tests.support.platform import (
    CALLBACK,
    ISSUER,
    Request,
    answer,
    connect,
    exchange,
    introspect,
    make_platform,
    proceed,
    refresh,
    sign_in,
    to_consent_page,
    visible,
)


def test_approve_gives_tokens_that_work(platform):
    request = Request(scope="sites.read comfort.read offline_access")
    _, page = to_consent_page(platform, request)
    back = answer(page, "approve")
    assert back["state"] == "st-1"
    assert back["iss"] == ISSUER
    tokens = exchange(platform, request, back["code"])
    assert tokens.status_int == 200
    assert tokens.headers["Cache-Control"] == "no-store"
    assert tokens.json["token_type"] == "Bearer"
    assert tokens.json["expires_in"] == 3600
    assert tokens.json["scope"] == "sites.read comfort.read offline_access"
    facts = introspect(platform, tokens.json["access_token"])
    assert facts["active"] is True
    assert facts["client_id"] == "coolsite"
    assert facts["scope"] == "sites.read comfort.read offline_access"
    with platform.runtime.storage.reading() as uow:
        ada = uow.owners.by_email("ada@example.org")
    assert not [one for one in (ada.owner_id, ada.email, ada.name, "Moreau") if one in str(facts)]


def test_json_body_is_as_good_as_a_form(platform):
    request = Request()
    _, page = to_consent_page(platform, request)
    body = {
        "grant_type": "authorization_code",
        "code": answer(page, "approve")["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": request.verifier,
        "client_id": "coolsite",
        "client_secret": platform.client_secret,
    }
    tokens = platform.browser().post_json("/ecostruxure/v1/oauth/token", body)
    assert set(tokens.json) >= {"access_token", "token_type", "expires_in", "refresh_token", "scope"}


def test_62_the_page_says_who_asks_for_what_and_how_to_stop(platform):
    _, page = to_consent_page(platform, Request())
    text = visible(page)
    for words in (
        "CoolSite",
        "Frostline SAS",
        "Room climate",
        "We tell you where heating is wasted.",
        "at any time",
    ):
        assert words in text
    assert "comfort.read" not in text
    assert [one["value"] for one in page.html.find_all(attrs={"checked": True})] == ["365"]
    approve, deny = page.html.select("form button[name=decision]")
    assert (approve.text.strip(), deny.text.strip()) == ("Approve", "Deny")
    assert approve.get("class") == deny.get("class")


def test_74_a_form_that_leads_away_may_be_led_on_and_any_other_stays_here(platform):
    """Chromium holds form-action (CSP 3 section 6.4.1) against each redirect of the chain after a form."""
    browser = platform.browser()
    login = browser.get(Request().url).follow()
    page = sign_in(browser, login)
    page.forms[0]["shown"] = "of another text"
    again = page.forms[0].submit("decision", value="approve", status=409)
    for away in (login, page, again):
        assert "form-action" not in away.headers["Content-Security-Policy"]
    for stays in ("/login", "/consents", "/account", "/account/sessions", "/account/password"):
        policy = browser.get(stays).headers["Content-Security-Policy"]
        assert "form-action 'self';" in policy
        assert "unsafe-inline" not in policy


def test_67_deny_is_told_recorded_and_grants_nothing(platform):
    request = Request()
    browser, page = to_consent_page(platform, request)
    back = answer(page, "deny")
    assert back["error"] == "access_denied"
    assert back["state"] == "st-1"
    assert back["iss"] == ISSUER
    assert "CoolSite" not in visible(browser.get("/consents").maybe_follow()).replace("Your Energy", "")
    assert re.search(
        r"You said no: CoolSite had asked to see room climate and your sites\. denied · .* on the consent page",
        visible(browser.get("/consents/history")),
    )


def test_deny_works_without_any_choice(platform):
    _, page = to_consent_page(platform, Request())
    form = page.forms[0]
    form["shown"].force_value("")
    response = form.submit("decision", value="deny")
    assert "error=access_denied" in response.location


def test_68_a_second_answer_changes_nothing(platform):
    request = Request()
    _, page = to_consent_page(platform, request)
    answer(page, "approve")
    again = page.forms[0].submit("decision", value="deny", expect_errors=True)
    assert again.status_int == 410
    with platform.runtime.storage.reading() as uow:
        assert [grant.state.value for grant in uow.grants.all()] == ["active"]


@pytest.mark.parametrize("second", ["approve", "deny"])
def test_68_an_answer_that_comes_while_another_is_being_taken_changes_nothing(tmp_path, monkeypatch, second):
    platform = make_platform(tmp_path, storage="sqlalchemy")
    _, page = to_consent_page(platform, Request())
    build, first = consent_page.build, []

    def overtaken(request, *arguments):
        if not first:
            first.append("on its way")
            submitted = page.forms[0].submit
            other = threading.Thread(
                target=lambda: first.append(submitted("decision", value="approve").status_int)
            )
            other.start()
            other.join()
        return build(request, *arguments)

    monkeypatch.setattr(consent_page, "build", overtaken)
    again = page.forms[0].submit("decision", value=second, expect_errors=True)
    assert first[1:] == [303]
    assert again.status_int == 410
    assert "It was answered already" in visible(again)
    with platform.runtime.storage.reading() as uow:
        assert [grant.state.value for grant in uow.grants.all()] == ["active"]
    platform.runtime.close()


@pytest.mark.parametrize("change", ["text", "stamp"])
def test_62_an_answer_to_another_text_counts_for_nothing(platform, change):
    _, page = to_consent_page(platform, Request())
    form = page.forms[0]
    if change == "text":
        with platform.runtime.storage.transaction() as uow:
            uow.clients.update(replace(uow.clients.get("coolsite"), purpose="We sell what we learn."))
    else:
        form["shown"] = form["shown"].value[:-1] + "!"
    again = form.submit("decision", value="approve", status=409)
    assert "The text of this page has changed" in visible(again)
    assert ("We sell what we learn." in visible(again)) is (change == "text")
    with platform.runtime.storage.reading() as uow:
        assert list(uow.grants.all()) == []
    assert answer(again, "approve")["code"]


def test_neither_button_is_no_answer(platform):
    _, page = to_consent_page(platform, Request())
    assert page.forms[0].submit(expect_errors=True).status_int == 400
    assert "error=access_denied" in page.forms[0].submit("decision", value="deny").location


def test_61_remembered_consent_of_a_confidential_client_skips_the_page(platform):
    request = Request()
    browser, page = to_consent_page(platform, request)
    answer(page, "approve")
    again = browser.get(Request(scope="sites.read").url)
    assert again.location.startswith(CALLBACK)
    assert "code=" in again.location


def test_61_more_scopes_ask_again_and_amend_the_same_grant(platform):
    browser, page = to_consent_page(platform, Request(scope="sites.read"))
    answer(page, "approve")
    wider = Request(scope="comfort.read")
    page = browser.get(wider.url).follow()
    assert "new" in page.text
    answer(page, "approve")
    with platform.runtime.storage.reading() as uow:
        (grant,) = uow.grants.all()
        assert set(grant.scope_ids) == {"sites.read", "comfort.read"}
        assert [event.type.value for event in uow.ledger.of_grant(grant.grant_id)] == ["granted", "amended"]


def test_the_page_reads_what_was_allowed_before_in_its_own_transaction(platform, monkeypatch):
    """A second connection for a page is one that somebody else waits for."""
    browser, page = to_consent_page(platform, Request(scope="sites.read"))
    answer(page, "approve")
    asked = browser.get(Request(scope="sites.read comfort.read").url)

    def connect_again(*_):
        raise AssertionError("the page has left its transaction")

    monkeypatch.setattr(platform.runtime.storage.protocol, "read_authorize", connect_again)
    text = visible(asked.follow())
    assert "You have allowed" in text
    assert "unchanged" in text
    assert "new" in text


@pytest.mark.parametrize("end", ["withdrawn", "over"])
def test_the_page_says_nothing_of_what_has_ended(platform, end):
    browser, page = to_consent_page(platform, Request(scope="sites.read"))
    answer(page, "approve")
    with platform.runtime.storage.transaction() as uow:
        (grant,) = uow.grants.all()
        now = platform.runtime.clock.now()
        changed = {"state": GrantState.WITHDRAWN} if end == "withdrawn" else {"expires_at": now}
        uow.grants.update(replace(grant, **changed), expected_sequence=grant.sequence)
    text = visible(browser.get(Request(scope="sites.read comfort.read").url).follow())
    assert "You have allowed" not in text
    assert "unchanged" not in text


def test_18_prompt_none_never_shows_a_page(platform):
    response = platform.browser().get(Request(extra={"prompt": "none"}).url)
    assert "error=login_required" in response.location
    browser, _ = to_consent_page(platform, Request(scope="sites.read"))
    response = browser.get(Request(scope="comfort.read", extra={"prompt": "none"}).url)
    assert "error=consent_required" in response.location


def test_65_68_another_browser_cannot_answer(platform):
    _, page = to_consent_page(platform, Request())
    form = page.forms[0]
    thief = platform.browser()
    sign_in(thief, thief.get("/login"), "grace@example.org")
    fields = dict(form.submit_fields("decision", submit_value="approve"))
    stolen = thief.post("/consent", fields, expect_errors=True)
    assert stolen.status_int in {403, 410}
    mine = thief.get("/consents")
    fields["csrf_token"] = mine.forms[0]["csrf_token"].value
    assert thief.post("/consent", fields, expect_errors=True).status_int == 410


def test_30_63_revoke_kills_access_refresh_and_pending_code_at_once(platform):
    request = Request(scope="sites.read comfort.read")
    browser, page = to_consent_page(platform, request)
    tokens = exchange(platform, request, answer(page, "approve")["code"]).json
    pending = Request()
    location = browser.get(pending.url).location
    code = location.partition("code=")[2].partition("&")[0]
    dashboard = browser.get("/consents")
    confirm = dashboard.click("Revoke Access")
    assert "Proceed" in confirm.text
    done = proceed(confirm).submit(headers={"Origin": ISSUER}).follow()
    assert "can no longer see your data" in done.text
    assert introspect(platform, tokens["access_token"]) == {"active": False}
    assert introspect(platform, tokens["refresh_token"], "coolsite") == {"active": False}
    assert refresh(platform, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert exchange(platform, pending, code).json["error"] == "invalid_grant"
    assert "CoolSite" in visible(browser.get("/consents/revoked"))
    assert "No application" in visible(browser.get("/consents"))
    asked_again = browser.get(request.url)
    assert "/consent?i=" in asked_again.location


def test_64_a_fresh_consent_brings_no_old_token_back(platform):
    old = connect(platform)
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    proceed(browser.get("/consents").click("Revoke Access")).submit(status=303)
    request = Request()
    page = browser.get(request.url, status=303).follow()
    new = exchange(platform, request, answer(page, "approve")["code"]).json
    assert introspect(platform, new["access_token"])["active"] is True
    assert introspect(platform, old["access_token"]) == {"active": False}
    assert refresh(platform, old["refresh_token"]).json["error"] == "invalid_grant"
    with platform.runtime.storage.reading() as uow:
        assert sorted(grant.state.value for grant in uow.grants.all()) == ["active", "withdrawn"]


def test_revoking_twice_says_so_and_changes_nothing(platform):
    connect(platform)
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    confirm = browser.get("/consents").click("Revoke Access")
    proceed(confirm).submit()
    assert proceed(confirm).submit(expect_errors=True).status_int == 409


def test_66_another_owners_grant_is_not_there(platform):
    connect(platform)
    with platform.runtime.storage.reading() as uow:
        (grant,) = uow.grants.all()
    browser = platform.browser()
    sign_in(browser, browser.get("/login"), "grace@example.org")
    token = browser.get("/consents").forms[0]["csrf_token"].value
    path = f"/consents/{grant.grant_id}"
    assert browser.get(path, status=404)
    assert browser.get(f"{path}/revoke", status=404)
    assert browser.post(f"{path}/revoke", {"csrf_token": token}, status=404)
    with platform.runtime.storage.reading() as uow:
        assert uow.grants.get(grant.grant_id).state.value == "active"


def test_69_history_has_one_element_per_event_with_the_name(platform):
    connect(platform)
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    confirm = browser.get("/consents").click("Revoke Access")
    proceed(confirm).submit()
    events = browser.get("/consents/history").html.select("ol.history > li.event")
    words = [event.get_text(" ", strip=True) for event in events]
    assert words[0].startswith(
        "You no longer allow CoolSite to see room climate and your sites. revoked by you · "
    )
    assert words[1].startswith("You allowed CoolSite to see room climate and your sites. granted · ")
