"""Seals for what was written before rows were sealed: once, with the upgrade that brings the seals."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update

from consentcore.api import KeyRing, seal_of
from consentcore_sqlalchemy import statements as sql
from consentcore_sqlalchemy.rows.records import named
from consentcore_sqlalchemy.rows.tokens import CODE, CODES
from consentcore_sqlalchemy.tables import code, token
from consentcore_sqlalchemy.tokens import token_from

if TYPE_CHECKING:
    from sqlalchemy import Connection

SINCE = "0011"
"""The migration from which on rows are sealed: no earlier release wrote a seal, no later one goes without."""
BATCH = 1000
_Family = named(sql.FAMILY)


def seal_rows(connection: Connection, keys: KeyRing) -> int:
    """Seal every code and token that may be good for something; how many."""
    return _seal_codes(connection, keys) + _seal_tokens(connection, keys)


def _seal_codes(connection: Connection, keys: KeyRing) -> int:
    unsealed = select(*CODE).where(code.c.killed_at.is_(None), code.c.family_proof.is_(None)).limit(BATCH)
    put = update(code).where(code.c.code_hash == bindparam("hash"))
    done = 0
    while rows := connection.execute(unsealed).all():
        values: list[dict[str, Any]] = []
        for row in rows:
            found = replace(CODES.read(row), family_proof=secrets.token_bytes(16))
            seal = None if found.used_at is not None else seal_of(keys, found)
            values.append({"hash": found.code_hash, "family_proof": found.family_proof, "seal": seal})
        connection.execute(put.values(family_proof=bindparam("family_proof"), seal=bindparam("seal")), values)
        done += len(rows)
    return done


def _seal_tokens(connection: Connection, keys: KeyRing) -> int:
    unsealed = (
        select(*sql.TOKEN, *sql.FAMILY)
        .select_from(token.join(code, code.c.family_id == token.c.family_id))
        .where(token.c.seal.is_(None), token.c.rotated_at.is_(None), code.c.killed_at.is_(None))
        .limit(BATCH)
    )
    put = update(token).where(token.c.token_hash == bindparam("hash")).values(seal=bindparam("seal"))
    size, done = len(sql.TOKEN), 0
    while rows := connection.execute(unsealed).all():
        values: list[dict[str, Any]] = []
        for row in rows:
            family = _Family._make(row[size:])
            found = token_from(row[:size], family)
            values.append({"hash": found.token_hash, "seal": seal_of(keys, found, family.family_proof)})
        connection.execute(put, values)
        done += len(rows)
    return done
