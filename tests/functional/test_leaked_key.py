"""A master key has leaked: what whoever has it can still do with it, and what people and applications notice."""

from __future__ import annotations

import pytest

from consentcore.consent.verify import verify_all
from consentcore.keys import WatchedKeys
from consentcore.worker.worker import Worker
from tests.support.client_api import GRANTS
from tests.support.client_api import call as api_call
from tests.support.command_line import call
from tests.support.leaks import date_back, rotated_at_once
from tests.support.platform import (
    ISSUER,
    PASSWORD,
    Request,
    answer,
    connect,
    introspect,
    make_platform,
    proceed,
    refresh,
    sign_in,
    to_consent_page,
)

SURE = ("--as-they-stand", "all", "--reason", "the file was in a mail; the database is elsewhere")


@pytest.fixture
def platform(tmp_path, monkeypatch):
    monkeypatch.setattr("consentcore.keys.watched.LOOK_EVERY_S", 0.0)
    made = make_platform(tmp_path, storage="sqlalchemy")
    assert isinstance(made.runtime.keys, WatchedKeys)
    made.runtime.pin_scopes()
    yield made
    made.runtime.close()


@pytest.fixture
def leak(tmp_path):
    """What ``keys rotate --now`` does, two minutes ago."""
    return lambda: rotated_at_once(tmp_path / "keys")


@pytest.fixture
def keys(platform, tmp_path):
    """``consentcore keys`` on this installation."""
    return lambda *words: call("keys", *words, "-c", str(tmp_path / "test.ini"))


def problems(platform):
    report = verify_all(
        platform.runtime.storage, platform.runtime.keys, origin=platform.runtime.evidence.origin
    )
    return [problem.text for problem in report.problems]


def mails(tmp_path):
    return len(list((tmp_path / "mail").rglob("*.eml")))


def lets_in(platform, password=PASSWORD):
    browser = platform.browser()
    page = browser.get("/login")
    form = page.forms[0] if "email" in page.forms[0].fields else page.forms[1]
    form["email"], form["password"] = "ada@example.org", password
    form.submit(headers={"Origin": "http://127.0.0.1:6543"}, expect_errors=True)
    return browser.get("/account").status_int == 200


def test_rt_09_a_cookie_and_a_form_of_a_leaked_key_are_of_no_browser_of_ours(platform, leak, keys):
    browser = platform.browser()
    sign_in(browser, browser.get("/login"), "ada@example.org")
    page = browser.get("/account")
    token = page.forms[0]["csrf_token"].value
    leak()
    answer = browser.post(
        "/logout", {"csrf_token": token}, headers={"Origin": "http://127.0.0.1:6543"}, expect_errors=True
    )
    assert answer.status_int == 403
    assert browser.get("/account").status_int == 303  # to the sign-in page
    assert keys("reseal", *SURE).code == 0
    assert browser.get("/account").status_int == 303
    sign_in(browser, browser.get("/login"), "ada@example.org")
    assert browser.get("/account").status_int == 200


def test_rt_09_the_published_set_has_no_leaked_key(platform, leak):
    before = platform.runtime.keys.current_id
    leak()
    kids = {key["kid"].partition("-")[0] for key in platform.runtime.server.jwks()["keys"]}
    assert kids == {platform.runtime.keys.current_id} != {before}


