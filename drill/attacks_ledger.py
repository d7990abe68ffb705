"""Attacks on events, grants, the log over them, pages and personal values; with the database alone."""

from __future__ import annotations

from drill.attack import NOTHING, Attack, By, Who, sql
from drill.means import receipt_is_signed, refresh_works, token_works
from drill.stage import Stage

VERIFY = frozenset({By.VERIFY})
BOTH = frozenset({By.VERIFY, By.WORKER})
REFUSED = frozenset({By.VERIFY, By.REFUSED})


def _insert_event(stage: Stage) -> None:
    row = max(
        stage.rows("consent_event", lambda row: row["client_id"] == "shiftplan"),
        key=lambda row: row["leaf_index"],
    )
    stage.insert(
        "consent_event", **{**row, "event_id": "0" * 36, "sequence": row["sequence"] + 1, "leaf_index": None}
    )


def _exchange(stage: Stage, table: str, key: str, column: str, where: str) -> None:
    one, two = stage.sql(f"SELECT {key}, {column} FROM {table} WHERE {where} ORDER BY {key} LIMIT 2")
    for target, value in ((one, None), (two, one[1]), (one, two[1])):
        stage.sql(f"UPDATE {table} SET {column} = :value WHERE {key} = :key", value=value, key=target[0])


def _exchange_addresses(stage: Stage) -> None:
    one, two = (
        next(row for row in stage.rows("disclosure") if name in _clear(row["encoded"]))
        for name in ("ada@", "grace@")
    )
    stage.sql(
        "UPDATE disclosure SET encoded = :text WHERE digest = :key", text=two["encoded"], key=one["digest"]
    )
    stage.sql(
        "UPDATE disclosure SET encoded = :text WHERE digest = :key", text=one["encoded"], key=two["digest"]
    )


def _clear(encoded: str) -> str:
    from base64 import urlsafe_b64decode

    return urlsafe_b64decode(encoded + "==").decode()


def _exchange_events(stage: Stage) -> None:
    for before, after in ((1, 99), (2, 1), (99, 2)):
        stage.sql(
            f"UPDATE consent_event SET sequence = :after WHERE {WITHDRAWN} AND sequence = :before",
            before=before,
            after=after,
        )


def _copy_grant(stage: Stage) -> None:
    (row,) = stage.rows("consent_grant", lambda row: row["grant_id"] == stage.facts.grants["grace shiftplan"])
    stage.insert("consent_grant", **{**row, "grant_id": "g" * 36, "owner_id": stage.facts.owners["ada"]})


def _copy_checkpoint(stage: Stage) -> None:
    newest = max(stage.rows("checkpoint"), key=lambda row: row["size"])
    free = min(set(range(1, newest["size"])) - {row["size"] for row in stage.rows("checkpoint")})
    stage.insert("checkpoint", **{**newest, "size": free})


def _bury(stage: Stage) -> None:
    values = stage.rows("tombstone")
    living = next(row for row in stage.rows("disclosure") if "ada@" in _clear(row["encoded"]))
    stage.sql("DELETE FROM disclosure WHERE digest = :key", key=living["digest"])
    stage.insert("tombstone", **{**values[0], "subject": living["digest"]})


DENIAL = "grant_id = :ada_shiftplan"
WITHDRAWN = "grant_id = :ada_coolsite"
LAST = "leaf_index = (SELECT max(leaf_index) FROM consent_event)"
GONE = "DELETE FROM consent_event WHERE {0}; DELETE FROM consent_grant WHERE {0}"
UNPLACED = "UPDATE consent_event SET leaf_index = NULL; DELETE FROM checkpoint"
NEWEST = "size = (SELECT max(size) FROM checkpoint)"

