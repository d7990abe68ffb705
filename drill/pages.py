"""Attacks on what waits between two requests of a browser: each prepares something, attacks it, and goes on."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from consentcore.domain.clock import SystemClock
from drill.stage import Stage
from tests.support.platform import PREFIX, Request, to_consent_page

EVE = "https://eve.example/callback"


class CodeGoesTo:
    """Somebody looks at the consent page; meanwhile the stored request names another address."""

    page: Any = None

    def attack(self, stage: Stage) -> None:
        """Open the page, then change the request behind it."""
        _, self.page = to_consent_page(
            stage.platform, Request(client_id="shiftplan", scope="sites.read alarms.read"), "ada@example.org"
        )
        for row in stage.rows("interaction"):
            request = {**json.loads(row["request"]), "redirect_uri": EVE}
            stage.sql(
                "UPDATE interaction SET request = :request WHERE interaction_hash = :key",
                request=json.dumps(request),
                key=row["interaction_hash"],
            )

    def __call__(self, stage: Stage) -> bool:
        """Whether Approve sends the code there."""
        self.page.test_app.app = stage.platform.app
        done = self.page.forms[0].submit("decision", value="approve", expect_errors=True)
        return str(done.headers.get("Location", "")).startswith(EVE)


class ChallengeIsAnother:
    """Somebody looks at the consent page; meanwhile the stored request has the attacker's code challenge."""

    page: Any = None

    def attack(self, stage: Stage) -> None:
        """Open the page, then change the request behind it."""
        request = Request(client_id="shiftplan", scope="sites.read alarms.read")
        _, self.page = to_consent_page(stage.platform, request, "ada@example.org")
        for row in stage.rows("interaction"):
            stored = {**json.loads(row["request"]), "code_challenge": "e" * 43}
            stage.sql(
                "UPDATE interaction SET request = :request WHERE interaction_hash = :key",
                request=json.dumps(stored),
                key=row["interaction_hash"],
            )

    def __call__(self, stage: Stage) -> bool:
        """Whether Approve gives a code."""
        self.page.test_app.app = stage.platform.app
        done = self.page.forms[0].submit("decision", value="approve", expect_errors=True)
        return "code=" in str(done.headers.get("Location", ""))


class AnotherLeftIt:
    """A request that waits for Ada, and is over, is said to have waited for Grace."""

    def attack(self, stage: Stage) -> None:
        """Open the page, then change for whom, and until when."""
        request = Request(client_id="shiftplan", scope="sites.read alarms.read")
        to_consent_page(stage.platform, request, "ada@example.org")
        stage.sql("UPDATE interaction SET owner_id = :grace, expires_at = 1")

    def __call__(self, stage: Stage) -> bool:
        """Whether the evidence says that somebody has left it unanswered."""
        counted = "SELECT count(*) FROM consent_event WHERE type = 'abandoned'"
        before = stage.one(counted)
        stage.work()
        return bool(stage.one(counted) > before)


class PushedRequestIsAnother:
    """A client has pushed its request; before the browser comes, the stored one asks for another scope."""

    uri = ""

    def attack(self, stage: Stage) -> None:
        """Push, then change what was pushed."""
        body = {
            "client_id": "shiftplan",
            "client_secret": stage.platform.secrets["shiftplan"],
            "response_type": "code",
            "redirect_uri": "https://coolsite.example/callback",
            "scope": "sites.read",
            "state": "st-1",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
        }
        answer = stage.platform.browser().post(f"{PREFIX}/par", body)
        self.uri = answer.json["request_uri"]
        stage.sql("UPDATE pushed_request SET query = replace(query, 'sites.read', 'alarms.read')")

    def __call__(self, stage: Stage) -> bool:
        """Whether the changed request is taken."""
        browser = stage.platform.browser()
        page = browser.get(
            f"{PREFIX}/authorize", {"client_id": "shiftplan", "request_uri": self.uri}, expect_errors=True
        )
        return page.status_int in {302, 303} and "error" not in page.location


class LinkWorks:
    """A link of the attacker's own that resets the password of somebody else."""

    secret = "s" * 43

    def insert(self, stage: Stage) -> None:
        """Write its ticket."""
        now = SystemClock().now()
        stage.insert(
            "owner_ticket",
            ticket_hash=self._hash,
            purpose="password-reset",
            owner_id=stage.facts.owners["ada"],
            created_at=now,
            expires_at=now + 10**7,
            payload="",
            used_at=None,
            seal=None,
        )

    def __call__(self, stage: Stage) -> bool:
        """Whether the product knows it."""
        with stage.runtime.storage.reading() as uow:
            return uow.tickets.get(self._hash, SystemClock().now()) is not None

    @property
    def _hash(self) -> bytes:
        return hashlib.sha256(self.secret.encode()).digest()


code_goes_to = CodeGoesTo()
challenge_is_another = ChallengeIsAnother()
another_left_it = AnotherLeftIt()
pushed_request_is_another = PushedRequestIsAnother()
link_works = LinkWorks()
