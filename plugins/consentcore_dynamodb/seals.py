"""The seals of records, for who seals them anew. A page is a part of the whole table: nothing lists a kind alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from consentcore.api import SealedKind, SealedRow
from consentcore_dynamodb.clients import endpoint_key
from consentcore_dynamodb.identities import identity_key
from consentcore_dynamodb.keys import (
    Item,
    Key,
    client_key,
    delivery_key,
    family_key,
    key_of,
    notice_key,
    owner_key,
    token_key,
)
from consentcore_dynamodb.ledger import snapshot_key, tombstone_key
from consentcore_dynamodb.pinned_scopes import pinned_key
from consentcore_dynamodb.records import (
    CLIENTS,
    DELIVERIES,
    ENDPOINTS,
    IDENTITIES,
    NOTICES,
    OWNERS,
    PINNED_SCOPES,
    SNAPSHOTS,
    TOKENS,
    TOMBSTONES,
    Records,
)
from consentcore_dynamodb.token_items import killed_at, proof_of
from consentcore_dynamodb.work import Work

_KINDS: dict[SealedKind, tuple[Callable[[Any], Key], Records[Any]]] = {
    SealedKind.APPLICATION: (lambda one: client_key(one.client_id), CLIENTS),
    SealedKind.ENDPOINT: (lambda one: endpoint_key(one.endpoint_id), ENDPOINTS),
    SealedKind.OWNER: (lambda one: owner_key(one.owner_id), OWNERS),
    SealedKind.IDENTITY: (lambda one: identity_key(one.issuer, one.subject), IDENTITIES),
    SealedKind.TOKEN: (lambda one: token_key(one.token_hash), TOKENS),
    SealedKind.NOTICE: (lambda one: notice_key(one.notice_id), NOTICES),
    SealedKind.DELIVERY: (lambda one: delivery_key(one.delivery_id), DELIVERIES),
    SealedKind.PAGE: (lambda one: snapshot_key(one.snapshot_hash), SNAPSHOTS),
    SealedKind.WORDS: (pinned_key, PINNED_SCOPES),
    SealedKind.TOMBSTONE: (lambda one: tombstone_key(one.subject), TOMBSTONES),
}
_BEGINS = {
    SealedKind.APPLICATION: "CLIENT#",
    SealedKind.ENDPOINT: "ENDPOINT#",
    SealedKind.OWNER: "OWNER#",
    SealedKind.IDENTITY: "IDENTITY#",
    SealedKind.TOKEN: "TOKEN#",
    SealedKind.NOTICE: "NOTICE#",
    SealedKind.DELIVERY: "DELIVERY#",
    SealedKind.PAGE: "SNAPSHOT#",
    SealedKind.WORDS: "PINNED-SCOPES",
    SealedKind.TOMBSTONE: "TOMBSTONE#",
}
"""What the partitions of a kind begin with. Its items have fields; what only names them elsewhere has none."""


class DynamoSeals:
    """:class:`consentcore.api.SealRepository` in DynamoDB."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def page(self, kind: SealedKind, *, after: str = "", limit: int = 500) -> tuple[Sequence[SealedRow], str]:
        items, end = self._work.scan(Key(*json.loads(after)).attributes if after else None, limit)
        found = [item for item in items if item["p"]["S"].startswith(_BEGINS[kind]) and "seal" in item]
        rows = self._tokens(found) if kind is SealedKind.TOKEN else _read(kind, found)
        return rows, json.dumps(key_of(end)) if end else ""

    def put(self, kind: SealedKind, sealed: Sequence[tuple[Any, bytes]], key_id: str) -> None:
        key_for, records = _KINDS[kind]
        items = self._work.get_many(key_for(record) for record, _ in sealed)
        for record, seal in sealed:
            before = items.get(key_for(record))
            if before is None or records.read(before).seal != record.seal:
                continue
            new: Item = {"seal": {"B": seal}}
            if kind is SealedKind.TOMBSTONE:
                new["key_id"] = {"S": key_id}
            self._work.replace(before, {**before, **new})

    def _tokens(self, items: Sequence[Item]) -> list[SealedRow]:
        tokens = [TOKENS.read(item) for item in items]
        families = self._work.get_many(family_key(one.family_id) for one in tokens)
        found = []
        for one in tokens:
            family = families.get(family_key(one.family_id))
            if one.rotated_at is None and family is not None and killed_at(family) is None:
                found.append(SealedRow(one, proof_of(family)))
        return found


def _read(kind: SealedKind, items: Sequence[Item]) -> list[SealedRow]:
    key_for, records = _KINDS[kind]
    rows = [(key_of(item), records.read(item)) for item in items]
    return [SealedRow(record) for key, record in rows if key_for(record) == key]
