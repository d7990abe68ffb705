"""Requirements of the security checklist that no journey shows by itself: redirects, HSTS, error pages, CORS."""

from __future__ import annotations

import logging

import pytest

from tests.support.platform import (
    CALLBACK,
    ISSUER,
    PREFIX,
    Request,
    answer,
    connect,
    make_platform,
    proceed,
    sign_in,
    to_consent_page,
)


def test_12_every_redirect_is_a_303(platform):
    browser = platform.browser()
    assert browser.get(Request(scope="nope").url).status_int == 303
    to_login = browser.get(Request().url)
    assert to_login.status_int == 303
    form = to_login.follow().forms[0]
    form["email"], form["password"] = "ada@example.org", "correct horse battery"
    signed_in = form.submit(headers={"Origin": ISSUER})
    assert signed_in.status_int == 303
    page = signed_in.follow()
    approved = page.forms[0].submit("decision", value="approve")
    assert (approved.status_int, approved.location.startswith(CALLBACK)) == (303, True)
    assert browser.get(Request().url).status_int == 303, "a remembered consent"
    _, page = to_consent_page(platform, Request(), "grace@example.org")
    assert page.forms[0].submit("decision", value="deny").status_int == 303
    assert proceed(browser.get("/consents").click("Revoke Access")).submit().status_int == 303
    assert browser.get("/consents").forms[0].submit().status_int == 303


@pytest.mark.parametrize(
    ("seconds", "subdomains", "told"),
    [
        (0, "", None),
        (0, "true", None),
        (31_536_000, "", "max-age=31536000"),
        (31_536_000, "true", "max-age=31536000; includeSubDomains"),
    ],
)
def test_78_hsts_where_it_is_configured(tmp_path, seconds, subdomains, told):
    """RFC 6797 section 6.1.2: includeSubDomains speaks for hosts of other people, so it has to be asked for."""
    extra = f"consentcore.web.hsts_s = {seconds}\n"
    if subdomains:
        extra += f"consentcore.web.hsts_include_subdomains = {subdomains}\n"
    platform = make_platform(tmp_path, extra=extra)
    for path in ("/login", "/livez", "/nowhere", Request(client_id="nobody").url):
        header = platform.browser().get(path, expect_errors=True).headers.get("Strict-Transport-Security")
        assert header == told
    platform.runtime.close()


@pytest.mark.parametrize("path", ["/consents", "/login", f"{PREFIX}/authorize?client_id=coolsite"])
def test_85_an_internal_error_is_a_plain_page(platform, monkeypatch, caplog, path):
    def broken(*_args, **_options):
        raise RuntimeError("the password is hunter2")

    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    caplog.set_level(logging.ERROR)
    for name in ("reading", "transaction", "join"):
        monkeypatch.setattr(platform.runtime.storage, name, broken)
    monkeypatch.setattr(platform.runtime.storage.protocol, "read_authorize", broken)
    page = browser.get(path, status=500)
    for told in ("Traceback", "RuntimeError", "hunter2", ".py"):
        assert told not in page.text
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "hunter2" in caplog.text, "the operator is told"


def test_86_no_cors_where_people_are(platform):
    connect(platform)
    browser, page = to_consent_page(platform, Request(scope="alarms.read"))
    headers = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    for path in (Request().url, "/login", page.request.path_qs, "/consents", "/consents/history"):
        for method in ("GET", "OPTIONS"):
            told = browser.request(path, method=method, headers=headers, expect_errors=True).headers
            assert [name for name in told if name.lower().startswith("access-control-")] == []
    assert "code" in answer(page, "approve")
