"""Genuine rows of an old backup, put back one by one: each was written by us, and none is the newest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from consentcore.clients.unused import remove
from consentcore.domain.client import Client
from consentcore.domain.clock import HOUR, SystemClock
from consentcore.domain.self_registration import SelfRegistration
from consentcore.keys.record_notes import RecordKind, record_name
from drill.attack import NOTHING, Attack, Who
from drill.attacks_access import ONLY_REFUSED
from drill.attacks_ledger import BOTH, VERIFY
from drill.means import digest, ended_session_works, refresh_works, sign_in_works, token_works
from drill.stage import Stage
from drill.story import GRACE

Where = Callable[[Stage, dict[str, Any]], bool]
GIVEN_BACK, RENEWED = "grace given back", "grace coolsite"


def _rows(table: str, where: Where) -> Callable[[Stage], None]:
    """Some rows of a table as they were in the early days."""
    return lambda stage: stage.put_back("early", table, where=lambda row: where(stage, row))


def _owner(name: str) -> Where:
    return lambda stage, row: row["owner_id"] == stage.facts.owners[name]


def _client(client_id: str) -> Where:
    return lambda _, row: row["client_id"] == client_id


def _family(name: str) -> Callable[[Stage], None]:
    """A family with all of its tokens."""

    def attack(stage: Stage) -> None:
        known = digest(stage.facts.tokens[name]["access_token"])
        (token,) = (row for row in stage.backups["early"].rows["token"] if bytes(row["token_hash"]) == known)
        stage.put_back("early", "code", "token", where=lambda row: row["family_id"] == token["family_id"])

    return attack


def _then_used(attack: Callable[[Stage], None]) -> Callable[[Stage], None]:
    def both(stage: Stage) -> None:
        attack(stage)
        refresh_works(RENEWED)(stage)

    return both


def _with_note(kind: RecordKind, identifier: str, attack: Callable[[Stage], None]) -> Callable[[Stage], None]:
    """The same, and what was noted of the record likewise."""

    def both(stage: Stage) -> None:
        path = f"record/{record_name(stage.runtime.keys, kind, identifier)}"
        stage.stop()
        attack(stage)
        stage.put_back("early", "log_object", where=lambda row: row["path"] == path)

    return both


def _lists_deleted(attack: Callable[[Stage], None]) -> Callable[[Stage], None]:
    def both(stage: Stage) -> None:
        attack(stage)
        stage.sql("DELETE FROM log_object WHERE path LIKE 'ended/%'")

    return both


def _notes_deleted(attack: Callable[[Stage], None]) -> Callable[[Stage], None]:
    def both(stage: Stage) -> None:
        attack(stage)
        stage.sql("DELETE FROM log_object WHERE path LIKE 'record/%' OR path LIKE 'noted/%'")

    return both


def _prolong_grace(stage: Stage) -> None:
    """Say of a used refresh token that it was used a moment ago, with what is kept to answer it once more."""
    stage.ini.write_text(f"{stage.ini.read_text()}\nconsentcore.oauth.refresh_grace_s = 1\n")
    known = digest(stage.facts.tokens["grace rotated"]["refresh_token"])
    (token,) = stage.rows("token", lambda row: bytes(row["token_hash"]) == known)
    stage.put_back("middle", "code", where=lambda row: row["family_id"] == token["family_id"])
    far = SystemClock().now() + HOUR
    stage.sql("UPDATE token SET rotated_at = :at WHERE token_hash = :key", at=far, key=token["token_hash"])


def _removed_application(stage: Stage) -> None:
    """One that had registered itself and was never used."""
    storage, now = stage.runtime.storage, SystemClock().now()
    client = Client("agent", "Agent", now, self_registered=SelfRegistration(now))
    with storage.transaction() as uow:
        uow.clients.add(client)
    (row,) = stage.rows("client", lambda row: row["client_id"] == "agent")
    with storage.transaction() as uow:
        assert remove(client, uow)
    stage.write("client", [row])


CLIENT, ENDPOINT = _rows("client", _client("lapsed")), _rows("webhook_endpoint", lambda *_: True)
PASSWORD = _rows("owner", _owner("grace"))
ATTACKS = (
    Attack(
        "tokens of before they were given back",
        Who.BACKUP,
        _family(GIVEN_BACK),
        VERIFY,
        "alive again",
        token_works(GIVEN_BACK),
    ),
    Attack(
        "a refresh token of before it was used",
        Who.BACKUP,
        _family(RENEWED),
        VERIFY,
        "never used",
    ),
    Attack(
        "the same, and used before anybody looks",
        Who.BACKUP,
        _then_used(_family(RENEWED)),
        NOTHING,
        why="once it was exchanged again it is used, as the log says; who exchanged it has the secret of the application too",
    ),
    Attack(
        "the same, and the lists of what is over deleted",
        Who.BACKUP,
        _lists_deleted(_family(RENEWED)),
        VERIFY,
        "is gone",
        refresh_works(RENEWED),
    ),
    Attack(
        "the time in which a used refresh token is answered once more prolonged",
        Who.BACKUP,
        _prolong_grace,
        ONLY_REFUSED,
        works=refresh_works("grace rotated", "shiftplan"),
    ),
    Attack(
        "a session of before it was ended",
        Who.BACKUP,
        _rows("owner_session", _owner("grace")),
        VERIFY,
        "sign-in",
        ended_session_works,
    ),
    Attack(
        "a password of before it was changed", Who.BACKUP, PASSWORD, VERIFY, "password", sign_in_works(GRACE)
    ),
    Attack(
        "the same, and every note of records deleted",
        Who.BACKUP,
        _notes_deleted(PASSWORD),
        BOTH,
        "is missing",
        sign_in_works(GRACE),
    ),
    Attack(
        "an address of before it was changed",
        Who.BACKUP,
        _rows("owner", _owner("kim")),
        VERIFY,
        "not the newest",
    ),
    Attack(
        "an identity elsewhere of before it was removed",
        Who.BACKUP,
        _rows("owner_identity", _owner("noor")),
        VERIFY,
        "an identity",
    ),
    Attack("an application of before it was disabled", Who.BACKUP, CLIENT, VERIFY, "application lapsed"),
    Attack(
        "the same, and what was noted of it",
        Who.BACKUP,
        _with_note(RecordKind.CLIENT, "lapsed", CLIENT),
        VERIFY,
        "an older one is there",
    ),
    Attack(
        "an application of before it was reinstated",
        Who.BACKUP,
        _rows("client", _client("paused")),
        VERIFY,
        "application paused",
    ),
    Attack(
        "an application of before it was removed",
        Who.BACKUP,
        _removed_application,
        VERIFY,
        "the application agent is there again that was removed",
    ),
    Attack(
        "where webhooks go, with secrets of before they were replaced",
        Who.BACKUP,
        ENDPOINT,
        VERIFY,
        "endpoint",
    ),
)
