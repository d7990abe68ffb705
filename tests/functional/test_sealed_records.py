"""Somebody changes the database behind the product: what they wrote does not work, or ``audit verify`` names it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import uuid
from contextlib import closing

import pytest

from consentcore.consent.verify import verify_all
from consentcore.domain.notice import DeliveryState
from consentcore.worker.worker import Worker
from tests.support.platform import PASSWORD, connect, make_platform, sign_in

NAMED = {
    "an owner's address": ("UPDATE owner SET email = 'eve@example.org' WHERE email LIKE 'ada%'", "the owner"),
    "two owners' addresses exchanged": (
        """UPDATE owner SET email = 'kept' WHERE email LIKE 'ada%';
           UPDATE owner SET email = 'ada@example.org' WHERE email LIKE 'grace%';
           UPDATE owner SET email = 'grace@example.org' WHERE email = 'kept'""",
        "the owner",
    ),
    "an owner's name": ("UPDATE owner SET name = 'Eve' WHERE email LIKE 'ada%'", "the owner"),
    "an owner deleted": ("DELETE FROM owner WHERE email LIKE 'ada%'", "its owner"),
    "an owner inserted": (
        (
            "INSERT INTO owner (owner_id, email, created_at, name, locale, timezone)"
            " VALUES ('eve', 'eve@example.org', 1, '', 'en', 'UTC')"
        ),
        "the owner eve",
    ),
    "a password replaced by that of somebody else": (
        (
            "UPDATE owner SET password_hash = (SELECT password_hash FROM owner WHERE email LIKE 'grace%')"
            " WHERE email LIKE 'ada%'"
        ),
        "the password of owner",
    ),
    "an application's name": (
        "UPDATE client SET name = 'Eve' WHERE client_id = 'coolsite'",
        "application coolsite",
    ),
    "an application's secret": (
        (
            "UPDATE client SET secrets = (SELECT secrets FROM client WHERE client_id = 'shiftplan')"
            " WHERE client_id = 'coolsite'"
        ),
        "application coolsite",
    ),
    "an application deleted": ("DELETE FROM client WHERE client_id = 'coolsite'", "its application"),
    "a suspension lifted": (
        "UPDATE client SET enabled = 0 WHERE client_id = 'shiftplan'",
        "application shiftplan",
    ),
    "a notice deleted": ("DELETE FROM notice", "its notice is gone"),
    "a notice rewritten": (
        "UPDATE notice SET data = replace(data, 'granted', 'revoked')",
        "its notice is not",
    ),
    "the date of a snapshot": ("UPDATE notice_snapshot SET created_at = created_at - 1", "the snapshot"),
    "the words of a scope": (
        "UPDATE pinned_scope SET content = replace(content, 'a', 'e') WHERE revision = 1",
        "the words of scope",
    ),
    "a seal taken away": (
        "UPDATE client SET seal = NULL WHERE client_id = 'coolsite'",
        "application coolsite",
    ),
}


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path, storage="sqlalchemy")
    made.runtime.pin_scopes()
    connect(made)
    yield made
    made.runtime.close()


@pytest.fixture
def database(platform, tmp_path):
    """A way to run SQL beside the product."""

    def run(script, **values):
        with closing(sqlite3.connect(tmp_path / "consentcore.sqlite")) as connection, connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            if values:
                return connection.execute(script, values).fetchall()
            return connection.executescript(script).fetchall()

    return run


def problems(platform):
    return [problem.text for problem in verify_all(platform.runtime.storage, platform.runtime.keys).problems]


def sign_in_page(platform, password=PASSWORD, email="ada@example.org"):
    browser = platform.browser()
    page = browser.get("/login")
    form = page.forms[0] if "email" in page.forms[0].fields else page.forms[1]
    form["email"], form["password"] = email, password
    return browser, form.submit(headers={"Origin": "http://127.0.0.1:6543"}, expect_errors=True)


def test_rt_09_untouched_records_are_in_order(platform):
    assert problems(platform) == []


@pytest.mark.parametrize("what", NAMED)
def test_rt_09_a_record_that_was_changed_is_named(platform, database, what):
    script, named = NAMED[what]
    database(script)
    found = problems(platform)
    assert any(named in text for text in found), found


def test_rt_09_a_session_that_was_written_by_hand_is_nobodys(platform, database):
    """A cookie of one's own, and the row behind it handed to somebody else."""
    browser = platform.browser()
    sign_in(browser, browser.get("/login"), "grace@example.org")
    assert browser.get("/consents").status_int == 200
    database(
        "UPDATE owner_session SET owner_id = (SELECT owner_id FROM owner WHERE email LIKE 'ada%')"
        " WHERE owner_id = (SELECT owner_id FROM owner WHERE email LIKE 'grace%')"
    )
    assert browser.get("/consents").status_int == 303  # to the sign-in page


