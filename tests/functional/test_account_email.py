"""An account moves to another address: both agree, and the old one is told for a while."""

from __future__ import annotations

import threading

import pytest
import time_machine

from tests.support.account import (
    NEW_PASSWORD,
    ask_reset,
    can_sign_in,
    form_of,
    link_in,
    mails,
    newest_link,
    set_password,
    signed_in,
    subjects,
)
from tests.support.platform import ISSUER, PASSWORD, Request, answer, make_platform, to_consent_page, visible

OLD, NEW = "ada@example.org", "ada@new.example"
DAY_S = 86400


def ask(browser, email: str = NEW, password: str = PASSWORD, **options):
    form = form_of(browser.get("/account/email"), "/account/email")
    form["email"], form["current_password"] = email, password
    return form.submit(headers={"Origin": ISSUER}, **options)


def confirm(browser, link: str, **options):
    form = form_of(browser.get(link), "/account/email/confirm")
    return form.submit(headers={"Origin": ISSUER}, **options)


def links(platform) -> tuple[str, str]:
    return newest_link(platform, OLD), newest_link(platform, NEW)


def moved(platform) -> None:
    """Ada has moved."""
    ask(signed_in(platform), status=303)
    for link in links(platform):
        confirm(platform.browser(), link, status=200)


@pytest.fixture
def platform(tmp_path):
    """A platform on SQLite; the conformance kit proves the verbs on every storage."""
    made = make_platform(tmp_path, storage="sqlalchemy")
    yield made
    made.runtime.close()


@pytest.mark.parametrize(("storage", "order"), [("memory", (0, 1)), ("sqlalchemy", (1, 0))])
def test_an_address_changes_when_both_have_confirmed(tmp_path, storage, order):
    platform = make_platform(tmp_path, storage=storage)
    ada = signed_in(platform)
    assert "look into both mailboxes" in visible(ask(ada, status=303).follow())
    both = links(platform)
    first = confirm(platform.browser(), both[order[0]], status=200)
    assert "one more to go" in visible(first)
    assert can_sign_in(platform, PASSWORD, OLD)
    assert not can_sign_in(platform, PASSWORD, NEW)
    assert "was changed" in visible(confirm(platform.browser(), both[order[1]], status=200))
    assert can_sign_in(platform, PASSWORD, NEW)
    assert not can_sign_in(platform, PASSWORD, OLD)
    assert subjects(platform, OLD)[-1] == subjects(platform, NEW)[-1] == "Your e-mail address was changed"


def test_each_mail_says_whose_turn_it_is(platform):
    ask(signed_in(platform), status=303)
    (to_old,), (to_new,) = mails(platform, OLD), mails(platform, NEW)
    assert NEW in to_old.get_body(("plain",)).get_content()
    stranger = to_new.get_body(("plain",)).get_content() + to_new.get_body(("html",)).get_content()
    assert OLD not in stranger
    assert "Ada" not in stranger, "nobody has confirmed yet whose mailbox it is"
    assert link_in(to_old) != link_in(to_new)


def test_both_at_once_change_it_too(database):
    platform = database
    ask(signed_in(platform), status=303)
    forms = [form_of(platform.browser().get(link), "/account/email/confirm") for link in links(platform)]
    start, said = threading.Barrier(2), []

    def submit(form):
        start.wait()
        said.append(visible(form.submit(headers={"Origin": ISSUER}, status=200)))

    threads = [threading.Thread(target=submit, args=(form,)) for form in forms]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum("address was changed" in text for text in said) == 1
    assert can_sign_in(platform, PASSWORD, NEW)


def test_a_link_confirms_once_and_its_twin_is_not_it(platform):
    ask(signed_in(platform), status=303)
    old, _ = links(platform)
    opened = form_of(platform.browser().get(old), "/account/email/confirm")
    confirm(platform.browser(), old, status=200)
    opened.submit(headers={"Origin": ISSUER}, status=410)
    platform.browser().get(old, status=410)
    assert can_sign_in(platform, PASSWORD, OLD)


def test_072_opening_the_links_changes_nothing(platform):
    ask(signed_in(platform), status=303)
    for link in links(platform):
        page = platform.browser().get(link, status=200)
        assert page.headers["Referrer-Policy"] == "strict-origin"
    assert can_sign_in(platform, PASSWORD, OLD)


def test_a_link_of_one_kind_does_not_serve_as_another(platform):
    ask_reset(platform.browser())
    reset = newest_link(platform, OLD).partition("t=")[2]
    ask(signed_in(platform), status=303)
    change = newest_link(platform, NEW).partition("t=")[2]
    platform.browser().get(f"/account/email/confirm?t={reset}", status=410)
    platform.browser().get(f"/account/reset/new?t={change}", status=410)


def test_a_later_request_replaces_the_one_before(platform):
    ada = signed_in(platform)
    ask(ada, status=303)
    first = links(platform)
    ask(ada, "ada@third.example", status=303)
    for link in first:
        platform.browser().get(link, status=410)


