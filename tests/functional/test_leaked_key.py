"""A master key has leaked and was revoked: what whoever has it can still do with it."""

from __future__ import annotations

import pytest

from consentcore.keys import WatchedKeys, rotate_key_file
from tests.support.platform import make_platform, sign_in


@pytest.fixture
def platform(tmp_path, monkeypatch):
    monkeypatch.setattr("consentcore.keys.watched.LOOK_EVERY_S", 0.0)
    made = make_platform(tmp_path, storage="sqlalchemy")
    assert isinstance(made.runtime.keys, WatchedKeys)
    yield made
    made.runtime.close()


@pytest.fixture
def leak(platform, tmp_path):
    """What ``keys rotate --now`` does."""
    return lambda: rotate_key_file(tmp_path / "keys", revoke=True)


def test_rt_09_a_cookie_and_a_form_of_a_leaked_key_are_of_no_browser_of_ours(platform, leak):
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
    sign_in(browser, browser.get("/login"), "ada@example.org")
    assert browser.get("/account").status_int == 200


def test_rt_09_the_published_set_has_no_leaked_key(platform, leak):
    before = platform.runtime.keys.current_id
    leak()
    kids = {key["kid"].partition("-")[0] for key in platform.runtime.server.jwks()["keys"]}
    assert kids == {platform.runtime.keys.current_id} != {before}
