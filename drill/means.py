"""Whether an attack came to what it was for: somebody is let in, or somebody is told something."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from drill.stage import Stage
from drill.story import NEW_PASSWORD
from tests.support.platform import PASSWORD, introspect, refresh, sign_in

FORGED = "cc_at_" + "f" * 43
"""A token of the attacker's own making."""


def digest(clear: str) -> bytes:
    """How secrets are stored."""
    return hashlib.sha256(clear.encode()).digest()


def token_works(name: str) -> Callable[[Stage], bool]:
    """Whether an API takes the access token of the story."""
    return lambda stage: bool(introspect(stage.platform, stage.facts.tokens[name]["access_token"])["active"])


def forged_works(stage: Stage) -> bool:
    """Whether an API takes :data:`FORGED`."""
    return bool(introspect(stage.platform, FORGED)["active"])


def refresh_works(name: str, client_id: str = "coolsite") -> Callable[[Stage], bool]:
    """Whether a refresh token of the story gives tokens."""

    def works(stage: Stage) -> bool:
        token = stage.facts.tokens[name]["refresh_token"]
        return bool(refresh(stage.platform, token, client_id).status_int == 200)

    return works


def sign_in_works(email: str, password: str = PASSWORD) -> Callable[[Stage], bool]:
    """Whether somebody gets in with this password."""

    def works(stage: Stage) -> bool:
        browser = stage.platform.browser()
        page = browser.get("/login")
        form = page.forms[0] if "email" in page.forms[0].fields else page.forms[1]
        form["email"], form["password"] = email, password
        form.submit(headers={"Origin": "http://127.0.0.1:6543"}, expect_errors=True)
        return bool(browser.get("/consents").status_int == 200)

    return works


def ended_session_works(stage: Stage) -> bool:
    """Whether the cookie of a session that was ended opens the dashboard."""
    browser = stage.platform.browser()
    browser.cookiejar = stage.facts.ended.cookiejar  # type: ignore[union-attr]
    return bool(browser.get("/consents").status_int == 200)


def receipt_is_signed(name: str) -> Callable[[Stage], bool]:
    """Whether an owner gets a signed receipt of the newest decision on a grant."""

    def works(stage: Stage) -> bool:
        with stage.runtime.storage.reading() as uow:
            events = uow.ledger.of_grant(stage.facts.grants[name])
        browser = stage.platform.browser()
        sign_in(browser, browser.get("/login"), f"{name.split(maxsplit=1)[0]}@example.org", NEW_PASSWORD)
        names = filter(None, map(stage.runtime.receipts.name_for, reversed(events)))
        return bool(browser.get(f"/receipts/{next(names)}/signed", expect_errors=True).status_int == 200)

    return works


def somebody_is_told(stage: Stage) -> bool:
    """Whether a worker sends anything."""
    before = stage.messages()
    stage.work()
    return stage.messages() > before


def consents(stage: Stage, name: str) -> Any:
    """The row of a grant."""
    return stage.rows("consent_grant", lambda row: row["grant_id"] == stage.facts.grants[name])[0]
