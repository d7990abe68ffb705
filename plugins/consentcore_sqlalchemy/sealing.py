"""Seals for what was written before records were sealed: once, with the upgrade that brings the seals."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update

from consentcore.api import KeyRing, seal_of, seal_password
from consentcore_sqlalchemy import statements as sql
from consentcore_sqlalchemy.lookups import token_from
from consentcore_sqlalchemy.rows.clients import CLIENTS, ENDPOINTS
from consentcore_sqlalchemy.rows.deliveries import DELIVERIES
from consentcore_sqlalchemy.rows.identities import IDENTITIES
from consentcore_sqlalchemy.rows.interactions import INTERACTIONS
from consentcore_sqlalchemy.rows.ledger import SNAPSHOT, SNAPSHOTS
from consentcore_sqlalchemy.rows.notices import NOTICE, NOTICES
from consentcore_sqlalchemy.rows.one_time_use import PUSHED_REQUESTS
from consentcore_sqlalchemy.rows.owners import OWNER, OWNERS, SESSIONS
from consentcore_sqlalchemy.rows.records import Records, named
from consentcore_sqlalchemy.rows.tickets import TICKETS
from consentcore_sqlalchemy.rows.tokens import CODE, CODES
from consentcore_sqlalchemy.tables import (
    client,
    code,
    delivery,
    interaction,
    notice,
    notice_snapshot,
    owner,
    owner_identity,
    owner_session,
    owner_ticket,
    pushed_request,
    token,
    webhook_endpoint,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row, Select, Table

SINCE = "0012"
"""The migration from which on records are sealed: no earlier release wrote a seal, no later one goes without."""
BATCH = 1000
_Family = named(sql.FAMILY)
_KINDS: tuple[tuple[Table, tuple[Any, ...], Records[Any]], ...] = (
    (client, tuple(client.c), CLIENTS),
    (webhook_endpoint, tuple(webhook_endpoint.c), ENDPOINTS),
    (owner, OWNER, OWNERS),
    (owner_session, tuple(owner_session.c), SESSIONS),
    (owner_identity, tuple(owner_identity.c), IDENTITIES),
    (owner_ticket, tuple(owner_ticket.c), TICKETS),
    (notice, NOTICE, NOTICES),
    (delivery, tuple(delivery.c), DELIVERIES),
    (notice_snapshot, tuple(SNAPSHOT), SNAPSHOTS),
    (interaction, tuple(interaction.c), INTERACTIONS),
    (pushed_request, tuple(pushed_request.c), PUSHED_REQUESTS),
)


def seal_rows(connection: Connection, keys: KeyRing) -> int:
    """Seal whatever a seal is asked for; how many records."""
    done = _seal_codes(connection, keys) + _seal_tokens(connection, keys) + _seal_passwords(connection, keys)
    for table, columns, records in _KINDS:

        def values(
            row: Row[Any], records: Records[Any] = records, width: int = len(columns)
        ) -> dict[str, Any]:
            return {"seal": seal_of(keys, records.read(row[:width]))}

        names = {column.name for column in columns}
        rest = [key for key in table.primary_key if key.name not in names]
        done += _fill(connection, table, select(*columns, *rest).where(table.c.seal.is_(None)), values)
    return done


def _seal_codes(connection: Connection, keys: KeyRing) -> int:
    def values(row: Row[Any]) -> dict[str, Any]:
        found = replace(CODES.read(row), family_proof=secrets.token_bytes(16))
        seal = None if found.used_at is not None else seal_of(keys, found)
        return {"family_proof": found.family_proof, "seal": seal}

    unsealed = select(*CODE).where(code.c.killed_at.is_(None), code.c.family_proof.is_(None))
    return _fill(connection, code, unsealed, values)


def _seal_tokens(connection: Connection, keys: KeyRing) -> int:
    size = len(sql.TOKEN)

    def values(row: Row[Any]) -> dict[str, Any]:
        family = _Family._make(row[size:])
        return {"seal": seal_of(keys, token_from(row[:size], family), family.family_proof)}

    unsealed = (
        select(*sql.TOKEN, *sql.FAMILY)
        .select_from(token.join(code, code.c.family_id == token.c.family_id))
        .where(token.c.seal.is_(None), token.c.rotated_at.is_(None), code.c.killed_at.is_(None))
    )
    return _fill(connection, token, unsealed, values)


def _fill(
    connection: Connection,
    table: Table,
    lacking: Select[Any],
    values: Callable[[Row[Any]], Mapping[str, Any]],
) -> int:
    """Write what rows lack, a batch at a time, until none lacks it."""
    keys = [f"key_{column.name}" for column in table.primary_key]
    found = (column == bindparam(name) for column, name in zip(table.primary_key, keys, strict=True))
    put = update(table).where(*found)
    done = 0
    while rows := connection.execute(lacking.limit(BATCH)).all():
        made = [values(row) for row in rows]
        ids: Iterator[dict[str, Any]] = (
            {f"key_{column.name}": getattr(row, column.name) for column in table.primary_key} for row in rows
        )
        named_values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in made[0]}
        written = [
            {**key, **{f"new_{name}": value for name, value in new.items()}}
            for key, new in zip(ids, made, strict=True)
        ]
        connection.execute(put.values(named_values), written)
        done += len(rows)
    return done


def _seal_passwords(connection: Connection, keys: KeyRing) -> int:
    kept = select(owner.c.owner_id, owner.c.password_hash).where(owner.c.password_hash.is_not(None))
    put = update(owner).where(owner.c.owner_id == bindparam("key")).values(password_hash=bindparam("new"))
    done, after = 0, ""
    while rows := connection.execute(
        kept.where(owner.c.owner_id > after).order_by(owner.c.owner_id).limit(BATCH)
    ).all():
        sealed = [
            {"key": owner_id, "new": seal_password(keys, owner_id, encoded)} for owner_id, encoded in rows
        ]
        connection.execute(put, sealed)
        done, after = done + len(rows), rows[-1].owner_id
    return done
