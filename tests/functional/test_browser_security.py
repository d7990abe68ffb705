"""Sessions, anti-forgery, headers and input that nobody should send."""

from __future__ import annotations

import gc

import pytest
from transaction.interfaces import TransientError

from consentcore.domain.errors import StorageConflict, StorageUnavailable
from tests.support.platform import ISSUER, PASSWORD, Request, connect, sign_in, to_consent_page, visible

PAGES = ("/login", "/consents", "/consents/revoked", "/consents/history")


def signed_in(platform, email="ada@example.org"):
    browser = platform.browser()
    sign_in(browser, browser.get("/login"), email)
    return browser


def test_71_a_post_without_the_token_is_refused(platform):
    connect(platform)
    browser = signed_in(platform)
    link = browser.get("/consents").html.find("a", class_="danger")["href"]
    for fields in ({}, {"csrf_token": "x"}, {"csrf_token": "é"}):
        assert browser.post(link, fields, expect_errors=True).status_int == 403
    assert "CoolSite" in visible(browser.get("/consents"))


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", f"{ISSUER}.evil.example", "http://127.0.0.1:1"]
)
def test_71_a_post_from_a_foreign_origin_is_refused(platform, origin):
    browser = signed_in(platform)
    form = browser.get("/consents").forms[0]
    assert form.submit(headers={"Origin": origin}, expect_errors=True).status_int == 403
    assert browser.get("/consents").status_int == 200


def test_72_no_state_changes_by_get(platform):
    connect(platform)
    browser = signed_in(platform)
    link = browser.get("/consents").html.find("a", class_="danger")["href"]
    browser.get(link)
    browser.get(f"{link}?csrf_token={browser.get('/consents').forms[0]['csrf_token'].value}")
    assert browser.get("/logout", expect_errors=True).status_int == 405
    assert "CoolSite" in visible(browser.get("/consents"))


@pytest.mark.parametrize("path", [*PAGES, "/nothing", f"{Request(client_id='nobody').url}"])
def test_73_75_every_page_carries_the_headers(platform, path):
    response = signed_in(platform).get(path, expect_errors=True)
    headers = response.headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in headers


def test_75_scripts_fetch_only_where_a_question_is_opened_as_a_dialog(platform):
    browser = signed_in(platform)
    fetching = [
        path
        for path in (*PAGES, "/consents/revoked", "/account", Request().url)
        if "connect-src" in browser.get(path, expect_errors=True).headers["Content-Security-Policy"]
    ]
    assert fetching == ["/consents"]
    policy = browser.get("/consents").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "connect-src 'self'; form-action 'self'; " in policy


def test_76_the_cookie_is_locked_down(platform):
    cookie = platform.browser().get("/login").headers["Set-Cookie"]
    assert cookie.startswith("consentcore_session=")
    for attribute in ("HttpOnly", "SameSite=Lax", "Path=/"):
        assert attribute in cookie
    assert "Domain" not in cookie


def test_77_login_changes_the_session_and_kills_the_old_one(platform):
    browser = platform.browser()
    page = browser.get("/login")
    before = browser.cookies["consentcore_session"]
    sign_in(browser, page)
    after = browser.cookies["consentcore_session"]
    assert before != after
    browser.set_cookie("consentcore_session", before)
    assert "/login" in browser.get("/consents", status=303).location


def test_77_logout_kills_the_session_on_the_server(platform):
    browser = signed_in(platform)
    cookie = browser.cookies["consentcore_session"]
    browser.get("/consents").forms[0].submit(status=303)
    browser.set_cookie("consentcore_session", cookie)
    assert "/login" in browser.get("/consents", status=303).location


def test_77_a_planted_or_tampered_cookie_is_worth_nothing(platform):
    browser = signed_in(platform)
    sid, _, mac = browser.cookies["consentcore_session"].partition(".")
    tampered = mac[:-1] + ("B" if mac.endswith("A") else "A")
    for value in (sid, f"{sid}.", f"{sid}.{tampered}", f"{sid}x.{mac}", "é", "." * 50):
        stranger = platform.browser()
        assert (
            "/login" in stranger.get("/consents", headers={"Cookie": f"consentcore_session={value}"}).location
        )


def test_79_names_are_escaped(platform):
    platform.add_client("evil", name="<script>alert(1)</script>", purpose='"><img src=x onerror=alert(1)>')
    _, page = to_consent_page(platform, Request(client_id="evil"))
    assert "<script>" not in page.text
    assert "<img" not in page.text