def test_rt_09_a_password_that_was_written_by_hand_lets_nobody_in(platform, database):
    database(
        "UPDATE owner SET password_hash = (SELECT password_hash FROM owner WHERE email LIKE 'grace%')"
        " WHERE email LIKE 'ada%'"
    )
    browser, answer = sign_in_page(platform)
    assert answer.status_int != 303
    assert browser.get("/consents").status_int == 303  # to the sign-in page


def test_rt_09_a_notice_that_was_written_by_hand_is_never_sent(platform, database, tmp_path):
    """A validly signed lie to an application, and to the owner."""
    worker = Worker(platform.runtime)
    worker.run_once()
    before = {path.name for path in (tmp_path / "mail").rglob("*.eml")}
    ((row,),) = [database("SELECT grant_id || '|' || owner_id FROM consent_grant WHERE 1 = :one", one=1)]
    grant_id, _, owner_id = row[0].partition("|")
    data = json.dumps({"event_type": "revoked", "sequence": 2, "state": "revoked"})
    database(
        "INSERT INTO notice (notice_id, kind, grant_id, client_id, owner_id, audiences, occurred_at, data)"
        " VALUES (:id, 'consent.revoked', :grant, 'coolsite', :owner, '[\"owner\",\"client\"]', 1, :data)",
        id=str(uuid.uuid4()),
        grant=grant_id,
        owner=owner_id,
        data=data,
    )
    worker.run_once()
    assert {path.name for path in (tmp_path / "mail").rglob("*.eml")} == before
    assert platform.runtime.storage.outbox.unexpanded(10) == []


def test_rt_09_a_delivery_whose_body_was_rewritten_is_never_sent(platform, database):
    worker = Worker(platform.runtime)
    worker.run_once()
    database(
        "UPDATE delivery SET state = 'pending', next_at = 1, body = CAST('a lie' AS BLOB), finished_at = NULL"
    )
    worker.run_once()
    found = database("SELECT state, last_error FROM delivery WHERE 1 = :one", one=1)
    assert {state for state, _ in found} == {DeliveryState.REJECTED.value}
    assert {error for _, error in found} == {"it is not as we wrote it"}


def test_rt_09_a_link_that_was_written_by_hand_resets_no_password(platform, database):
    secret = "s" * 43
    database(
        "INSERT INTO owner_ticket (ticket_hash, purpose, owner_id, created_at, expires_at, payload)"
        " SELECT :hash, 'password-reset', owner_id, 1, 9999999999999, '' FROM owner WHERE email LIKE 'ada%'",
        hash=hashlib.sha256(secret.encode()).digest(),
    )
    with platform.runtime.storage.reading() as uow:
        assert uow.tickets.get(hashlib.sha256(secret.encode()).digest(), 2) is None


def test_rt_09_an_identity_that_was_written_by_hand_is_nobodys(platform, database):
    database(
        "INSERT INTO owner_identity (issuer, subject, owner_id, created_at)"
        " SELECT 'https://login.example', 'eve', owner_id, 1 FROM owner WHERE email = :email",
        email="ada@example.org",
    )
    with platform.runtime.storage.reading() as uow:
        assert uow.identities.get("https://login.example", "eve") is None
    assert any("an identity of owner" in text for text in problems(platform))
