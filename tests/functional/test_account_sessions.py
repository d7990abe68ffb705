"""Where somebody is signed in: seen, and ended, by nobody else."""

from __future__ import annotations

import time_machine

from tests.support.account import form_of, is_signed_in, signed_in
from tests.support.platform import ISSUER, visible


def sessions_page(browser):
    return browser.get("/account/sessions")


def end_forms(page) -> list:
    return [form for form in page.forms.values() if "session" in form.fields]


def test_sessions_are_listed_with_little(platform):
    firefox = platform.browser()
    firefox.extra_environ.update(
        HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        REMOTE_ADDR="192.0.2.77",
    )
    form = firefox.get("/login").forms[0]
    form["email"], form["password"] = "ada@example.org", "correct horse battery"
    form.submit(headers={"Origin": ISSUER}, status=303)
    text = visible(sessions_page(signed_in(platform)))
    assert "Firefox" in text
    assert "192.0.2.0/24" in text
    assert "192.0.2.77" not in text
    assert "140" not in text
    assert text.count("This browser") == 1


def test_one_session_is_ended(platform):
    ada, lost, third = (signed_in(platform) for _ in range(3))
    forms = end_forms(sessions_page(ada))
    assert len(forms) == 2
    named = {form["session"].value for form in forms}
    kept = {form["session"].value for form in end_forms(sessions_page(lost))} - named
    assert len(kept) == 1, "the own session is no choice"
    page = forms[0].submit(headers={"Origin": ISSUER}, status=303).follow()
    assert "was signed out" in visible(page)
    assert is_signed_in(ada)
    assert sorted([is_signed_in(lost), is_signed_in(third)]) == [False, True]


def test_all_others_are_ended(platform):
    ada, others = signed_in(platform), [signed_in(platform) for _ in range(3)]
    grace = signed_in(platform, "grace@example.org")
    form = next(form for form in sessions_page(ada).forms.values() if "others" in form.fields)
    form.submit(headers={"Origin": ISSUER}, status=303)
    assert is_signed_in(ada)
    assert not any(is_signed_in(other) for other in others)
    assert is_signed_in(grace)
    assert not any("others" in form.fields for form in sessions_page(ada).forms.values())


def test_066_sessions_of_others_are_neither_seen_nor_ended(platform):
    ada, ada_too = signed_in(platform), signed_in(platform)
    grace = signed_in(platform, "grace@example.org")
    theirs = end_forms(sessions_page(ada))[0]["session"].value
    page = sessions_page(grace)
    assert end_forms(page) == []
    token = form_of(page, "/logout")["csrf_token"].value
    for name in (theirs, "nonsense", "A" * 20):
        fields = {"csrf_token": token, "session": name}
        grace.post("/account/sessions", fields, headers={"Origin": ISSUER}, status=404)
    grace.post("/account/sessions", {"csrf_token": token}, headers={"Origin": ISSUER}, status=400)
    assert is_signed_in(ada)
    assert is_signed_in(ada_too)


def test_last_use_is_noted_by_the_hour(platform):
    ada = signed_in(platform)
    owner_id, start = None, platform.runtime.clock.now()
    with platform.runtime.storage.reading() as uow:
        owner_id = uow.owners.by_email("ada@example.org").owner_id

    def seen_at():
        with platform.runtime.storage.reading() as uow:
            return uow.owners.sessions(owner_id, platform.runtime.clock.now())[0].seen_at

    first = seen_at()
    with time_machine.travel(start / 1000 + 1800, tick=False):
        ada.get("/consents")
        assert seen_at() == first
    with time_machine.travel(start / 1000 + 3 * 3600, tick=False):
        ada.get("/consents")
        assert seen_at() - first >= 3 * 3600 * 1000 - 60_000


def test_account_pages_need_a_sign_in(platform):
    for path in ("/account", "/account/sessions", "/account/password", "/account/email", "/account/language"):
        assert platform.browser().get(path, status=303).location.endswith(f"/login?next={path}")


def test_the_account_is_one_step_from_the_dashboard(platform):
    ada = signed_in(platform)
    page = ada.get("/consents").click("Account")
    text = visible(page)
    assert "ada@example.org" in text
    for link in ("Change your e-mail address", "Change your password", "Your sessions"):
        page.click(link)
