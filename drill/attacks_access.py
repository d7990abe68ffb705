"""Attacks on whoever is let in or told something: owners, applications, tokens, sessions, notices; with the database
alone."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

from consentcore.domain.clock import SystemClock
from drill.attack import NOTHING, Attack, By, Who, sql
from drill.attacks_ledger import REFUSED, VERIFY
from drill.means import (
    FORGED,
    consents,
    digest,
    ended_session_works,
    forged_works,
    refresh_works,
    sign_in_works,
    somebody_is_told,
    token_works,
)
from drill.pages import (
    another_left_it,
    challenge_is_another,
    code_goes_to,
    link_works,
    pushed_request_is_another,
)
from drill.stage import Stage
from drill.story import ADA, GRACE, NEW_PASSWORD
from tests.support.command_line import call

UNSEALED = (
    "client",
    "webhook_endpoint",
    "owner",
    "owner_session",
    "owner_identity",
    "owner_ticket",
    "notice",
    "delivery",
    "notice_snapshot",
    "pinned_scope",
)
ONLY_REFUSED = frozenset({By.REFUSED})


def _exchange_owners(column: str) -> Callable[[Stage], None]:
    def attack(stage: Stage) -> None:
        ids = stage.facts.owners
        values = {
            name: stage.one(f"SELECT {column} FROM owner WHERE owner_id = :key", key=ids[name])
            for name in ("ada", "grace")
        }
        for name, value in (("ada", "kept@example.org"), ("grace", values["ada"]), ("ada", values["grace"])):
            stage.sql(f"UPDATE owner SET {column} = :value WHERE owner_id = :key", value=value, key=ids[name])

    return attack


def _forge_token(stage: Stage) -> None:
    """A copy of one that works, under a hash of the attacker's own, with its seal."""
    (row,) = _token(stage, "grace shiftplan")
    stage.insert("token", **{**row, "token_hash": digest(FORGED)})


def _token(stage: Stage, name: str) -> list[dict[str, Any]]:
    known = digest(stage.facts.tokens[name]["access_token"])
    return stage.rows("token", lambda row: bytes(row["token_hash"]) == known)


def _before_seals(stage: Stage) -> None:
    """An upgrade seals what was there before it: let the next one seal what is false."""
    (row,) = _token(stage, "grace shiftplan")
    stage.insert("token", **{**row, "token_hash": digest(FORGED), "seal": None})
    for table in UNSEALED:
        stage.sql(f"ALTER TABLE {table} DROP COLUMN seal")
    stage.sql("UPDATE consentcore_sqlalchemy_version SET version_num = '0011'")
    if call("init", "-c", str(stage.ini)).code:
        stage.make_whole()  # as it says


def _widen_token(stage: Stage) -> None:
    (row,) = _token(stage, "grace shiftplan")
    stage.sql("UPDATE token SET scopes = '[\"alarms.read\"]' WHERE token_hash = :key", key=row["token_hash"])


def _prolong_token(stage: Stage) -> None:
    (row,) = _token(stage, "grace shiftplan")
    stage.sql(
        "UPDATE token SET expires_at = expires_at + 86400000 WHERE token_hash = :key", key=row["token_hash"]
    )


def _insert_session(stage: Stage) -> None:
    """The row behind a cookie that the attacker holds: an ended one of Grace's, for Ada, with a seal of another's."""
    cookie = next(iter(stage.facts.ended.cookiejar)).value
    now = SystemClock().now()
    stage.insert(
        "owner_session",
        session_hash=digest(cookie),
        owner_id=stage.facts.owners["ada"],
        created_at=now,
        expires_at=now + 10**7,
        auth_time=now,
        acr="",
        amr="[]",
        seen_at=now,
        address="",
        browser="",
        seal=stage.rows("owner_session")[0]["seal"],
    )


def _notice(stage: Stage) -> None:
    grant = consents(stage, "grace shiftplan")
    row = {
        "notice_id": secrets.token_hex(18),
        "kind": "consent.revoked",
        "grant_id": grant["grant_id"],
        "client_id": "coolsite",
        "owner_id": grant["owner_id"],
        "audiences": '["owner","client"]',
        "occurred_at": grant["changed_at"],
        "data": json.dumps({"event_type": "revoked", "sequence": 2, "state": "revoked"}),
    }
    stage.insert("notice", **row)


def _copied_notice(stage: Stage) -> None:
    """One that was sent, with its seal, once more under another id."""
    row = next(row for row in stage.rows("notice") if row["kind"] == "consent.revoked")
    stage.insert(
        "notice", **{**row, "notice_id": secrets.token_hex(18), "expanded_at": None, "feed_index": None}
    )


