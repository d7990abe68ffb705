"""Attacks on what stands beside: links, logos, requests that wait, and what carries no seal because nothing leans on it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from consentcore.clients.logo import logo_digest
from consentcore.domain.client import ClientLogo
from consentcore.domain.clock import HOUR, SystemClock
from consentcore.domain.disclosure import disclose
from consentcore.domain.owner import OwnerTicket
from drill.attack import NOTHING, Attack, Who, sql
from drill.attacks_access import ONLY_REFUSED
from drill.attacks_ledger import REFUSED, VERIFY
from drill.stage import Stage

SECRET = hashlib.sha256(b"a link in a mail").digest()
MARY = disclose("operator", "mary", b"m" * 16).encoded
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class _Link:
    """A link of Ada's in a mail, which the product has made; somebody changes whether it was used.

    :ivar used: whether it was, before the attack.
    """

    used: bool

    def attack(self, stage: Stage) -> None:
        now = SystemClock().now()
        with stage.runtime.storage.transaction() as uow:
            uow.tickets.add(OwnerTicket(SECRET, "email_old", stage.facts.owners["ada"], now, now + HOUR))
        if self.used:
            with stage.runtime.storage.transaction() as uow:
                assert uow.tickets.use(SECRET, "email_old", now) is not None
        used_at = None if self.used else now
        stage.sql("UPDATE owner_ticket SET used_at = :at WHERE ticket_hash = :key", at=used_at, key=SECRET)

    def __call__(self, stage: Stage) -> bool:
        """Whether the product believes it."""
        with stage.runtime.storage.reading() as uow:
            found = uow.tickets.get(SECRET, SystemClock().now())
        return found is not None and (found.used_at is None) is self.used


def _replace_logo(stage: Stage) -> None:
    runtime = stage.runtime
    logo = ClientLogo("coolsite", "image/png", PNG + b"a sun", SystemClock().now())
    with runtime.storage.transaction() as uow:
        client = uow.clients.get("coolsite")
        assert client is not None
        uow.clients.update(replace(client, logo=logo_digest(logo.content)))
        uow.clients.set_logo(logo)
    assert _logo_is_shown(stage)
    stage.sql("UPDATE client_logo SET content = :content", content=PNG + b"a bank")


def _logo_is_shown(stage: Stage) -> bool:
    answer = stage.platform.browser().get("/applications/coolsite/logo", expect_errors=True)
    return bool(answer.status_int == 200)


def _another_looked(stage: Stage) -> None:
    stage.runtime.looks.note("owner show", by="root", owner_id=stage.facts.owners["ada"])
    (note,) = stage.rows("log_object", lambda row: row["path"].startswith("looking/"))
    for digest in json.loads(note["data"])["digests"]:
        stage.sql("UPDATE disclosure SET encoded = :mary WHERE digest = :digest", mary=MARY, digest=digest)


def _garble(where: str) -> Callable[[Stage], object]:
    return lambda stage: stage.sql(f"UPDATE log_object SET data = :data WHERE {where}", data=b"[garbage")


def _count_registrations_anew(stage: Stage) -> None:
    tokens = stage.runtime.registration_tokens
    new = tokens.prepare(note="for Agent", days=1, uses=1)
    with stage.runtime.storage.transaction() as uow:
        tokens.add(uow, new)
    with stage.runtime.storage.transaction() as uow:
        tokens.use(uow, new.secret)
    stage.sql("UPDATE registration_token SET used = 0")


confirmed, again = _Link(used=False), _Link(used=True)


def _nothing(what: str, does: Callable[[Stage], object], why: str) -> Attack:
    return Attack(what, Who.DATABASE, does, NOTHING, why=why)


ATTACKS = (
    Attack(
        "a change of address said to be confirmed by the old one",
        Who.DATABASE,
        confirmed.attack,
        ONLY_REFUSED,
        works=confirmed,
    ),
    Attack("a used link made good again", Who.DATABASE, again.attack, ONLY_REFUSED, works=again),
    Attack(
        "an application's logo replaced", Who.DATABASE, _replace_logo, REFUSED, "the logo", _logo_is_shown
    ),
    Attack(
        "the name of who looked at a person's data changed",
        Who.DATABASE,
        _another_looked,
        VERIFY,
        "who looked at something",
    ),
    _nothing(
        "a refresh token said to be used that was not",
        sql("UPDATE token SET rotated_at = 1 WHERE kind = 'refresh'"),
        "when it comes, it is taken for a stolen one: its tokens end, and an event says so; nobody gets anything",
    ),
    _nothing(
        "the uses of an initial access token counted anew, or one put back that was ended",
        _count_registrations_anew,
        "more applications register themselves; each says by which it came, and nobody has checked it until an"
        " operator does",
    ),
    _nothing(
        "when a permission was last used changed",
        sql("INSERT INTO grant_use (grant_id, used_at) VALUES (:grace_coolsite, 1)"),
        "pages say it to help people remember; no decision leans on it",
    ),
    _nothing(
        "a notice said to be handed on that was not",
        sql("UPDATE notice SET expanded_at = 1"),
        "how far a message has got is not evidence; the event stands, and pages and feed show it",
    ),
    _nothing(
        "a notice's place in the feed of its application changed",
        sql("UPDATE notice SET feed_index = feed_index + 1000 WHERE feed_index IS NOT NULL"),
        "places are for reading on; each event has its number in the chain of its permission, so a gap shows",
    ),
    _nothing(
        "an endpoint said to have failed for long",
        sql("UPDATE webhook_endpoint SET failing_since = 1"),
        "a worker warns its people by mail before it switches one off; the feed has what it misses",
    ),
    _nothing(
        "the log of deliveries emptied",
        sql("DELETE FROM delivery_attempt"),
        "it is for finding faults, and kept for 30 days; no proof leans on it",
    ),
    _nothing(
        "cosignatures of witnesses deleted, or made up",
        _garble("path LIKE 'cosignature/%'"),
        "who knows the key of a witness sees that one is made up; witnesses are asked again for the next checkpoint,"
        " and keep what they have signed",
    ),
    _nothing(
        "the row by which one worker adds to the log at a time changed",
        _garble("path = 'state/sequencer'"),
        "a row that is none counts for nothing, and one that is keeps workers waiting for a minute",
    ),
)
