"""What went wrong in other authorization servers, on pages, in cookies and over restarts: one test each."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from consentcore.app import app_from_runtime
from consentcore.config import load_ini
from consentcore.runtime import build_runtime
from tests.support.platform import (
    CALLBACK,
    ISSUER,
    PREFIX,
    Request,
    answer,
    connect,
    exchange,
    introspect,
    make_platform,
    refresh,
    sign_in,
    to_consent_page,
)


def grants(platform):
    with platform.runtime.storage.reading() as uow:
        return uow.grants.all()


def test_incident_dot_1819_another_signed_in_user_cannot_confirm(platform):
    """Not even with the whole form and a valid token of their own."""
    _, page = to_consent_page(platform, Request(), "ada@example.org")
    fields = dict(page.forms[0].submit_fields("decision", submit_value="approve"))
    other = platform.browser()
    sign_in(other, other.get("/login"), "grace@example.org")
    fields["csrf_token"] = other.get("/consents").forms[0]["csrf_token"].value
    other.post("/consent", fields, headers={"Origin": ISSUER}, status=410)
    assert grants(platform) == []
    assert "code" in answer(page, "approve")


def test_incident_authlib_state_a_login_form_of_another_session_signs_nobody_in(platform):
    """Login CSRF: a form that was fetched in one browser does not count in another."""
    page = platform.browser().get("/login")
    fields = {
        "email": "ada@example.org",
        "password": "correct horse battery",
        "csrf_token": page.forms[0]["csrf_token"].value,
    }
    victim = platform.browser()
    victim.get("/login")
    victim.post("/login", fields, headers={"Origin": ISSUER}, status=403)
    assert "/login" in victim.get("/consents", status=303).location


def restarted(platform, tmp_path):
    """The same installation as a new process has it: nothing in memory, everything from the INI."""
    platform.runtime.close()
    platform.runtime = build_runtime(load_ini(str(tmp_path / "test.ini")))
    platform.app = app_from_runtime(platform.runtime)
    return platform


def test_52_cve_2026_9802_what_was_revoked_or_rotated_stays_so_over_a_restart(tmp_path):
    platform = make_platform(tmp_path, storage="sqlalchemy")
    revoked = connect(platform)
    body = {
        "token": revoked["refresh_token"],
        "client_id": "coolsite",
        "client_secret": platform.client_secret,
    }
    platform.browser().post(f"{PREFIX}/revoke", body, status=200)
    old = connect(platform)
    new = refresh(platform, old["refresh_token"]).json
    newest = refresh(platform, new["refresh_token"]).json
    request = Request()
    _, page = to_consent_page(platform, request)
    code = answer(page, "approve")["code"]

    restarted(platform, tmp_path)
    assert refresh(platform, revoked["refresh_token"]).json["error"] == "invalid_grant"
    assert introspect(platform, revoked["access_token"]) == {"active": False}
    assert introspect(platform, newest["access_token"])["active"] is True
    assert refresh(platform, new["refresh_token"]).json["refresh_token"] == newest["refresh_token"]
    assert exchange(platform, request, code).status_int == 200
    restarted(platform, tmp_path)
    assert exchange(platform, request, code).json["error"] == "invalid_grant"
    assert refresh(platform, old["refresh_token"]).json["error"] == "invalid_grant"
    assert introspect(platform, newest["access_token"]) == {"active": False}
    platform.runtime.close()


def test_65_cve_2026_7571_no_field_or_cookie_changes_what_was_asked(platform):
    request = Request(scope="sites.read")
    browser, page = to_consent_page(platform, request)
    form = page.forms[0]
    fields = dict(form.submit_fields("decision", submit_value="approve"))
    fields |= {
        "client_id": "shiftplan",
        "redirect_uri": "https://evil.example/",
        "response_type": "token",
        "owner_id": "somebody",
        "state": "other",
    }
    for more in ("comfort.read", "sites.read comfort.read offline_access"):
        refused = browser.post("/consent", fields | {"scope": more}, headers={"Origin": ISSUER}, status=400)
        assert "scope: expected only what the page offered" in refused.text
        assert grants(platform) == []
    back = browser.post("/consent", fields, headers={"Origin": ISSUER}, status=303).location
    assert back.startswith(f"{CALLBACK}?code=")
    assert "state=st-1" in back
    (grant,) = grants(platform)
    assert (grant.client_id, grant.scope_ids) == ("coolsite", ("sites.read",))


@pytest.mark.parametrize(
    "path", ["/consents;x=1", "/consents/..;/operator", "/login;a", "/livez;.css", "/consents/;/x"]
)
def test_cve_2026_0976_matrix_parameters_open_no_page(platform, path):
    assert platform.browser().get(path, expect_errors=True).status_int in (303, 400, 404)
    protocol = platform.browser().get(f"{PREFIX}/authorize;x?client_id=coolsite", expect_errors=True)
    assert protocol.status_int == 404


def test_cve_2024_4540_the_cookie_holds_nothing_of_the_request(platform):
    browser = platform.browser()
    browser.get(Request(state="secret-state", scope="sites.read").url).follow()
    for name, value in browser.cookies.items():
        assert len(value) < 200, name
        for told in ("secret-state", "coolsite", "sites.read", "callback"):
            assert told not in value


SCRIPTS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "'-alert(1)-'",
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_79_cve_2018_14655_no_script_in_state_or_redirect_uri(platform, script):
    _, page = to_consent_page(platform, Request(state=script))
    assert script not in page.text
    assert answer(page, "approve")["state"] == script
    refused = platform.browser().get(Request(redirect_uri=script).url, status=400)
    assert script not in refused.text
    assert "Location" not in refused.headers


def test_80_cve_2024_4629_parallel_guesses_do_not_pass_the_limit(platform):
    def guess(number):
        browser = platform.browser()
        form = browser.get("/login").forms[0]
        form["email"], form["password"] = "ada@example.org", f"wrong-{number}"
        return form.submit(headers={"Origin": ISSUER}, expect_errors=True).status_int

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, range(40)))
    assert set(answers) <= {400, 429}
    assert answers.count(400) <= 20
    assert 429 in answers


def test_65_cve_2023_0264_the_login_of_another_session_is_not_accepted(platform):
    """The link to a pending request opens nothing in another browser, before and after signing in."""
    mine = platform.browser()
    login = mine.get(Request().url, status=303).location
    other = platform.browser()
    other.get("/login")
    sign_in(other, other.get("/login"), "grace@example.org")
    for page in ("/login", "/consent"):
        assert other.get(login.replace("/login", page), expect_errors=True).status_int in (303, 410)
    assert other.get(login.replace("/login", "/consent"), expect_errors=True).status_int == 410
    assert "CoolSite" in sign_in(mine, mine.get(login)).text
