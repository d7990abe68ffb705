"""People with several tabs: whatever they do in one, each request that waits in another can be answered, and pages say
what is true."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import time_machine

from tests.support.platform import (
    CALLBACK,
    ISSUER,
    PASSWORD,
    PREFIX,
    Request,
    answer,
    connect,
    exchange,
    make_platform,
    proceed,
    sign_in,
    to_consent_page,
    visible,
)

UNTRUE = ("did not come from this site", "another browser", "it has run out", "cookies")


def filled(page, email="ada@example.org"):
    form = page.forms[0]
    form["email"], form["password"] = email, PASSWORD
    return form


def sent(form, **options):
    return form.submit(headers={"Origin": ISSUER}, **options)


def log_out(browser):
    page = browser.get("/consents")
    sent(next(form for form in page.forms.values() if form.action == "/logout"), status=303)


def sign_in_by_hand(browser, email="ada@example.org"):
    sent(filled(browser.get("/login"), email), status=303)


def grants(platform):
    with platform.runtime.storage.reading() as uow:
        return {
            uow.owners.get(one.owner_id).email: one.state.value
            for one in uow.grants.all()
            if one.state.value != "abandoned"
        }


def events(platform):
    with platform.runtime.storage.reading() as uow:
        return [one.type.value for grant in uow.grants.all() for one in uow.ledger.of_grant(grant.grant_id)]


def true(page, *words):
    text = visible(page)
    for word in words:
        assert word in text
    for word in UNTRUE:
        assert word not in text
    return page


def test_signing_in_in_one_tab_leaves_the_login_page_of_the_other_good(platform):
    browser = platform.browser()
    first, second = (browser.get(Request(state=state).url).follow() for state in ("one", "two"))
    one = sent(filled(first), status=303).follow()
    two = sent(filled(second), status=303).follow()
    assert answer(one, "approve")["state"] == "one", "the session has changed since this page was opened"
    assert answer(two, "deny")["state"] == "two"


def again_by_hand(browser):
    sign_in_by_hand(browser)


def out_and_in(browser):
    log_out(browser)
    sign_in_by_hand(browser)


def anew_for_another_application(browser):
    login = browser.get(Request(client_id="shiftplan", extra={"prompt": "login"}).url).follow()
    sent(filled(login), status=303)


def changed_password(browser):
    page = browser.get("/account/password")
    form = next(form for form in page.forms.values() if form.action == "/account/password")
    form["current_password"], form["password"] = PASSWORD, "a staple for the battery"
    sent(form, status=303)


@pytest.mark.parametrize("decision", ["approve", "deny"])
@pytest.mark.parametrize(
    "meanwhile", [again_by_hand, out_and_in, anew_for_another_application, changed_password]
)
def test_a_consent_page_outlasts_what_the_same_person_does_in_another_tab(platform, meanwhile, decision):
    browser, page = to_consent_page(platform, Request(state="mine"))
    meanwhile(browser)
    assert answer(page, decision)["state"] == "mine"
    assert grants(platform)["ada@example.org"] == ("active" if decision == "approve" else "denied")


def test_who_has_logged_out_elsewhere_signs_in_and_is_asked_again(platform):
    browser, page = to_consent_page(platform, Request(state="mine"))
    log_out(browser)
    login = page.forms[0].submit("decision", value="approve", status=303).follow()
    assert "Sign in to answer CoolSite" in visible(login)
    assert grants(platform) == {}
    assert answer(sent(filled(login), status=303).follow(), "approve")["state"] == "mine"


@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_what_one_person_was_shown_is_not_answered_by_another(platform, decision):
    browser, page = to_consent_page(platform, Request(state="mine"))
    sign_in_by_hand(browser, "grace@example.org")
    again = page.forms[0].submit("decision", value=decision, status=409)
    true(again, "Somebody else was signed in", "Signed in as Grace Okafor", "CoolSite")
    assert grants(platform) == {}
    assert answer(again, decision)["state"] == "mine"
    assert list(grants(platform)) == ["grace@example.org"]


def test_a_reload_shows_the_page_to_whoever_is_signed_in_now(platform):
    browser, page = to_consent_page(platform, Request(state="mine"))
    sign_in_by_hand(browser, "grace@example.org")
    again = browser.get(page.request.url)
    assert "Signed in as Grace Okafor" in visible(again)
    assert answer(again, "approve")["state"] == "mine"
    assert grants(platform) == {"grace@example.org": "active"}


def test_persons_who_take_turns_answer_as_themselves(platform):
    browser, page = to_consent_page(platform, Request())
    sign_in_by_hand(browser, "grace@example.org")
    browser.get(page.request.url)
    sign_in_by_hand(browser, "ada@example.org")
    assert "code" in answer(page, "approve"), "it was shown to her, and it is she who answers"
    assert grants(platform) == {"ada@example.org": "active"}


def test_a_new_sign_in_that_was_asked_for_may_happen_in_any_tab_after_it(platform):
    browser, page = to_consent_page(platform, Request())
    login = browser.get(Request(state="fresh", extra={"prompt": "login"}).url, status=303).location
    consent = login.replace("/login", "/consent")
    assert "/login" in browser.get(consent, status=303).location
    with time_machine.travel(time.time() + 5):
        sign_in_by_hand(browser)
        assert answer(browser.get(consent, status=200), "approve")["state"] == "fresh"
        assert "code" in answer(browser.get(page.request.url), "approve")


def test_a_new_sign_in_that_was_asked_for_is_not_an_older_one_of_somebody_else(platform):
    browser, _ = to_consent_page(platform, Request())
    login = browser.get(Request(extra={"prompt": "login"}).url, status=303).location
    consent = login.replace("/login", "/consent")
    page = sent(filled(browser.get(login)), status=303).follow()
    log_out(browser)
    assert "/login" in browser.get(consent, status=303).location
    assert "/login" in page.forms[0].submit("decision", value="approve", status=303).location
    assert grants(platform) == {}


def test_first_requests_that_go_out_at_once_can_both_be_answered(platform):
    """Both go out without a cookie, and what the second answer sets must not take the place of the first."""
    browser, other = platform.browser(), platform.browser()
    one = browser.get(Request(state="one").url, status=303)
    login_one = browser.get(one.location)
    two = other.get(Request(state="two").url, status=303)
    login_two = other.get(two.location)
    for name, value in other.cookies.items():
        if "browser" in name:
            browser.set_cookie(name, value)
    assert answer(sent(filled(login_one), status=303).follow(), "approve")["state"] == "one"
    filled(login_two)
    fields = dict(login_two.forms[0].submit_fields())
    page = browser.post("/login", fields, headers={"Origin": ISSUER}, status=303).follow()
    assert answer(page, "approve")["state"] == "two"


def test_a_browser_that_restores_many_tabs_at_once_can_answer_each(platform):
    restored = platform.browser()
    pages = []
    for number in range(30):
        tab = platform.browser()
        pages.append(tab.get(Request(state=f"s{number}").url).follow())
        for name, value in tab.cookies.items():
            restored.set_cookie(name, value)
    assert sum(len(f"{name}={value}; ") for name, value in restored.cookies.items()) < 4000
    for page in pages:
        assert "Sign in to answer CoolSite" in visible(restored.get(page.request.url))


def test_what_only_looks_like_ids_of_the_browser_hides_none(platform):
    browser = platform.browser()
    for number in range(50):
        browser.set_cookie(f"consentcore_browser_{number}", "of another application")
    page = sent(filled(browser.get(Request(state="mine").url).follow()), status=303).follow()
    assert answer(page, "approve")["state"] == "mine"


@pytest.mark.parametrize("order", [1, -1])
def test_what_has_the_name_of_an_id_of_the_browser_hides_it_not(platform, order):
    """A cookie of another path or domain may have the name of ours and stand before or after it."""
    browser = platform.browser()
    form = filled(browser.get("/login"))
    pairs = [f"{name}={value}" for name, value in browser.cookies.items()]
    junk = [f"{name}=junk" for name in browser.cookies]
    cookies = "; ".join([*junk, *pairs][::order])
    fields, headers = dict(form.submit_fields()), {"Origin": ISSUER, "Cookie": cookies}
    platform.browser().post("/login", fields, headers=headers, status=303)


@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_a_form_that_is_sent_twice_leads_to_the_application_twice(platform, decision):
    request = Request(state="mine")
    _, page = to_consent_page(platform, request)
    first, second = answer(page, decision), answer(page, decision)
    assert first["state"] == second["state"] == "mine"
    assert events(platform) == ["granted" if decision == "approve" else "denied"]
    if decision == "approve":
        assert first["code"] != second["code"]
        assert exchange(platform, request, second["code"]).status_int == 200, "whichever of them arrives"
        assert exchange(platform, request, first["code"]).status_int == 200
    else:
        assert first["error"] == second["error"] == "access_denied"


def test_a_form_that_is_sent_at_once_is_one_consent(tmp_path):
    platform = make_platform(tmp_path, storage="sqlalchemy")
    _, page = to_consent_page(platform, Request(state="mine"))
    form = page.forms[0]

    def press(_):
        return form.submit("decision", value="approve", expect_errors=True)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(press, range(4)))
    assert {one.status_int for one in answers} <= {303, 410}
    for one in answers:
        if one.status_int == 303:
            assert "state=mine" in one.location
        else:
            true(one, "It was answered already: you approved it")
    assert events(platform) == ["granted"]
    platform.runtime.close()


def test_another_answer_than_the_one_that_was_given_changes_nothing_and_says_which_it_was(platform):
    _, page = to_consent_page(platform, Request(state="mine"))
    answer(page, "approve")
    again = page.forms[0].submit("decision", value="deny", status=410)
    true(again, "It was answered already: you approved it on", "Nothing more was changed")
    back = again.forms[0].submit("decision", value="again", status=303, headers={"Origin": ISSUER}).location
    assert back.startswith(f"{CALLBACK}?code=")
    assert "state=mine" in back
    assert events(platform) == ["granted"]
    assert "form-action" not in again.headers["Content-Security-Policy"]


@pytest.mark.parametrize("decision", ["approve", "deny"])
@pytest.mark.parametrize("path", ["/consent", "/login"])
def test_back_and_reload_after_the_answer_say_what_it_was_and_lead_on(platform, path, decision):
    browser, page = to_consent_page(platform, Request(state="mine"))
    answer(page, decision)
    word = {"approve": "approved", "deny": "denied"}[decision]
    address = page.request.url.replace("/consent", path)
    again = true(browser.get(address, status=410), f"It was answered already: you {word} it on")
    back = again.forms[0].submit("decision", value="again", status=303, headers={"Origin": ISSUER})
    assert "state=mine" in back.location
    assert back.location.startswith(CALLBACK)


def test_an_answer_is_not_repeated_to_anybody_else_and_not_for_ever(platform):
    browser, page = to_consent_page(platform, Request())
    answer(page, "approve")
    sign_in_by_hand(browser, "grace@example.org")
    again = page.forms[0].submit("decision", value="approve", status=410)
    assert "somebody else who was signed in" in visible(again)
    assert "Go on to" not in again.text
    sign_in_by_hand(browser, "ada@example.org")
    with time_machine.travel(time.time() + 601):
        late = page.forms[0].submit("decision", value="approve", status=410)
    true(late, "you approved it on")
    assert "Go on to" not in late.text


def test_an_answer_that_is_repeated_after_the_end_of_the_access_gives_none(platform):
    browser, page = to_consent_page(platform, Request(state="mine"))
    answer(page, "approve")
    sent(proceed(browser.get("/consents").click("Revoke Access")), status=303)
    assert answer(page, "approve")["error"] == "access_denied"


@pytest.mark.parametrize("decision", ["approve", "deny"])
@pytest.mark.parametrize("shut", ["suspended", "disabled", "the address taken away"])
def test_an_answer_is_not_repeated_to_where_nobody_may_be_led_any_more(platform, decision, shut):
    browser, page = to_consent_page(platform, Request())
    answer(page, decision)
    if shut == "suspended":
        platform.runtime.client_access.suspend("coolsite", by="ops", reason="")
    elif shut == "disabled":
        platform.runtime.client_access.disable("coolsite", by="ops", reason="")
    else:
        with platform.runtime.storage.transaction() as uow:
            found = uow.clients.get("coolsite")
            uow.clients.update(replace(found, redirect_uris=("https://coolsite.example/other",)))
    again = browser.get(page.request.url, status=410)
    true(again, "It was answered already: you")
    assert "Go on to" not in again.text
    refused = page.forms[0].submit("decision", value=decision, expect_errors=True)
    assert refused.status_int == (403 if shut == "suspended" else 410)
    assert CALLBACK not in refused.text


def test_nobody_in_another_browser_gets_an_answer_repeated(platform):
    _, page = to_consent_page(platform, Request())
    answer(page, "approve")
    other = platform.browser()
    sign_in(other, other.get("/login"))
    fields = dict(page.forms[0].submit_fields("decision", submit_value="approve"))
    fields["csrf_token"] = other.get("/consents").forms[0]["csrf_token"].value
    refused = other.post("/consent", fields, headers={"Origin": ISSUER}, status=410)
    assert "Go on to" not in refused.text


def test_what_ran_out_says_so_and_has_a_way_back(platform):
    browser, page = to_consent_page(platform, Request(state="mine"))
    with time_machine.travel(time.time() + 601):
        late = page.forms[0].submit("decision", value="approve", status=410)
        assert "Nobody has answered it in time" in visible(late)
        for word in ("another browser", "answered already", "did not come"):
            assert word not in visible(late)
        back = late.html.find("a", string="Back to CoolSite")["href"]
        assert back.startswith(f"{CALLBACK}?error=access_denied")
        assert "state=mine" in back
        assert "Nobody has answered it in time" in visible(browser.get(page.request.url, status=410))
    assert grants(platform) == {}


def test_who_signs_in_too_late_is_told_what_became_of_the_request(platform):
    browser = platform.browser()
    login = browser.get(Request().url).follow()
    with time_machine.travel(time.time() + 601):
        late = sent(filled(login), status=303).follow(expect_errors=True)
    assert late.status_int == 410
    assert "Nobody has answered it in time" in visible(late)


def test_a_request_of_another_browser_is_called_so(platform):
    login = platform.browser().get(Request().url, status=303).location
    other = platform.browser()
    other.get("/login")
    refused = other.get(login, status=410)
    assert "opened in another browser" in visible(refused)
    assert "answered already" not in visible(refused)


def test_forms_of_the_account_outlast_a_sign_in_in_another_tab(platform):
    connect(platform)
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    confirm = browser.get("/consents").click("Revoke Access")
    out_and_in(browser)
    sent(proceed(confirm), status=303)
    assert grants(platform) == {"ada@example.org": "withdrawn"}


def test_forms_of_another_person_change_nothing_and_say_why(platform):
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    page = browser.get("/account/password")
    form = next(form for form in page.forms.values() if form.action == "/account/password")
    sign_in_by_hand(browser, "grace@example.org")
    form["current_password"], form["password"] = PASSWORD, "a staple for the battery"
    true(sent(form, status=409), "when somebody else was signed in", "Nothing was changed")
    sign_in_by_hand(browser, "grace@example.org")


def test_logging_out_twice_is_no_mistake(platform):
    browser = platform.browser()
    page = sign_in(browser, browser.get("/login"))
    for _ in range(2):
        assert sent(page.forms[0], status=303).location.endswith("/login")


def test_a_form_counts_after_the_keys_were_rotated(tmp_path):
    from consentcore.keys import rotate_key_file

    platform, began = make_platform(tmp_path), time.time()
    _, page = to_consent_page(platform, Request())
    rotate_key_file(tmp_path / "keys")
    with time_machine.travel(began + 500, tick=False):
        assert "code" in answer(page, "approve")
    platform.runtime.close()


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
@pytest.mark.parametrize("path", ["/login", "/logout", "/consent", "/account/reset"])
def test_71_no_other_site_sends_our_forms(platform, path, origin):
    browser, page = to_consent_page(platform, Request())
    fields = dict(page.forms[0].submit_fields("decision", submit_value="approve"))
    refused = browser.post(path, fields, headers={"Origin": origin}, status=403)
    assert "sent by another site" in visible(refused)
    browser.post(path, fields, headers={"Sec-Fetch-Site": "cross-site"}, status=403)
    assert grants(platform) == {}
    assert browser.get("/consents").status_int == 200


def test_a_planted_cookie_of_the_browser_opens_no_form_of_who_signs_in(platform):
    """Who has planted it knows the token of forms for nobody, and of their own; not that of the victim."""
    thief = platform.browser()
    mine = sign_in(thief, thief.get("/login"), "grace@example.org")
    connect(platform)
    victim = platform.browser()
    for name, value in thief.cookies.items():
        if "browser" in name:
            victim.set_cookie(name, value)
    sign_in(victim, victim.get("/login"))
    link = victim.get("/consents").html.find("a", class_="danger")["href"]
    for token in (
        mine.forms[0]["csrf_token"].value,
        platform.browser().get("/login").forms[0]["csrf_token"].value,
    ):
        assert victim.post(link, {"csrf_token": token}, expect_errors=True).status_int in (403, 409)
    assert grants(platform) == {"ada@example.org": "active"}


def test_an_id_of_one_secret_opens_no_pushed_request(platform):
    browser = platform.browser()
    browser.get("/login")
    form = {
        "client_id": "coolsite",
        "client_secret": platform.client_secret,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
    }
    pushed = browser.post(f"{PREFIX}/par", form, status=201).json["request_uri"]
    login = browser.get(f"{PREFIX}/authorize?client_id=coolsite&request_uri={pushed}", status=303).location
    shared = login.rpartition(".")[2]
    for i in (shared, f"{shared}.{shared}"):
        browser.get(f"/consent?i={i}", status=410)
        browser.get(f"/login?i={i}", status=410)