ATTACKS = (
    # events
    Attack(
        "the text of an event edited",
        Who.DATABASE,
        sql("UPDATE consent_event SET body = replace(body, 'withdrawn', 'withdrawm') WHERE " + WITHDRAWN),
        BOTH,
        "not the one that was written",
    ),
    Attack(
        "the time of an event edited beside its text",
        Who.DATABASE,
        sql("UPDATE consent_event SET occurred_at = occurred_at - 86400000 WHERE " + WITHDRAWN),
        VERIFY,
        "its occurred_at",
    ),
    Attack(
        "the kind of an event edited beside its text",
        Who.DATABASE,
        sql("UPDATE consent_event SET type = 'granted' WHERE type = 'denied'"),
        VERIFY,
        "its type",
    ),
    Attack(
        "an event given to another owner",
        Who.DATABASE,
        sql("UPDATE consent_event SET owner_id = :grace WHERE " + WITHDRAWN),
        VERIFY,
        "its owner_id",
    ),
    Attack(
        "the first event of a chain deleted",
        Who.DATABASE,
        sql(f"DELETE FROM consent_event WHERE {WITHDRAWN} AND sequence = 1"),
        BOTH,
        "is missing",
    ),
    Attack(
        "a withdrawal deleted",
        Who.DATABASE,
        sql(f"DELETE FROM consent_event WHERE {WITHDRAWN} AND type = 'withdrawn'"),
        BOTH,
        "is missing",
    ),
    Attack(
        "an event inserted: one of before, once more", Who.DATABASE, _insert_event, VERIFY, "does not follow"
    ),
    Attack("two events of a chain exchanged", Who.DATABASE, _exchange_events, VERIFY),
    Attack(
        "an event moved into another chain",
        Who.DATABASE,
        sql(
            f"UPDATE consent_event SET grant_id = :grace_coolsite, sequence = 99 WHERE {WITHDRAWN} AND sequence = 2"
        ),
        VERIFY,
    ),
    Attack("a denial deleted with its grant", Who.DATABASE, sql(GONE.format(DENIAL)), BOTH),
    Attack(
        "the same, and the newest checkpoint deleted",
        Who.DATABASE,
        sql(f"{GONE.format(DENIAL)}; DELETE FROM checkpoint WHERE {NEWEST}"),
        BOTH,
    ),
    Attack(
        "a chain deleted with its grant, every place in the log erased, every checkpoint deleted",
        Who.DATABASE,
        sql(f"{GONE.format(WITHDRAWN)}; {UNPLACED}"),
        BOTH,
    ),
    Attack(
        "the same, and the hashes of the log deleted",
        Who.DATABASE,
        sql(f"{GONE.format(WITHDRAWN)}; {UNPLACED}; DELETE FROM log_object"),
        BOTH,
    ),
    Attack(
        "the newest event sealed with a key that is none",
        Who.DATABASE,
        sql("UPDATE consent_event SET key_id = 'other' WHERE " + LAST),
        VERIFY,
    ),
    Attack(
        "the text of an event edited, and the receipt of it signed",
        Who.DATABASE,
        sql(
            "UPDATE consent_event SET body = replace(body, 'CoolSite', 'WarmSite') WHERE grant_id = :grace_coolsite"
        ),
        REFUSED | {By.WORKER},
        works=receipt_is_signed("grace coolsite"),
    ),
    # places, checkpoints, hashes
    Attack(
        "the place of an event erased",
        Who.DATABASE,
        sql(f"UPDATE consent_event SET leaf_index = NULL WHERE {WITHDRAWN} AND sequence = 2"),
        BOTH,
    ),
    Attack(
        "the places of two events exchanged",
        Who.DATABASE,
        lambda stage: _exchange(stage, "consent_event", "event_id", "leaf_index", "sequence = 1"),
        BOTH,
    ),
    Attack(
        "an older checkpoint deleted",
        Who.DATABASE,
        sql("DELETE FROM checkpoint WHERE size = (SELECT min(size) FROM checkpoint)"),
        VERIFY,
        "before it is missing",
    ),
    Attack(
        "the newest checkpoint deleted", Who.DATABASE, sql(f"DELETE FROM checkpoint WHERE {NEWEST}"), BOTH
    ),
    Attack("every checkpoint deleted", Who.DATABASE, sql("DELETE FROM checkpoint"), BOTH),
    Attack(
        "the time of a checkpoint changed",
        Who.DATABASE,
        sql("UPDATE checkpoint SET created_at = created_at - 1"),
        BOTH,
    ),
    Attack(
        "the head and the time of an older checkpoint changed, and its note deleted, as if a release without notes"
        " had written it",
        Who.DATABASE,
        sql(
            "UPDATE checkpoint SET note = '', root = signature, created_at = 1"
            " WHERE size = (SELECT size FROM checkpoint ORDER BY size LIMIT 1 OFFSET 1)"
        ),
        VERIFY,
        "has no note",
    ),
    Attack("a checkpoint inserted: one of before, for fewer events", Who.DATABASE, _copy_checkpoint, VERIFY),
    Attack(
        "hashes of the log changed",
        Who.DATABASE,
        lambda stage: stage.sql(
            "UPDATE log_object SET data = :data WHERE path LIKE 'tile/0/%'", data=b"changed"
        ),
        BOTH,
    ),
    Attack("hashes of the log deleted", Who.DATABASE, sql("DELETE FROM log_object"), BOTH),
    # grants
    Attack(
        "a withdrawn grant made active",
        Who.DATABASE,
        sql("UPDATE consent_grant SET state = 'active' WHERE " + WITHDRAWN),
        REFUSED,
        "row",
        token_works("ada coolsite"),
    ),
    Attack(
        "the same; a refresh token of before",
        Who.DATABASE,
        sql("UPDATE consent_grant SET state = 'active' WHERE " + WITHDRAWN),
        REFUSED,
        "row",
        refresh_works("ada coolsite"),
    ),
    Attack(
        "a grant widened by a scope",
        Who.DATABASE,
        sql(
            'UPDATE consent_grant SET scopes = \'["sites.read@1","alarms.read@1"]\' WHERE grant_id = :grace_coolsite'
        ),
        VERIFY,
        "row",
    ),
    Attack(
        "a grant prolonged",
        Who.DATABASE,
        sql("UPDATE consent_grant SET expires_at = expires_at + 86400000 WHERE grant_id = :grace_coolsite"),
        VERIFY,
        "row",
    ),
    Attack(
        "resources added to a grant",
        Who.DATABASE,
        sql("UPDATE consent_grant SET resources = '[\"site-1\"]' WHERE grant_id = :grace_coolsite"),
        VERIFY,
        "row",
    ),
    Attack(
        "a grant given to another owner",
        Who.DATABASE,
        sql("UPDATE consent_grant SET owner_id = :ada WHERE grant_id = :grace_coolsite"),
        VERIFY,
        "row",
    ),
    Attack(
        "a grant given to another application",
        Who.DATABASE,
        sql("UPDATE consent_grant SET client_id = 'api' WHERE grant_id = :grace_coolsite"),
        VERIFY,
        "row",
    ),
    Attack(
        "a grant deleted, its events left",
        Who.DATABASE,
        sql("DELETE FROM consent_grant WHERE " + WITHDRAWN),
        VERIFY,
        "is gone",
    ),
    Attack("a grant inserted without events", Who.DATABASE, _copy_grant, VERIFY),
    # pages
    Attack(
        "what a page showed changed",
        Who.DATABASE,
        sql("UPDATE notice_snapshot SET content = replace(content, 'CoolSite', 'WarmSite')"),
        VERIFY,
        "was changed",
    ),
    Attack(
        "what a page showed deleted", Who.DATABASE, sql("DELETE FROM notice_snapshot"), VERIFY, "is missing"
    ),
    Attack(
        "when a page was first shown changed",
        Who.DATABASE,
        sql("UPDATE notice_snapshot SET created_at = created_at - 1"),
        VERIFY,
        "the snapshot",
    ),
    Attack(
        "the pinned text of a scope changed",
        Who.DATABASE,
        sql("UPDATE pinned_scope SET content = replace(content, 'a', 'e')"),
        VERIFY,
        "the words of scope",
    ),
    Attack(
        "the pinned text of a scope inserted: today's once more, as another revision",
        Who.DATABASE,
        sql(
            "INSERT INTO pinned_scope (scope_id, version, revision, content, pinned_at, seal)"
            " SELECT scope_id, version, revision + 1, content, pinned_at + 1, seal FROM pinned_scope"
        ),
        VERIFY,
        "the words of scope",
    ),
    Attack(
        "the pinned text of a scope deleted",
        Who.DATABASE,
        sql("DELETE FROM pinned_scope"),
        NOTHING,
        why="today's words are pinned anew; what the person read stands in the snapshot of the page, which is covered",
    ),
    # personal values
    Attack(
        "the addresses beside two people's events exchanged",
        Who.DATABASE,
        _exchange_addresses,
        VERIFY,
        "personal value",
    ),
    Attack(
        "a personal value changed",
        Who.DATABASE,
        sql("UPDATE disclosure SET encoded = replace(encoded, 'a', 'b')"),
        VERIFY,
        "personal value",
    ),
    Attack("a personal value deleted", Who.DATABASE, sql("DELETE FROM disclosure"), VERIFY, "personal value"),
    Attack(
        "a personal value deleted, with a tombstone of another", Who.DATABASE, _bury, VERIFY, "is not ours"
    ),
    Attack(
        "a tombstone deleted", Who.DATABASE, sql("DELETE FROM tombstone"), VERIFY, "was not forgotten by us"
    ),
    Attack(
        "the time of a tombstone changed",
        Who.DATABASE,
        sql("UPDATE tombstone SET forgotten_at = forgotten_at - 1"),
        VERIFY,
        "is not ours",
    ),
)
