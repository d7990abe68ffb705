"""The seals of records, for who seals them anew."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, tuple_, update

from consentcore.api import SealedKind, SealedRow
from consentcore_sqlalchemy import statements as sql
from consentcore_sqlalchemy.lookups import token_from
from consentcore_sqlalchemy.rows.clients import CLIENTS, ENDPOINTS
from consentcore_sqlalchemy.rows.deliveries import DELIVERIES
from consentcore_sqlalchemy.rows.identities import IDENTITIES
from consentcore_sqlalchemy.rows.ledger import SNAPSHOT, SNAPSHOTS, TOMBSTONES
from consentcore_sqlalchemy.rows.notices import NOTICE, NOTICES
from consentcore_sqlalchemy.rows.owners import OWNER, OWNERS
from consentcore_sqlalchemy.rows.pinned_scopes import PINNED_SCOPES
from consentcore_sqlalchemy.rows.records import Records, named
from consentcore_sqlalchemy.tables import (
    client,
    code,
    delivery,
    notice,
    notice_snapshot,
    owner,
    owner_identity,
    pinned_scope,
    token,
    tombstone,
    webhook_endpoint,
)
from consentcore_sqlalchemy.work import Work

if TYPE_CHECKING:
    from sqlalchemy import Row, Select, Table

_Family = named(sql.FAMILY)
_KINDS: dict[SealedKind, tuple[Table, tuple[Any, ...], Records[Any]]] = {
    SealedKind.APPLICATION: (client, tuple(client.c), CLIENTS),
    SealedKind.ENDPOINT: (webhook_endpoint, tuple(webhook_endpoint.c), ENDPOINTS),
    SealedKind.OWNER: (owner, OWNER, OWNERS),
    SealedKind.IDENTITY: (owner_identity, tuple(owner_identity.c), IDENTITIES),
    SealedKind.NOTICE: (notice, NOTICE, NOTICES),
    SealedKind.DELIVERY: (delivery, tuple(delivery.c), DELIVERIES),
    SealedKind.PAGE: (notice_snapshot, tuple(SNAPSHOT), SNAPSHOTS),
    SealedKind.WORDS: (pinned_scope, tuple(pinned_scope.c), PINNED_SCOPES),
    SealedKind.TOMBSTONE: (tombstone, tuple(tombstone.c), TOMBSTONES),
}


class SqlSeals:
    """:class:`consentcore.api.SealRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def page(self, kind: SealedKind, *, after: str = "", limit: int = 500) -> tuple[Sequence[SealedRow], str]:
        table = _table_of(kind)
        keys = list(table.primary_key)
        beside = [key for key in keys if kind is not SealedKind.TOKEN and key not in set(_KINDS[kind][1])]
        wanted = _tokens() if kind is SealedKind.TOKEN else select(*_KINDS[kind][1], *beside)
        if after:
            wanted = wanted.where(tuple_(*keys) > tuple(_values(after)))
        rows = self._work.rows(wanted.order_by(*keys).limit(limit))
        end = _cursor([getattr(rows[-1], key.name) for key in keys]) if len(rows) == limit else ""
        return [_read(kind, row) for row in rows], end

    def put(self, kind: SealedKind, sealed: Sequence[tuple[Any, bytes]], key_id: str) -> None:
        table = _table_of(kind)
        keys = list(table.primary_key)
        for record, seal in sealed:
            new = {"seal": seal, "key_id": key_id} if kind is SealedKind.TOMBSTONE else {"seal": seal}
            # Of a page that is stored twice, the seal says which copy it is.
            its = [key == getattr(record, key.name) for key in keys if hasattr(record, key.name)]
            self._work.write(update(table).where(*its, table.c.seal == record.seal).values(new))


def _table_of(kind: SealedKind) -> Table:
    return token if kind is SealedKind.TOKEN else _KINDS[kind][0]


def _tokens() -> Select[Any]:
    return (
        select(*sql.TOKEN, *sql.FAMILY)
        .select_from(token.join(code, code.c.family_id == token.c.family_id))
        .where(token.c.rotated_at.is_(None), code.c.killed_at.is_(None))
    )


def _read(kind: SealedKind, row: Row[Any]) -> SealedRow:
    if kind is not SealedKind.TOKEN:
        _, columns, records = _KINDS[kind]
        return SealedRow(records.read(row[: len(columns)]))
    size = len(sql.TOKEN)
    family = _Family._make(row[size:])
    return SealedRow(token_from(row[:size], family), bytes(family.family_proof or b""))


def _cursor(values: Sequence[Any]) -> str:
    """Where a page ends, as text: bytes (hashes of tokens) in hexadecimal digits."""
    return json.dumps([{"hex": bytes(one).hex()} if isinstance(one, bytes) else one for one in values])


def _values(cursor: str) -> list[Any]:
    return [bytes.fromhex(one["hex"]) if isinstance(one, dict) else one for one in json.loads(cursor)]
