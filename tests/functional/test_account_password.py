"""A forgotten password, and one that is changed."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
import time_machine

from tests.support.account import (
    NEW_PASSWORD,
    ask_reset,
    can_sign_in,
    form_of,
    is_signed_in,
    link_in,
    mails,
    newest_link,
    set_password,
    signed_in,
    subjects,
)
from tests.support.platform import ISSUER, PASSWORD, make_platform, visible


@pytest.fixture
def platform(tmp_path):
    """A platform on SQLite; the conformance kit proves the verbs on every storage."""
    made = make_platform(tmp_path, storage="sqlalchemy")
    yield made
    made.runtime.close()


@pytest.mark.parametrize("storage", ["memory", "sqlalchemy"])
def test_a_forgotten_password_is_replaced_by_mail(tmp_path, storage):
    platform = make_platform(tmp_path, storage=storage)
    old, browser = signed_in(platform), platform.browser()
    assert "/account/reset" in browser.get("/login").text
    assert ask_reset(browser, status=303).location.endswith("/account/reset/sent")
    assert "mail with a link is on its way" in visible(browser.get("/account/reset/sent"))

    (mail,) = mails(platform, "ada@example.org")
    assert mail["Subject"] == "Choose a new password"
    done = set_password(platform.browser(), link_in(mail), status=303).follow()
    assert "Your password was changed" in visible(done)

    assert not is_signed_in(old), "every session ends"
    assert not can_sign_in(platform, PASSWORD)
    assert can_sign_in(platform, NEW_PASSWORD)
    assert subjects(platform, "ada@example.org")[1:] == ["Your password was changed"]


def test_081_the_answer_does_not_tell_whether_there_is_an_account(platform):
    known, unknown = (
        ask_reset(platform.browser(), email, status=303) for email in ("ada@example.org", "no@example.org")
    )
    assert known.location == unknown.location
    assert sorted(known.headers) == sorted(unknown.headers)
    assert mails(platform, "no@example.org") == []
    assert len(mails(platform, "ada@example.org")) == 1


def test_081_the_same_work_is_done_for_an_unknown_address(tmp_path):
    from sqlalchemy import event

    platform, seen = make_platform(tmp_path, storage="sqlalchemy"), Counter()
    engine = platform.runtime.storage._database.engine
    event.listen(engine, "before_cursor_execute", lambda *arguments: seen.update([arguments[2].split()[0]]))
    counts = []
    for email in ("ada@example.org", "no@example.org"):
        browser = platform.browser()
        form = form_of(browser.get("/account/reset"), "/account/reset")
        form["email"] = email
        seen.clear()
        form.submit(headers={"Origin": ISSUER}, status=303)
        counts.append(sum(seen.values()))
    platform.runtime.close()
    assert counts[0] == counts[1]


def test_a_link_is_good_once(platform):
    ask_reset(platform.browser())
    link = newest_link(platform, "ada@example.org")
    first, second = platform.browser(), platform.browser()
    opened = form_of(second.get(link), "/account/reset/new")
    set_password(first, link, status=303)
    opened["password"] = "somebody else's choice"
    assert "no longer works" in visible(opened.submit(headers={"Origin": ISSUER}, status=410))
    second.get(link, status=410)
    assert can_sign_in(platform, NEW_PASSWORD)


def test_of_several_at_once_one_sets_the_password(database):
    platform = database
    ask_reset(platform.browser())
    link = newest_link(platform, "ada@example.org")
    forms = [form_of(platform.browser().get(link), "/account/reset/new") for _ in range(4)]
    statuses, start = [], threading.Barrier(len(forms))

    def submit(number, form):
        form["password"] = f"choice number {number}"
        start.wait()
        statuses.append(form.submit(headers={"Origin": ISSUER}, expect_errors=True).status_int)

    threads = [threading.Thread(target=submit, args=pair) for pair in enumerate(forms)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303, 410, 410, 410]
    assert sum(can_sign_in(platform, f"choice number {number}") for number in range(4)) == 1


def test_whoever_was_signed_in_in_that_browser_is_not_any_more(platform):
    grace = signed_in(platform, "grace@example.org")
    ask_reset(platform.browser())
    session = grace.cookies["consentcore_session"]
    set_password(grace, newest_link(platform, "ada@example.org"), status=303)
    thief = platform.browser()
    thief.set_cookie("consentcore_session", session)
    assert not is_signed_in(thief)


def test_a_link_runs_out_after_an_hour(platform):
    before = platform.runtime.clock.now() / 1000
    ask_reset(platform.browser())
    after = platform.runtime.clock.now() / 1000
    link = newest_link(platform, "ada@example.org")
    with time_machine.travel(before + 3599, tick=False):
        platform.browser().get(link, status=200)
    with time_machine.travel(after + 3601, tick=False):
        platform.browser().get(link, status=410)


def test_a_mail_that_comes_too_late_is_not_sent(platform):
    ask_reset(platform.browser())
    with time_machine.travel(platform.runtime.clock.now() / 1000 + 3610, tick=False):
        assert mails(platform, "ada@example.org") == []


def test_a_new_password_ends_every_other_link(platform):
    for _ in range(2):
        ask_reset(platform.browser())
    first, second = (link_in(mail) for mail in mails(platform, "ada@example.org"))
    set_password(platform.browser(), second, status=303)
    platform.browser().get(first, status=410)


def test_a_poor_password_is_refused_and_the_link_stays_good(platform):
    ask_reset(platform.browser())
    link = newest_link(platform, "ada@example.org")
    for poor in ("short", "password", "ada@example.org", "x" * 2000):
        page = set_password(platform.browser(), link, poor, status=400)
        assert "not good enough" in visible(page)
        assert page.headers["Referrer-Policy"] == "strict-origin"
    set_password(platform.browser(), link, status=303)


def test_075_the_secret_of_a_link_leaves_by_no_referrer(platform):
    ask_reset(platform.browser())
    page = platform.browser().get(newest_link(platform, "ada@example.org"))
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert page.headers["Cache-Control"] == "no-store"


def test_072_opening_a_link_changes_nothing(platform):
    ask_reset(platform.browser())
    link = newest_link(platform, "ada@example.org")
    for _ in range(3):
        platform.browser().get(link, status=200)
        platform.browser().request(link, method="HEAD", status=200)
    assert can_sign_in(platform, PASSWORD)


@pytest.mark.parametrize("secret", ["", "x", "cct_" + "A" * 49, "%00", "cct_%C3%BC", "a&t=b"])
def test_087_odd_links_are_refused(platform, secret):
    assert platform.browser().get(f"/account/reset/new?t={secret}", expect_errors=True).status_int in {
        400,
        410,
    }
    assert platform.browser().get(f"/account/email/confirm?t={secret}", expect_errors=True).status_int in {
        400,
        410,
    }


@pytest.mark.parametrize("email", ["", "ada", "a@b\r\nc: d", "ü" * 500, "ada@"])
def test_096_odd_addresses_are_refused(platform, email):
    form = form_of(platform.browser().get("/account/reset"), "/account/reset")
    form["email"] = email
    assert "no e-mail address" in visible(form.submit(headers={"Origin": ISSUER}, status=400))


def test_080_a_mailbox_is_not_flooded_and_nobody_is_locked_out(platform):
    for _ in range(5):
        answer = ask_reset(platform.browser(), status=303)
        assert answer.location.endswith("/account/reset/sent"), "the answer stays the same"
    assert len(mails(platform, "ada@example.org")) == 3
    for mail in mails(platform, "ada@example.org"):
        platform.browser().get(link_in(mail), status=200)
    assert can_sign_in(platform, PASSWORD)


def test_080_one_address_asks_at_a_pace(platform):
    for number in range(20):
        ask_reset(platform.browser(), f"somebody{number}@example.org", status=303)
    refused = ask_reset(platform.browser(), "grace@example.org", status=429)
    assert 1 <= int(refused.headers["Retry-After"]) <= 3600
    assert mails(platform, "grace@example.org") == []


def test_080_a_stranger_elsewhere_uses_up_nobody_elses_links(platform):
    """What somebody asks for from another network counts against them, not against the mailbox that they name."""
    for _ in range(10):
        ask_reset(platform.browser(), extra_environ={"REMOTE_ADDR": "203.0.113.7"}, status=303)
    assert len(mails(platform, "ada@example.org")) == 3
    page = ask_reset(platform.browser(), extra_environ={"REMOTE_ADDR": "198.51.100.1"}, status=303).follow()
    assert len(mails(platform, "ada@example.org")) == 4
    assert "was not sent enough links already" in visible(page)
    assert "Enough is 3 within an hour, or 30 where several people ask" in visible(page)


def test_080_a_mailbox_gets_so_many_links_whoever_asks(platform):
    """Thirty an hour, and each of them works: who is named too often still gets in by the newest."""
    for number in range(12):
        for _ in range(4):
            ask_reset(platform.browser(), extra_environ={"REMOTE_ADDR": f"203.0.113.{number}"}, status=303)
    got = mails(platform, "ada@example.org")
    assert len(got) == 30
    set_password(platform.browser(), link_in(got[-1]), status=303)
    assert can_sign_in(platform, NEW_PASSWORD)


def test_071_forms_of_other_sites_do_nothing(platform):
    browser = platform.browser()
    token = form_of(browser.get("/account/reset"), "/account/reset")["csrf_token"].value
    fields = {"email": "ada@example.org", "csrf_token": token}
    browser.post("/account/reset", fields, headers={"Origin": "https://evil.example"}, status=403)
    browser.post("/account/reset", fields | {"csrf_token": "x"}, headers={"Origin": ISSUER}, status=403)
    ada = signed_in(platform)
    for path in ("/account/password", "/account/email", "/account/sessions", "/account/reset/new"):
        ada.post(path, {"others": "1"}, headers={"Origin": ISSUER}, status=403)
    ada.post("/account/email/confirm", {"t": "x"}, headers={"Origin": ISSUER}, status=403)
    assert mails(platform, "ada@example.org") == []


def test_043_no_secret_of_a_link_is_stored(platform, tmp_path):
    ask_reset(platform.browser())
    link = newest_link(platform, "ada@example.org")
    secret = link.partition("t=")[2]
    with platform.runtime.storage.reading() as uow:
        told = platform.runtime.storage.delivery_log.deliveries(limit=1000)
        notices = uow.notices.several({one.notice_id for one in told}).values()
        rows = [notice for notice in notices if notice.kind.is_account]
    assert len(rows) == 1
    assert secret not in rows[0].data
    assert "@" not in rows[0].data
    for path in tmp_path.glob("consentcore.sqlite*"):
        assert secret.encode() not in path.read_bytes()


def test_a_password_is_changed_by_whoever_knows_it(platform):
    ada, elsewhere = signed_in(platform), signed_in(platform)
    before = ada.cookies["consentcore_session"]
    form = form_of(ada.get("/account/password"), "/account/password")
    form["current_password"], form["password"] = PASSWORD, NEW_PASSWORD
    page = form.submit(headers={"Origin": ISSUER}, status=303).follow()
    assert "Your password was changed" in visible(page)
    assert is_signed_in(ada)
    assert ada.cookies["consentcore_session"] != before
    assert not is_signed_in(elsewhere)
    assert can_sign_in(platform, NEW_PASSWORD)
    assert not can_sign_in(platform, PASSWORD)
    assert subjects(platform, "ada@example.org") == ["Your password was changed"]


@pytest.mark.parametrize(
    ("present", "chosen", "said"),
    [("wrong", NEW_PASSWORD, "not your present password"), (PASSWORD, "short", "not good enough")],
)
def test_a_password_stays_when_the_form_is_wrong(platform, present, chosen, said):
    ada = signed_in(platform)
    form = form_of(ada.get("/account/password"), "/account/password")
    form["current_password"], form["password"] = present, chosen
    assert said in visible(form.submit(headers={"Origin": ISSUER}, status=400))
    assert is_signed_in(ada)
    assert can_sign_in(platform, PASSWORD)
    assert mails(platform, "ada@example.org") == []


def test_080_the_present_password_is_not_guessed_here(platform):
    ada = signed_in(platform)
    form = form_of(ada.get("/account/password"), "/account/password")
    form["password"] = NEW_PASSWORD
    statuses = []
    for number in range(12):
        form["current_password"] = f"guess {number}"
        statuses.append(form.submit(headers={"Origin": ISSUER}, expect_errors=True).status_int)
    assert statuses == [400] * 10 + [429] * 2


def test_no_webhook_and_no_plugin_is_told_of_an_account(platform):
    ask_reset(platform.browser())
    mails(platform, "ada@example.org")
    deliveries = platform.runtime.storage.delivery_log.deliveries()
    assert [(one.notifier, one.target) for one in deliveries] == [("devmail", "owner")]