def test_a_new_password_ends_a_change_that_waits(platform):
    ask(signed_in(platform), status=303)
    old, new = links(platform)
    confirm(platform.browser(), new, status=200)
    ask_reset(platform.browser())
    set_password(platform.browser(), newest_link(platform, OLD), status=303)
    platform.browser().get(old, status=410)
    assert can_sign_in(platform, NEW_PASSWORD, OLD)


def test_links_run_out_after_a_day(platform):
    ask(signed_in(platform), status=303)
    old, new = links(platform)
    with time_machine.travel(platform.runtime.clock.now() / 1000 + DAY_S + 10, tick=False):
        for link in (old, new):
            platform.browser().get(link, status=410)


def test_081_an_address_of_somebody_else_is_not_betrayed(platform):
    free = ask(signed_in(platform), status=303)
    taken = ask(signed_in(platform), "grace@example.org", status=303)
    assert free.location == taken.location
    assert mails(platform, "grace@example.org") == []
    confirm(platform.browser(), newest_link(platform, OLD), status=200)
    assert can_sign_in(platform, PASSWORD, OLD)
    assert can_sign_in(platform, PASSWORD, "grace@example.org")


def test_an_address_that_was_taken_meanwhile_is_refused(platform):
    ask(signed_in(platform), status=303)
    old, new = links(platform)
    confirm(platform.browser(), old, status=200)
    platform.add_owner(NEW)
    assert "cannot be used" in visible(confirm(platform.browser(), new, status=409))
    assert can_sign_in(platform, PASSWORD, OLD)


@pytest.mark.parametrize(
    ("email", "password", "said"),
    [
        ("nonsense", PASSWORD, "no e-mail address"),
        (OLD.upper(), PASSWORD, "already your address"),
        (NEW, "wrong", "not your present password"),
    ],
)
def test_wrong_forms_send_nothing(platform, email, password, said):
    assert said in visible(ask(signed_in(platform), email, password, status=400))
    assert mails(platform, OLD) == mails(platform, NEW) == []


def test_080_nobody_is_flooded_with_links(platform):
    ada = signed_in(platform)
    for _ in range(3):
        ask(ada, status=303)
    assert "Retry-After" in ask(ada, "another@new.example", status=429).headers


def test_the_old_address_is_told_for_thirty_days(platform):
    moved(platform)
    before = len(mails(platform, OLD))
    _, page = to_consent_page(platform, Request(), NEW)
    answer(page, "approve")
    assert subjects(platform, OLD)[before:] == ["CoolSite can now see your data"]
    with time_machine.travel(platform.runtime.clock.now() / 1000 + 31 * DAY_S, tick=False):
        _, page = to_consent_page(platform, Request(client_id="shiftplan"), NEW)
        answer(page, "approve")
        assert "ShiftPlan EV can now see your data" in subjects(platform, NEW)
        assert len(mails(platform, OLD)) == before + 1


def test_the_old_address_never_gets_a_link_again(platform):
    moved(platform)
    before = subjects(platform, OLD)
    ask_reset(platform.browser(), OLD)
    assert subjects(platform, OLD) == before, "it has no account any more"
    ask_reset(platform.browser(), NEW)
    assert subjects(platform, NEW)[-1] == "Choose a new password"
    assert subjects(platform, OLD) == before, "and nobody resets the new one's password with it"
    set_password(platform.browser(), newest_link(platform, NEW), status=303)
    assert subjects(platform, OLD)[-1] == "Your password was changed"


def test_a_reset_link_that_went_to_the_old_address_dies_with_the_move(platform):
    ask_reset(platform.browser(), OLD)
    reset = newest_link(platform, OLD)
    moved(platform)
    platform.browser().get(reset, status=410)


def test_080_changes_that_name_somebody_cost_them_no_link_for_a_new_password(platform):
    """Grace wants Ada's mailbox for her account, again and again; Ada forgets her password in the same hour."""
    grace = signed_in(platform, "grace@example.org")
    for _ in range(3):
        ask(grace, OLD, status=303)
    ask(grace, OLD, status=429)
    ask_reset(platform.browser(), OLD, status=303)
    assert subjects(platform, OLD) == ["Choose a new password"]


def test_080_links_for_a_new_password_cost_nobody_a_change_of_address(platform):
    for _ in range(4):
        ask_reset(platform.browser(), NEW, status=303)
    ask(signed_in(platform), status=303)
    assert len(mails(platform, NEW)) == 1


def test_080_strangers_that_name_a_mailbox_leave_room_for_whose_it_is(platform):
    """Each account has its own pace; the mailbox's is far above it."""
    for number in range(4):
        platform.add_owner(f"stranger{number}@example.org")
        stranger = signed_in(platform, f"stranger{number}@example.org")
        for _ in range(3):
            ask(stranger, status=303)
    ask(signed_in(platform), status=303)
    # Of several links of one account only the newest is still good, and only that is sent.
    assert len(mails(platform, NEW)) == 5


def test_the_page_does_not_promise_a_mail_to_an_address_that_is_taken(platform):
    ada = signed_in(platform)
    said = visible(ask(ada, "grace@example.org", status=303).follow())
    assert "unless it belongs to another account here" in said
    assert mails(platform, "grace@example.org") == []
