"""A right password whose hash is renewed: the sign-in writes that by itself, and waits for nobody."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from tests.support.account import form_of
from tests.support.platform import ISSUER, PASSWORD, make_platform, sign_in


@pytest.fixture(params=["memory", "sqlalchemy"])
def platform(request, tmp_path):
    """Storages with one writer at a time: who waits for their own transaction waits for ever."""
    made = make_platform(tmp_path, storage=request.param)
    yield made
    made.runtime.close()


def kept_hash(platform, email: str = "ada@example.org") -> str:
    with platform.runtime.storage.reading() as uow:
        return uow.owners.password_hash(uow.owners.by_email(email).owner_id)


@pytest.fixture
def older(platform):
    """Ada's hash was made with other parameters than those that are set now."""
    older = PasswordHasher(time_cost=2, memory_cost=8192, parallelism=1).hash(PASSWORD)
    with platform.runtime.storage.transaction() as uow:
        uow.owners.set_password_hash(uow.owners.by_email("ada@example.org").owner_id, older)
    return older


def test_a_sign_in_renews_a_hash_and_waits_for_nobody(platform, older):
    browser = platform.browser()
    assert "Authorized Applications" in sign_in(browser, browser.get("/login"))
    assert kept_hash(platform) != older


def test_a_sign_in_over_another_one_does_too(platform, older):
    browser = platform.browser()
    sign_in(browser, browser.get("/login"), "grace@example.org")
    browser.get("/login")
    assert "Authorized Applications" in sign_in(browser, browser.get("/login?next=/consents"))
    assert kept_hash(platform) != older


@pytest.mark.parametrize("path", ["/account/password", "/account/email"])
def test_a_password_that_is_asked_for_again_is_renewed_too(platform, older, path):
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    with platform.runtime.storage.transaction() as uow:
        uow.owners.set_password_hash(uow.owners.by_email("ada@example.org").owner_id, older)
    form = form_of(browser.get(path), path)
    form["current_password"] = PASSWORD
    if path == "/account/password":
        form["password"] = "another long password"
    else:
        form["email"] = "ada@elsewhere.example"
    form.submit(headers={"Origin": ISSUER}, status=303)
