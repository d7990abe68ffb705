"""Attacks with an old backup of the database, with anchors rolled back, and with the key in use."""

from __future__ import annotations

from collections.abc import Callable

from drill.attack import NOTHING, Attack, Who
from drill.attacks_ledger import BOTH, VERIFY
from drill.means import token_works
from drill.stage import Stage
from tests.support.platform import decide

ROLLED_BACK = "rolled back"


def _grant_of_then(name: str, backup: str) -> Callable[[Stage], None]:
    """A grant with its chain and notices as they were."""

    def attack(stage: Stage) -> None:
        of_it = stage.facts.grants[name]
        stage.put_back(backup, "consent_event", "consent_grant", where=lambda row: row["grant_id"] == of_it)

    return attack


def _row_of_then(name: str, backup: str) -> Callable[[Stage], None]:
    def attack(stage: Stage) -> None:
        of_it = stage.facts.grants[name]
        stage.put_back(backup, "consent_grant", where=lambda row: row["grant_id"] == of_it)

    return attack


def _with_log(name: str, backup: str) -> Callable[[Stage], None]:
    """The same, with checkpoints and hashes of then: what came later waits for its place, as if it were new."""

    def attack(stage: Stage) -> None:
        _grant_of_then(name, backup)(stage)
        stage.put_back_log(backup)

    return attack


def _everything(backup: str) -> Callable[[Stage], None]:
    return lambda stage: stage.put_back_all(backup)


def _tables(backup: str, *tables: str) -> Callable[[Stage], None]:
    return lambda stage: stage.put_back(backup, *tables)


def _and_anchor(attack: Callable[[Stage], None], backup: str) -> Callable[[Stage], None]:
    def both(stage: Stage) -> None:
        attack(stage)
        stage.put_back_anchor(backup)

    return both


def _erased_comes_back(stage: Stage) -> None:
    tombs = {row["subject"] for row in stage.rows("tombstone")}
    values = [row for row in stage.backups["early"].rows["disclosure"] if row["digest"] in tombs]
    for row in values:
        stage.sql("DELETE FROM tombstone WHERE subject = :subject", subject=row["digest"])
    stage.write("disclosure", values)
    stage.put_back("early", "owner", where=lambda row: row["owner_id"] == stage.facts.owners["noor"])


def consent_with(backup: str) -> Callable[[Stage], None]:
    """Run the product with the leaked key on the database: a grant with event, notice and page, all well sealed."""

    def attack(stage: Stage) -> None:
        platform = stage.started(stage.with_keys_of(backup))
        with platform.runtime.storage.reading() as uow:
            ada = next(
                owner for owner in uow.owners.list(limit=10) if owner.owner_id == stage.facts.owners["ada"]
            )
        decide(platform, ada, "sites.read")
        platform.runtime.close()

    return attack


def _checkpoint_with(backup: str) -> Callable[[Stage], None]:
    """The same, and let a worker with the leaked key sign the log."""

    def attack(stage: Stage) -> None:
        consent_with(backup)(stage)
        platform = stage.started(stage.with_keys_of(backup))
        platform.runtime.evidence.advance()
        platform.runtime.close()

    return attack


def _rewrite_with_key(stage: Stage) -> None:
    """Roll back to the early days, and write another history with the key in use, log included."""
    stage.put_back_all("early")
    stage.anchor_in("none")
    _checkpoint_with("now")(stage)
    stage.anchor_in("file")


ATTACKS = (
    # one grant
    Attack(
        "a withdrawn grant's row of before",
        Who.BACKUP,
        _row_of_then("ada coolsite", "early"),
        VERIFY,
        "counts",
    ),
    Attack(
        "the latest withdrawal rolled back: row and chain of before",
        Who.BACKUP,
        _grant_of_then("ada coolsite", "early"),
        BOTH,
    ),
    Attack(
        "the same, and checkpoints and hashes of before",
        Who.BACKUP,
        _with_log("ada coolsite", "early"),
        BOTH,
        ROLLED_BACK,
    ),
    Attack(
        "the same",
        Who.NO_ANCHOR,
        _with_log("ada coolsite", "early"),
        NOTHING,
        works=token_works("ada coolsite"),
        why="an old copy agrees with itself; `plugins check` and `audit verify` say that no anchor is there",
    ),
    Attack(
        "a denial rolled back: row, chain, checkpoints and hashes of before",
        Who.BACKUP,
        _with_log("ada shiftplan", "middle"),
        BOTH,
        ROLLED_BACK,
    ),
    Attack("the same", Who.NO_ANCHOR, _with_log("ada shiftplan", "middle"), NOTHING, why="likewise"),
    # everything
    Attack(
        "the whole database of before the latest denial", Who.BACKUP, _everything("middle"), BOTH, ROLLED_BACK
    ),
    Attack("the whole database of the early days", Who.BACKUP, _everything("early"), BOTH, ROLLED_BACK),
    Attack(
        "the whole database of the early days",
        Who.NO_ANCHOR,
        _everything("early"),
        NOTHING,
        works=token_works("ada coolsite"),
        why="likewise",
    ),
    Attack(
        "the whole database of the early days, and the anchor's file of then",
        Who.ANCHOR,
        _and_anchor(_everything("early"), "early"),
        BOTH,
        ROLLED_BACK,
    ),
    Attack(
        "the latest withdrawal with the log, and the anchor's file of then",
        Who.ANCHOR,
        _and_anchor(_with_log("ada coolsite", "early"), "early"),
        BOTH,
        ROLLED_BACK,
    ),
    Attack(
        "the whole database of the early days, and every anchor of then",
        Who.ANCHORS,
        _and_anchor(_everything("early"), "early"),
        NOTHING,
        works=token_works("ada coolsite"),
        why="only receipts and webhooks know better: each carries the newest checkpoint of its time",
    ),
    Attack(
        "the latest withdrawal with the log, and every anchor of then",
        Who.ANCHORS,
        _and_anchor(_with_log("ada coolsite", "early"), "early"),
        NOTHING,
        works=token_works("ada coolsite"),
        why="likewise",
    ),
    # what was erased
    Attack(
        "an erased person's values of before, tombstones deleted",
        Who.BACKUP,
        _erased_comes_back,
        VERIFY,
        "the owner",
    ),
    Attack(
        "an erased person's values of before, tombstones left",
        Who.BACKUP,
        _tables("early", "disclosure"),
        VERIFY,
        "is there again",
    ),
    # keys
    Attack("another history from the early days on, signed", Who.KEY, _rewrite_with_key, BOTH, "anchor"),
    Attack(
        "a consent forged",
        Who.KEY,
        consent_with("now"),
        NOTHING,
        why="it is signed as any other; keep the key ring apart from the database",
    ),
)
