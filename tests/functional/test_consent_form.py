"""The form of the consent page and of those around it: what has to be on them, and what must not."""

from __future__ import annotations

import pytest

from tests.support.platform import ISSUER, Request, answer, make_platform, sign_in, to_consent_page

EXTRA = """
consentcore.web.support_email = help@example.org
consentcore.web.privacy_url = https://energy.example/privacy
consentcore.web.complaint_url = https://authority.example/
"""


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path, extra=EXTRA)
    yield made
    made.runtime.close()


@pytest.fixture
def page(platform):
    """The consent page of an ordinary request."""
    names = {"website": "https://frostline.example/", "privacy_url": "https://frostline.example/privacy"}
    platform.add_client("framed", name="CoolSite", **names)
    return to_consent_page(platform, Request(client_id="framed"))[1].html


def said(node) -> str:
    return " ".join(node.get_text(" ").split())


def test_cp_01_the_page_says_who_we_are_and_that_this_is_a_request(page):
    assert said(page.select_one("header.site .site-name")) == "Your Energy Company"
    assert said(page.h1) == "CoolSite asks to see your data"
    assert page.select("nav") == []
    assert page.select("iframe, video, object, ins") == []
    assert said(page.footer).endswith("Applications never need your password.")


def test_cp_11_how_to_stop_it_stands_before_the_buttons(page):
    text = said(page.main)
    stop = "You can stop this at any time under Authorized Applications."
    assert f"{stop} Stopping does not undo what was already shared." in text
    assert text.index(stop) < text.index("Approve Deny")


def test_cp_12_what_happens_after_a_no_is_said(page):
    assert "If you say no, nothing is shared and nothing changes with us." in said(page.main)


def test_cp_13_who_is_signed_in_and_how_to_be_somebody_else(page):
    who = page.select_one(".who")
    assert said(who).startswith("Signed in as ")
    assert said(who.a) == "not you?"
    assert who.a["href"].startswith("/login?i=")


def test_cp_14_notices_and_complaints_open_beside_the_form(page):
    links = {said(link): link for link in page.select("a[href]")}
    outside = {
        "Its website": "https://frostline.example/",
        "Its privacy notice": "https://frostline.example/privacy",
        "Our privacy notice": "https://energy.example/privacy",
        "Complain": "https://authority.example/",
    }
    assert {words: links[words]["href"] for words in outside} == outside
    for words in outside:
        assert (links[words]["target"], links[words]["rel"]) == ("_blank", ["noopener"])
    assert links["Help"]["href"] == "mailto:help@example.org"


def test_cp_15_no_terms_are_part_of_the_consent(page):
    assert "terms" not in said(page.main).lower()
    assert [one for one in page.select("form.letter input") if one.get("required") is not None] == []


def test_cp_49_signing_in_allows_pasting_and_password_managers(platform):
    page = platform.browser().get("/login").html
    assert {
        one["name"]: one["autocomplete"] for one in page.select("form.stack input[type]:not([type=hidden])")
    } == {
        "email": "username",
        "password": "current-password",
    }
    assert not any(one.get("onpaste") or one.get("readonly") for one in page.select("input"))


def test_cp_51_help_stands_in_the_same_place_on_every_page(platform):
    browser, consent = to_consent_page(platform, Request())
    answer(consent, "approve")
    paths = (
        "/consents",
        "/consents/revoked",
        "/consents/history",
        "/account",
        "/scopes",
        "/login",
        "/nothing-here",
    )
    footers = [said(browser.get(path, status="*").html.footer) for path in paths]
    assert footers == [said(consent.html.footer)] * len(paths)
    assert footers[0].startswith("Help Our privacy notice Complain")


def test_cp_52_title_and_languages(platform):
    platform.add_client("hebrew", name="שמש", purpose="כדי לחסוך")
    page = to_consent_page(platform, Request(client_id="hebrew"))[1].html
    assert page.html["lang"] == "en"
    assert "שמש" in page.title.text
    assert "asks to use your data" in page.title.text
    assert page.blockquote["dir"] == "auto"


@pytest.mark.parametrize(
    ("path", "title"),
    [("/nothing-here", "There is nothing here"), ("/consents/unknown", "There is nothing here")],
)
def test_an_error_says_what_can_be_done_next(platform, path, title):
    browser = platform.browser()
    sign_in(browser, browser.get("/login"), "ada@example.org")
    main = browser.get(path, status=404).html.main
    assert said(main.h1) == title
    assert said(main.h2) == "What you can do now"
    assert [link["href"] for link in main.select("li a")] == ["/consents", "mailto:help@example.org"]


def test_an_authorization_request_that_is_none_says_it_on_our_page(platform):
    page = platform.browser().get(Request(client_id="nobody").url, status=400)
    assert page.request.url.startswith(ISSUER.partition("://")[0])
    assert said(page.html.h2) == "What you can do now"