def test_rt_09_nothing_of_a_revoked_key_counts_until_it_is_sealed_anew(platform, leak, keys):
    tokens = connect(platform)
    leak()
    assert not introspect(platform, tokens["access_token"])["active"]
    assert refresh(platform, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert not lets_in(platform)
    assert any("which was revoked" in text for text in problems(platform))
    done = keys("reseal", *SURE)
    assert done.code == 0, done.err
    assert problems(platform) == []
    assert introspect(platform, tokens["access_token"])["active"]
    assert refresh(platform, tokens["refresh_token"]).status_int == 200
    assert lets_in(platform)


def test_rt_09_without_a_word_only_what_the_ledger_vouches_for_is_sealed_anew(platform, leak, keys):
    """Permissions stand and people are asked nothing again; tokens and passwords are to be had anew."""
    tokens = connect(platform)
    leak()
    done = keys("reseal")
    assert done.code == 0, done.err
    lines = done.err.splitlines()
    for sealed in ("consents: 1", "notices: 1", "pages: 1", "words: 15"):
        assert f"{sealed} sealed anew, 0 left" in lines
    assert "owners: 1 sealed anew, 1 left" in lines  # she who has decided something yet
    for kind in ("applications: 0 sealed anew, 3", "tokens: 0 sealed anew, 2", "passwords: 0 sealed anew, 2"):
        assert f"{kind} left" in lines
    assert not introspect(platform, tokens["access_token"])["active"]
    assert refresh(platform, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert not lets_in(platform)
    assert {text.split()[1] for text in problems(platform)} == {"application", "owner", "password"}
    with platform.runtime.storage.transaction() as uow:  # as by a link in a mail
        owner = uow.owners.by_email("ada@example.org")
        platform.runtime.login.set_password(uow, owner.owner_id, PASSWORD)
    assert connect(platform)["access_token"]


def test_rt_09_a_message_that_waits_is_sent_once_it_is_sealed_anew(platform, leak, keys, tmp_path):
    _, page = to_consent_page(platform, Request(), "ada@example.org")
    answer(page, "deny")
    leak()
    worker = Worker(platform.runtime)
    worker.run_once()
    assert mails(tmp_path) == 0
    assert keys("reseal").code == 0
    worker.run_once()
    assert mails(tmp_path) == 1


def test_rt_09_a_message_of_an_end_is_vouched_for_with_the_date_by_which_to_delete(
    platform, leak, keys, tmp_path
):
    connect(platform)
    Worker(platform.runtime).run_once()
    told = mails(tmp_path)
    browser = platform.browser()
    sign_in(browser, browser.get("/login"), "ada@example.org")
    (grant,) = api_call(platform, GRANTS).json["data"]
    page = browser.get(f"/consents/{grant['grant_id']}/revoke")
    proceed(page).submit(headers={"Origin": ISSUER})
    leak()
    Worker(platform.runtime).run_once()
    assert mails(tmp_path) == told
    done = keys("reseal")
    assert done.code == 0, done.err
    assert "notices: 2 sealed anew, 0 left" in done.err.splitlines()
    Worker(platform.runtime).run_once()
    assert mails(tmp_path) == told + 1


def test_rt_09_the_word_for_a_revoked_key_is_taken_once(platform, leak, keys):
    """What bears its seal afterwards was put there since."""
    connect(platform)
    leak()
    assert keys("reseal", *SURE).code == 0
    again = keys("reseal", "--as-they-stand", "tokens", "--reason", "once more")
    assert again.code == 2
    assert "--as-they-stand: expected other kinds than tokens" in again.err
    assert keys("reseal").code == 0


def test_rt_09_the_word_for_one_key_does_not_use_up_that_for_the_next(platform, leak, keys):
    """Years later another key leaks: its records are sealed anew, those that bear the first one's seal are not."""
    tokens = connect(platform)
    leak()
    assert keys("reseal", *SURE).code == 0
    leak()
    assert not introspect(platform, tokens["access_token"])["active"]
    assert keys("reseal", *SURE).code == 0
    assert introspect(platform, tokens["access_token"])["active"]
    assert problems(platform) == []


def test_rt_09_sealed_anew_before_the_key_is_revoked_nobody_notices_anything(platform, keys, tmp_path):
    tokens = connect(platform)
    assert keys("rotate", "--now", "--keep-old").code == 0
    assert introspect(platform, tokens["access_token"])["active"]
    assert keys("reseal", *SURE).code == 0
    assert keys("revoke").code == 0
    date_back(tmp_path / "keys")
    assert introspect(platform, tokens["access_token"])["active"]
    assert lets_in(platform)
    Worker(platform.runtime).run_once()
    assert problems(platform) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("reseal", "--as-they-stand", "cats", "--reason", "x"),
            "--as-they-stand: expected some of consents,",
        ),
        (("reseal", "--as-they-stand", "all"), "--reason: expected"),
        (("rotate", "--keep-old"), "--keep-old: expected --now with it"),
    ],
)
def test_what_is_not_meant_so_is_refused(keys, words, said):
    done = keys(*words)
    assert done.code == 2, done.err
    assert said in done.err


def test_rt_09_nobody_seals_anew_before_the_log_says_that_the_key_is_over(platform, keys, tmp_path):
    connect(platform)
    assert keys("rotate", "--now").code == 0
    done = keys("reseal")
    assert done.code == 75
    assert "it does a minute after a key was revoked: run it again then" in done.err


def test_there_is_nothing_to_seal_anew_under_one_key(keys):
    done = keys("reseal")
    assert (done.code, "there is one key" in done.err) == (0, True)
    done = keys("revoke")
    assert (done.code, "rotate first" in done.err) == (1, True)


@pytest.mark.parametrize("words", [("rotate", "--now"), ("revoke",)])
def test_whoever_revokes_a_key_reads_what_it_does_to_people(keys, words):
    """Without the manual at hand, at night."""
    if words == ("revoke",):
        keep = keys("rotate", "--now", "--keep-old")
        assert "counts for nothing" not in keep.err
        assert "keys reseal" in keep.err
    done = keys(*words)
    assert done.code == 0
    for said in (
        "nobody is signed in, no password opens, no token works",
        "--as-they-stand",
        "A key has leaked",
    ):
        assert said in done.err
    assert "before that" not in done.err
    assert "old, revoked" in keys("list").out
