"""What browsers and people send in forms: text in any language, and what is none."""

from __future__ import annotations

import pytest

from tests.support.platform import PASSWORD, make_platform

FORM = "application/x-www-form-urlencoded"
NO_TEXT = [
    "%00",
    "a%ED%A0%80",
    "a%ED%B3%BF",
    "%FF",
    "%C0%80",
    "a%F4%90%80%80",
    "\xff",
    "\xed\xa0\x80",
    "\x00",
]


@pytest.mark.parametrize("value", NO_TEXT, ids=ascii)
@pytest.mark.parametrize("field", ["email", "password", "csrf_token", "next"])
def test_field_that_holds_no_text_is_answered_with_its_name(platform, field, value):
    """RFC 3629 section 3: surrogates are no part of UTF-8."""
    browser = platform.browser()
    form = browser.get("/login").forms[0]
    others = "&".join(f"{name}={form[name].value or 'x'}" for name in ("csrf_token",) if name != field)
    answer = browser.post(
        "/login", f"{others}&{field}={value}".encode("latin-1"), content_type=FORM, expect_errors=True
    )
    assert answer.status_int == 400
    assert f"{field}: expected text" in answer.text


@pytest.mark.parametrize("value", ["%00", "%ED%A0%80", "%FF"])
def test_query_that_holds_no_text_is_answered_with_its_name(platform, value):
    answer = platform.browser().get(f"/login?next={value}", expect_errors=True)
    assert answer.status_int == 400
    assert "next: expected text" in answer.text


def test_name_of_a_field_that_is_no_text_is_refused(platform):
    answer = platform.browser().post("/login", "%FF=1", content_type=FORM, expect_errors=True)
    assert answer.status_int == 400
    assert "form: expected text in UTF-8" in answer.text


def test_text_in_any_language_arrives(platform):
    browser = platform.browser()
    form = browser.get("/login").forms[0]
    form["email"], form["password"] = "größe\u200c名@bücher.example", "x"
    assert "größe\u200c名@bücher.example" in form.submit(expect_errors=True).text


def test_password_with_accents_is_right_however_it_was_typed(platform):
    owner = platform.add_owner("zoe@example.org")
    with platform.runtime.storage.transaction() as uow:
        platform.runtime.login.set_password(uow, owner.owner_id, "Garc\u0327on de cafe\u0301")
    browser = platform.browser()
    form = browser.get("/login").forms[0]
    form["email"], form["password"] = "zoe@example.org", "Gar\u00e7on de caf\u00e9"
    assert form.submit().location.endswith("/consents")


@pytest.mark.parametrize(
    ("issuer", "origin"),
    [
        ("https://Consent.Example", "https://consent.example"),
        ("https://consent.example:443", "https://consent.example"),
        ("HTTPS://CONSENT.example.:443/", "https://consent.example"),
        ("https://straße.example", "https://xn--strae-oqa.example"),
        ("https://[2001:DB8::0:1]", "https://[2001:db8::1]"),
    ],
)
def test_people_sign_in_whichever_way_the_issuer_is_written(tmp_path, issuer, origin):
    """RFC 6454: what a browser sends as Origin has no capitals and no default port, and is ASCII."""
    platform = make_platform(tmp_path, issuer=issuer, extra="consentcore.plugin.devmail.readers = 127.0.0.1")
    browser = platform.browser()
    browser.extra_environ.update(HTTP_HOST="backend:8080", **{"wsgi.url_scheme": "https"})
    form = browser.get("/login").forms[0]
    form["email"], form["password"] = "ada@example.org", PASSWORD
    assert form.submit(headers={"Origin": origin}).status_int == 303
    known = browser.get("/.well-known/oauth-authorization-server").json
    assert known["issuer"].rstrip("/") == origin
    assert known["token_endpoint"].startswith(f"{origin}/")


def test_people_sign_in_at_an_address_with_another_spelling_of_the_host(platform):
    browser = platform.browser()
    page = browser.get("/login", extra_environ={"HTTP_HOST": "Pages.Example:80"})
    page.forms[0]["email"], page.forms[0]["password"] = "ada@example.org", PASSWORD
    answer = page.forms[0].submit(
        headers={"Origin": "http://pages.example"}, extra_environ={"HTTP_HOST": "Pages.Example:80"}
    )
    assert answer.status_int == 303