def _insert_delivery(stage: Stage) -> None:
    row = next(row for row in stage.rows("delivery") if row["notifier"] == "webhook")
    stage.insert(
        "delivery",
        **{
            **row,
            "delivery_id": secrets.token_hex(18),
            "target": "elsewhere",
            "state": "pending",
            "next_at": 1,
            "finished_at": None,
        },
    )


def _insert_identity(stage: Stage) -> None:
    stage.insert(
        "owner_identity",
        issuer="https://login.example",
        subject="eve",
        owner_id=stage.facts.owners["ada"],
        created_at=1,
        seal=None,
    )


def _insert_owner(stage: Stage) -> None:
    (row,) = stage.rows("owner", lambda row: row["email"] == GRACE)
    stage.insert("owner", **{**row, "owner_id": "eve", "email": "eve@example.org"})


def _insert_client(stage: Stage) -> None:
    (row,) = stage.rows("client", lambda row: row["client_id"] == "coolsite")
    stage.insert("client", **{**row, "client_id": "eve"})


def _insert_endpoint(stage: Stage) -> None:
    (row,) = stage.rows("webhook_endpoint")
    stage.insert("webhook_endpoint", **{**row, "endpoint_id": "eve", "url": stage.sink.url("/eve")})


CLIENT = "WHERE client_id = 'coolsite'"
ATTACKS = (
    # owners
    Attack("two owners' addresses exchanged", Who.DATABASE, _exchange_owners("email"), VERIFY, "the owner"),
    Attack(
        "an owner's name changed",
        Who.DATABASE,
        sql("UPDATE owner SET name = 'Eve' WHERE owner_id = :ada"),
        VERIFY,
        "the owner",
    ),
    Attack(
        "an owner deleted", Who.DATABASE, sql("DELETE FROM owner WHERE owner_id = :ada"), VERIFY, "its owner"
    ),
    Attack("an owner inserted", Who.DATABASE, _insert_owner, VERIFY, "the owner eve"),
    Attack(
        "an owner's password replaced by a known one",
        Who.DATABASE,
        _exchange_owners("password_hash"),
        REFUSED,
        "the password",
        sign_in_works(ADA, NEW_PASSWORD),
    ),
    Attack(
        "an identity elsewhere inserted for an owner", Who.DATABASE, _insert_identity, VERIFY, "an identity"
    ),
    # applications
    *(
        Attack(
            f"an application's {what} changed",
            Who.DATABASE,
            sql(f"UPDATE client SET {change} {CLIENT}"),
            VERIFY,
            "application coolsite",
        )
        for what, change in (
            ("name", "name = 'Eve'"),
            ("purpose", "purpose = 'Nothing'"),
            ("publisher", "publisher = 'Eve'"),
            ("redirect URIs", "redirect_uris = '[\"https://eve.example/\"]'"),
            ("scopes", "scopes = '[]'"),
            ("secret", "secrets = (SELECT secrets FROM client WHERE client_id = 'shiftplan')"),
            ("seal", "seal = NULL"),
        )
    ),
    Attack(
        "an application disabled",
        Who.DATABASE,
        sql(f"UPDATE client SET suspended_at = 1 {CLIENT}"),
        VERIFY,
        "application coolsite",
    ),
    Attack(
        "an application deleted", Who.DATABASE, sql(f"DELETE FROM client {CLIENT}"), VERIFY, "its application"
    ),
    Attack("an application inserted", Who.DATABASE, _insert_client, VERIFY, "application eve"),
    Attack(
        "where webhooks go changed",
        Who.DATABASE,
        sql("UPDATE webhook_endpoint SET url = 'https://eve.example/'"),
        VERIFY,
        "the endpoint",
    ),
    Attack("an endpoint inserted", Who.DATABASE, _insert_endpoint, VERIFY, "the endpoint eve"),
    Attack(
        "an endpoint deleted",
        Who.DATABASE,
        sql("DELETE FROM webhook_endpoint"),
        VERIFY,
        "is gone",
    ),
    # tokens and codes
    Attack("an access token inserted", Who.DATABASE, _forge_token, ONLY_REFUSED, works=forged_works),
    Attack(
        "an access token widened by a scope",
        Who.DATABASE,
        _widen_token,
        ONLY_REFUSED,
        works=token_works("grace shiftplan"),
    ),
    Attack(
        "an access token prolonged",
        Who.DATABASE,
        _prolong_token,
        ONLY_REFUSED,
        works=token_works("grace shiftplan"),
    ),
    Attack(
        "a family of tokens revived: its access token",
        Who.DATABASE,
        sql("UPDATE code SET killed_at = NULL"),
        REFUSED,
        works=token_works("grace stolen"),
    ),
    Attack(
        "a family of tokens revived: its refresh token",
        Who.DATABASE,
        sql("UPDATE code SET killed_at = NULL"),
        REFUSED,
        works=refresh_works("grace stolen"),
    ),
    Attack(
        "the same, with the family proof of another",
        Who.DATABASE,
        sql(
            "UPDATE code SET killed_at = NULL, family_proof = (SELECT family_proof FROM code WHERE family_proof IS NOT NULL LIMIT 1)"
        ),
        REFUSED,
        works=token_works("grace stolen"),
    ),
    Attack(
        "a used refresh token made new",
        Who.DATABASE,
        sql("UPDATE token SET rotated_at = NULL; UPDATE code SET rotated_hash = NULL, successor_hash = NULL"),
        REFUSED,
        works=refresh_works("grace rotated", "shiftplan"),
    ),
    Attack(
        "the tables made those of a release without seals, an access token inserted, `init` run",
        Who.DATABASE,
        _before_seals,
        ONLY_REFUSED,
        works=forged_works,
    ),
    # sign-ins and links
    Attack("a session inserted", Who.DATABASE, _insert_session, ONLY_REFUSED, works=ended_session_works),
    Attack(
        "a session given to another owner",
        Who.DATABASE,
        lambda stage: (_insert_session(stage), stage.sql("UPDATE owner_session SET owner_id = :grace"))[1],
        ONLY_REFUSED,
        works=ended_session_works,
    ),
    Attack(
        "a link that resets a password inserted",
        Who.DATABASE,
        link_works.insert,
        ONLY_REFUSED,
        works=link_works,
    ),
    # what waits for an answer
    Attack(
        "a request that waits for an answer: where its code goes changed",
        Who.DATABASE,
        code_goes_to.attack,
        ONLY_REFUSED,
        works=code_goes_to,
    ),
    Attack(
        "a pushed request changed",
        Who.DATABASE,
        pushed_request_is_another.attack,
        ONLY_REFUSED,
        works=pushed_request_is_another,
    ),
    Attack(
        "a request that waits for an answer: which key redeems its code changed",
        Who.DATABASE,
        challenge_is_another.attack,
        ONLY_REFUSED,
        works=challenge_is_another,
    ),
    Attack(
        "a request that waits for an answer: whom it waits for changed",
        Who.DATABASE,
        another_left_it.attack,
        ONLY_REFUSED,
        works=another_left_it,
    ),
    # notices
    Attack(
        "a notice deleted",
        Who.DATABASE,
        sql("DELETE FROM delivery_attempt; DELETE FROM delivery; DELETE FROM notice"),
        VERIFY,
        "its notice is gone",
    ),
    Attack(
        "what a notice says changed",
        Who.DATABASE,
        sql("UPDATE notice SET data = replace(data, 'granted', 'revoked')"),
        VERIFY,
        "its notice is not",
    ),
    Attack("a notice inserted", Who.DATABASE, _notice, ONLY_REFUSED, works=somebody_is_told),
    Attack(
        "a notice inserted: one of before under another id",
        Who.DATABASE,
        _copied_notice,
        ONLY_REFUSED,
        works=somebody_is_told,
    ),
    Attack("a delivery inserted", Who.DATABASE, _insert_delivery, ONLY_REFUSED, works=somebody_is_told),
    Attack(
        "the text of a delivery changed",
        Who.DATABASE,
        lambda stage: stage.sql(
            "UPDATE delivery SET state = 'pending', next_at = 1, finished_at = NULL, body = :body",
            body=b"a lie",
        ),
        ONLY_REFUSED,
        works=somebody_is_told,
    ),
    Attack(
        "a delivery sent once more",
        Who.DATABASE,
        sql("UPDATE delivery SET state = 'pending', next_at = 1, finished_at = NULL"),
        NOTHING,
        works=somebody_is_told,
        why="it is the true message under the same id; receivers get messages at least once",
    ),
    Attack(
        "a delivery said to be done that is not",
        Who.DATABASE,
        sql("UPDATE delivery SET state = 'delivered', finished_at = 1"),
        NOTHING,
        why="how far a message has got is not evidence; the event stands, and pages and feed show it",
    ),
    Attack(
        "counters of failed attempts deleted",
        Who.DATABASE,
        sql("DELETE FROM counter"),
        NOTHING,
        why="guessing goes on sooner; each guess is counted anew",
    ),
    Attack(
        "what was used once forgotten",
        Who.DATABASE,
        sql("DELETE FROM used_once"),
        NOTHING,
        why="an assertion that somebody has caught as well can be played once more while it lasts",
    ),
)