def test_81_unknown_owner_and_wrong_password_get_the_same_answer(platform):
    answers = []
    for email, password in (("ada@example.org", "wrong password"), ("nobody@example.org", PASSWORD)):
        browser = platform.browser()
        form = browser.get("/login").forms[0]
        form["email"], form["password"] = email, password
        page = form.submit(status=400)
        answers.append(visible(page).replace(email, ""))
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/consents\r\nX: y"],
)
def test_83_login_leads_nowhere_else(platform, target):
    browser = platform.browser()
    page = browser.get("/login")
    fields = {
        "csrf_token": page.forms[0]["csrf_token"].value,
        "email": "ada@example.org",
        "password": PASSWORD,
    }
    response = browser.post("/login", {**fields, "next": target}, status=303)
    assert response.location.endswith("/consents")


def test_login_brings_the_person_back_to_the_page(platform):
    browser = platform.browser()
    page = browser.get("/consents/history").follow()
    assert sign_in(browser, page).request.path == "/consents/history"


def test_the_right_password_is_never_throttled(platform):
    for _ in range(30):
        browser = platform.browser()
        sign_in(browser, browser.get("/login"))


def test_guessing_is_throttled(platform):
    statuses = set()
    for _ in range(25):
        browser = platform.browser()
        form = browser.get("/login").forms[0]
        form["email"], form["password"] = "ada@example.org", "guess"
        response = form.submit(expect_errors=True)
        statuses.add(response.status_int)
        if response.status_int == 429:
            assert int(response.headers["Retry-After"]) > 0
    assert statuses == {400, 429}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/login?i=%ff", 400),
        ("/login?i=a&i=b", 400),
        ("/login?i=%00", 400),
        ("/login?i=cci_bogus", 410),
        ("/consent", 410),
        ("/consent?i=" + "x" * 5000, 410),
        ("/consents/a%00b", 400),
        ("/consents/..%2f..%2fetc", 404),
        ("/consents/history?before=%ff", 400),
        ("/consents/history?before=nobody", 200),
        ("/consents?after=nobody", 200),
    ],
)
def test_87_junk_is_a_clear_4xx(platform, path, status):
    response = signed_in(platform).get(path, expect_errors=True)
    assert response.status_int == status
    assert "Traceback" not in response.text


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"csrf_token=%ff", "application/x-www-form-urlencoded", 400),
        (b"csrf_token=a&csrf_token=b", "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 400),
        (b"x=" + b"y" * 300_000, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"a=b" for _ in range(1000)), "application/x-www-form-urlencoded", 400),
    ],
)
def test_87_junk_bodies_are_a_clear_4xx(platform, body, content_type, status):
    response = signed_in(platform).post("/login", body, content_type=content_type, expect_errors=True)
    assert response.status_int == status


def test_88_a_wrong_method_says_which_are_right(platform):
    assert platform.browser().put("/login", expect_errors=True).status_int in {404, 405}


def test_87_a_path_that_is_no_utf8_is_refused(platform):
    said = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/consents/\xff",
        "SERVER_NAME": "x",
        "SERVER_PORT": "80",
    }
    body = platform.app(environ, lambda status, headers: said.append((status, dict(headers))))
    assert b"path: expected UTF-8" in b"".join(body)
    assert said[0][0] == "400 Bad Request"
    assert said[0][1]["X-Frame-Options"] == "DENY"


def test_refused_request_is_gone_with_its_body_without_the_garbage_collector(platform):
    """Else big bodies that are refused make a process grow until the collector comes by."""
    from pyramid.request import Request as PyramidRequest

    def posted():
        found = (thing for thing in gc.get_objects() if isinstance(thing, PyramidRequest))
        return [request.path for request in found if request.method == "POST"]

    def refuse():
        platform.browser().post("/login", "x" * 9_000, expect_errors=True)
        browser = signed_in(platform)
        browser.post("/consents/nothing/revoke", "x" * 9_000, expect_errors=True)

    refuse()
    gc.collect()
    gc.disable()
    try:
        refuse()
        assert posted() == []
    finally:
        gc.enable()


@pytest.mark.parametrize(("also", "tries"), [((), 5), ((StorageUnavailable,), 2)], ids=["collision", "lock"])
def test_a_page_is_tried_five_times_after_collisions_and_twice_for_a_lock(
    platform, monkeypatch, caplog, also, tries
):
    """Whoever waits for a lock waits long each time, and holds a thread that others need."""
    failure = type("Failure", (StorageConflict, TransientError, *also), {})
    browser, tried = platform.browser(), []
    browser.get("/login")

    def join(*_arguments, **_options):
        tried.append(1)
        raise failure("another writer")

    monkeypatch.setattr(platform.runtime.storage, "join", join)
    answer = browser.get("/consents", status=503)
    assert answer.headers["Retry-After"] == "5"
    assert len(tried) == tries
    assert [record.levelname for record in caplog.records if record.name == "consentcore.web"] == ["ERROR"]
