"""A data owner chooses the language of pages and mails."""

from __future__ import annotations

import pytest

from consentcore.i18n import Languages
from tests.support.account import form_of, mails, signed_in
from tests.support.platform import ISSUER, Request, answer, make_platform, to_consent_page, visible

ADA, GRACE = "ada@example.org", "grace@example.org"
FRENCH = {"Accept-Language": "fr"}
OWN_NAMES = {"de": "Deutsch", "en": "English", "es": "Español", "fr": "Français"}


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path)
    yield made
    made.runtime.close()


def language_form(browser):
    return form_of(browser.get("/account/language"), "/account/language")


def choose(browser, tag: str, headers=()):
    form = language_form(browser)
    form["language"] = tag
    sent = form.submit(headers={"Origin": ISSUER, **dict(headers)}, status=303)
    assert sent.location.endswith("/account?done=language")
    return browser.get("/account?done=language", headers=dict(headers))


def locale_of(platform, email: str) -> str:
    with platform.runtime.storage.reading() as uow:
        return uow.owners.by_email(email).locale


def test_each_language_is_offered_in_its_own_name_and_the_browser_asks_until_one_is_chosen(platform):
    page = signed_in(platform).get("/account").click("Choose your language")
    names = {one["lang"]: one.text for one in page.html.select("form bdi[lang]")}
    assert names == OWN_NAMES == platform.runtime.languages.own_names
    assert language_form(signed_in(platform))["language"].value == "*"
    assert "As your browser asks" in visible(signed_in(platform).get("/account"))


def test_pages_and_mails_are_in_the_language_that_was_chosen(platform):
    ada = signed_in(platform)
    page = choose(ada, "de", FRENCH)
    assert page.html.html["lang"] == "de"
    assert page.html.select_one("[role=status]").text == "Ihre Sprachauswahl wurde gespeichert."
    assert "Deutsch" in visible(page)
    assert language_form(ada)["language"].value == "de"
    _, asked = to_consent_page(platform, Request(), ADA)
    assert asked.html.html["lang"] == "de"
    answer(asked, "approve")
    (mail,) = mails(platform, ADA)
    assert '<html lang="de"' in mail.get_body(("html",)).get_content()
    assert "Guten Tag" in mail.get_body(("plain",)).get_content()


def test_nobody_is_told_of_a_choice(platform):
    choose(signed_in(platform), "de")
    assert mails(platform, ADA) == []


def test_english_that_was_chosen_goes_before_the_browser(platform):
    ada = signed_in(platform)
    assert ada.get("/consents", headers=FRENCH).html.html["lang"] == "fr"
    page = choose(ada, "en", FRENCH)
    assert page.html.html["lang"] == "en"
    assert "English" in visible(page)
    assert "Accept-Language" not in (page.vary or ())
    assert language_form(ada)["language"].value == "en"
    assert locale_of(platform, ADA) == "en-001"


def test_the_browser_asks_again_when_it_is_let(platform):
    ada = signed_in(platform)
    choose(ada, "de")
    page = choose(ada, "*", FRENCH)
    assert page.html.html["lang"] == "fr"
    assert locale_of(platform, ADA) == "en"
    assert ada.get("/consents").html.html["lang"] == "en"


@pytest.mark.parametrize("choice", ["tlh", "de-AT", "DE", "en-001", "", "d" * 5000])
def test_only_what_is_offered_can_be_chosen(platform, choice):
    ada = signed_in(platform)
    form = language_form(ada)
    form["language"].force_value(choice)
    form.submit(headers={"Origin": ISSUER}, status=400)
    assert locale_of(platform, ADA) == "en"


def test_a_form_of_another_site_chooses_nothing(platform):
    ada = signed_in(platform)
    form = language_form(ada)
    form["language"] = "de"
    form.submit(headers={"Origin": "https://evil.example"}, status=403)
    form["csrf_token"] = "x"
    form.submit(headers={"Origin": ISSUER}, status=403)
    assert locale_of(platform, ADA) == "en"


def test_a_choice_is_the_owners_own(platform):
    ada, grace = signed_in(platform), signed_in(platform, GRACE)
    theirs = language_form(ada)["csrf_token"].value
    choose(ada, "de")
    assert locale_of(platform, GRACE) == "en"
    assert grace.get("/consents").html.html["lang"] == "en"
    fields = {"language": "es", "csrf_token": theirs, "owner_id": ADA}
    grace.post("/account/language", fields, headers={"Origin": ISSUER}, status=403)
    assert (locale_of(platform, ADA), locale_of(platform, GRACE)) == ("de", "en")


def test_it_takes_a_sign_in(platform):
    stranger = platform.browser()
    login = stranger.get("/account/language", status=303)
    assert login.location.endswith("/login?next=/account/language")


def test_there_is_no_choice_where_only_english_is_offered(platform, tmp_path):
    platform.runtime._made["languages"] = Languages(core=tmp_path / "none")
    ada = signed_in(platform)
    assert "/account/language" not in ada.get("/account").text
    ada.get("/account/language", status=404)
