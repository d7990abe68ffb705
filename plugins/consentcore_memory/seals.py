"""The seals of records, for who seals them anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from consentcore.api import SealedKind, SealedRow
from consentcore_memory.engine import Session
from consentcore_memory.state import State, StoredNotice, StoredToken, Table

_TABLES = {
    SealedKind.APPLICATION: ("clients", "client_id"),
    SealedKind.ENDPOINT: ("endpoints", "endpoint_id"),
    SealedKind.OWNER: ("owners", "owner_id"),
    SealedKind.IDENTITY: ("identities", "issuer", "subject"),
    SealedKind.TOKEN: ("tokens", "token_hash"),
    SealedKind.NOTICE: ("notices", "notice_id"),
    SealedKind.DELIVERY: ("deliveries", "delivery_id"),
    SealedKind.PAGE: ("snapshots", "snapshot_hash"),
    SealedKind.WORDS: ("pinned_scopes", "scope_id", "version", "revision"),
    SealedKind.TOMBSTONE: ("tombstones", "subject"),
}
"""Of each kind the table, and the fields that make its key."""


class MemorySeals:
    """:class:`consentcore.api.SealRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def page(self, kind: SealedKind, *, after: str = "", limit: int = 500) -> tuple[Sequence[SealedRow], str]:
        rows = sorted(_table(self._session.state, kind).items(), key=lambda item: repr(item[0]))
        page = [(key, row) for key, row in rows if repr(key) > after][:limit]
        found = [_read(self._session.state, row) for _, row in page]
        return [one for one in found if one is not None], repr(page[-1][0]) if len(page) == limit else ""

    def put(self, kind: SealedKind, sealed: Sequence[tuple[Any, bytes]], key_id: str) -> None:
        table = _table(self._session.draft, kind)
        for record, seal in sealed:
            names = _TABLES[kind][1:]
            parts = tuple(getattr(record, name) for name in names)
            key = parts if len(names) > 1 else parts[0]
            before = table.get(key)
            if before is None or _record(before).seal != record.seal:
                continue
            new = {"seal": seal, "key_id": key_id} if kind is SealedKind.TOMBSTONE else {"seal": seal}
            table.put(key, _with(before, replace(_record(before), **new)))


def _table(state: State, kind: SealedKind) -> Table[Any, Any]:
    table: Table[Any, Any] = getattr(state, _TABLES[kind][0])
    return table


def _record(row: Any) -> Any:
    if isinstance(row, StoredToken):
        return row.token
    return row.notice if isinstance(row, StoredNotice) else row


def _with(row: Any, record: Any) -> Any:
    if isinstance(row, StoredToken):
        return replace(row, token=record)
    return replace(row, notice=record) if isinstance(row, StoredNotice) else record


def _read(state: State, row: Any) -> SealedRow | None:
    record = _record(row)
    if not isinstance(row, StoredToken):
        return SealedRow(record)
    family = state.families.get(record.family_id)
    if record.rotated_at is not None or family is None or family.killed_at is not None:
        return None
    return SealedRow(record, family.proof)
