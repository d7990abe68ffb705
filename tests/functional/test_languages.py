"""Which language a person is answered in: ``ui_locales``, the owner's setting, the browser, the INI; and what is kept
of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from consentcore.domain.errors import ConfigurationError
from consentcore.i18n import Languages
from tests.support.platform import Request, answer, make_platform, sign_in, to_consent_page, visible
from tests.support.pseudo_locale import OPEN, TAG, make_theme

AINO = "aino@example.org"
FINNISH = {"Accept-Language": "fi-FI, en;q=0.5"}
WANTS = {"ui_locales": "sv fi-FI en"}


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path, extra=f"consentcore.web.theme = {make_theme(tmp_path)}")
    made.add_owner(AINO, "Aino", TAG)
    yield made
    made.runtime.close()


def language_of(page) -> str:
    assert page.html.html["lang"] == page.headers["Content-Language"]
    assert (OPEN in page.text) is (page.headers["Content-Language"] == TAG)
    return page.html.html["lang"]


def varies(page) -> bool:
    return "Accept-Language" in (page.vary or ())


def test_the_browser_chooses_where_nobody_else_has(platform):
    browser = platform.browser()
    english, finnish = browser.get("/login"), browser.get("/login", headers=FINNISH)
    assert (language_of(english), language_of(finnish)) == ("en", TAG)
    assert varies(english)
    assert varies(finnish)
    assert language_of(browser.get("/login", headers={"Accept-Language": "sv, tlh"})) == "en"
    assert language_of(browser.get("/nothing", headers=FINNISH, status=404)) == TAG


def test_what_the_owner_has_set_goes_before_the_browser(platform):
    with platform.runtime.storage.transaction() as uow:
        grace = uow.owners.by_email("grace@example.org")
        uow.owners.update(replace(grace, locale="en-GB"))
    for email, expected, header in ((AINO, TAG, "en"), ("grace@example.org", "en", "fi")):
        browser = platform.browser()
        page = sign_in(browser, browser.get("/login"), email)
        page = browser.get("/consents", headers={"Accept-Language": header})
        assert language_of(page) == expected
        assert not varies(page)


def test_an_owner_who_has_set_nothing_is_answered_as_the_browser_asks(platform):
    """``en`` is what every owner has from the beginning."""
    browser = platform.browser()
    sign_in(browser, browser.get("/login"), "ada@example.org")
    finnish, english = browser.get("/consents", headers=FINNISH), browser.get("/consents")
    assert (language_of(finnish), language_of(english)) == (TAG, "en")
    assert varies(finnish)
    assert varies(english)


def test_what_the_application_asks_for_goes_before_all(platform):
    browser = platform.browser()
    login = browser.get(Request(extra=WANTS).url).follow()
    assert language_of(login) == TAG
    assert not varies(login)
    page = sign_in(browser, login, "ada@example.org")
    assert language_of(page) == TAG
    assert language_of(browser.get("/consents")) == "en", "it was of that request only"
    answer(page, "approve")
    assert language_of(browser.get(page.request.path_qs, status=410)) == TAG
    assert language_of(to_consent_page(platform, Request(extra={"ui_locales": "en"}), AINO)[1]) == "en"
    assert language_of(to_consent_page(platform, Request(extra={"ui_locales": "sv"}), AINO)[1]) == TAG


def test_a_request_that_cannot_be_asked_is_refused_in_the_language_that_it_names(platform):
    browser = platform.browser()
    wrong = Request(client_id="nobody", extra=WANTS)
    assert language_of(browser.get(wrong.url, status=400)) == TAG
    twice = f"{wrong.url}&ui_locales=fi"
    assert language_of(browser.get(twice, status=400)) == "en"
    platform.runtime.client_access.suspend("coolsite", by="ops", reason="x")
    assert language_of(browser.get(Request(extra=WANTS).url, status=403)) == TAG


def test_the_ini_chooses_for_everybody_else_and_must_name_what_is_offered(tmp_path):
    theme = f"consentcore.web.theme = {make_theme(tmp_path)}\n"
    platform = make_platform(tmp_path, extra=f"{theme}consentcore.web.default_locale = fi")
    assert language_of(platform.browser().get("/login")) == TAG
    assert language_of(platform.browser().get("/login", headers={"Accept-Language": "sv, en;q=0.1"})) == "en"
    platform.runtime.close()
    offered = ", ".join(sorted({*Languages().offered, TAG}))
    with pytest.raises(ConfigurationError, match=f"default_locale: expected one of {offered}$"):
        make_platform(tmp_path, extra=f"{theme}consentcore.web.default_locale = tlh")


@pytest.mark.parametrize(("email", "tag"), [(AINO, TAG), ("ada@example.org", "en")])
@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_the_record_of_a_decision_holds_the_language_that_was_shown(platform, email, tag, decision):
    _, page = to_consent_page(platform, Request(), email)
    answer(page, decision)
    with platform.runtime.storage.reading() as uow:
        owner = uow.owners.by_email(email)
        (event,) = uow.ledger.of_owner(owner.owner_id, limit=5)
        evidence = json.loads(event.body)["evidence"]
        shown = json.loads(uow.ledger.snapshot(evidence["snapshot_hash"]).content)
    assert evidence["locale"] == shown["locale"] == tag
    assert (OPEN in shown["html"]) is (tag == TAG)
    assert (OPEN in shown["buttons"][0]) is (tag == TAG)


def test_a_decision_on_a_page_in_another_language_is_asked_again(platform):
    _, page = to_consent_page(platform, Request(), "ada@example.org")
    with platform.runtime.storage.transaction() as uow:
        ada = uow.owners.by_email("ada@example.org")
        uow.owners.update(replace(ada, locale=TAG))
    again = page.forms[0].submit("decision", value="approve", status=409)
    assert language_of(again) == TAG


def test_a_theme_from_before_speaks_english_and_the_rest_the_language(tmp_path):
    theme = make_theme(tmp_path)
    (theme / "login.jinja2").write_text(
        '{% extends "layout.jinja2" %}{% block title %}Hello{% endblock %}{% block main %}<h1>Hello</h1>'
        '{% from "email/macros.html" import who %}<p>{{ who("Valo", "Lumo") }}</p>{% endblock %}'
    )
    platform = make_platform(theme, extra=f"consentcore.web.theme = {theme}")
    page = platform.browser().get("/login", headers=FINNISH)
    assert page.html.h1.text == "Hello"
    assert page.html.main.p.text == "Valo, made by Lumo,"
    assert language_of(page) == TAG
    assert "Skip" not in visible(page)
    platform.runtime.close()


SCOPES = """
[[scope]]
id = "sites.read"
label = "Your sites"
sees = "names"
[scope.texts.fi]
label = "Kohteesi"
sees = "nimet"
[[scope]]
id = "comfort.read"
label = "Room climate"
sees = "temperature"
"""


def test_scopes_are_shown_and_recorded_in_the_words_that_they_have_in_the_language(tmp_path):
    (tmp_path / "scopes.toml").write_text(SCOPES)
    extra = f"consentcore.web.theme = {make_theme(tmp_path)}\n"
    extra += f"consentcore.plugin.scopes_file.path = {tmp_path}/scopes.toml"
    platform = make_platform(tmp_path, extra=extra)
    platform.add_owner(AINO, "Aino", TAG)
    for email, seen, not_seen in (
        (AINO, "Kohteesi", "Your sites"),
        ("ada@example.org", "Your sites", "Kohteesi"),
    ):
        browser, page = to_consent_page(platform, Request(), email)
        assert seen in page.text
        assert not_seen not in page.text
        assert "Room climate" in page.text
        answer(page, "approve")
        for path in ("/consents", "/consents/history"):
            said = browser.get(path).text.lower()  # within a sentence they begin without a capital
            assert seen.lower() in said
            assert not_seen.lower() not in said
        with platform.runtime.storage.reading() as uow:
            (event,) = uow.ledger.of_owner(uow.owners.by_email(email).owner_id, limit=5)
            shown = uow.ledger.snapshot(json.loads(event.body)["evidence"]["snapshot_hash"])
        assert [scope["label"] for scope in json.loads(shown.content)["scopes"]] == [seen, "Room climate"]
    platform.runtime.close()


def test_what_a_scope_cannot_keeps_its_capital_in_german(platform):
    _, page = to_consent_page(platform, Request(extra={"ui_locales": "de-AT"}))
    assert page.html.html["lang"] == "de"
    assert "Das kann die Anwendung nicht: Personen oder Messwerte sehen." in page.html.main.text
