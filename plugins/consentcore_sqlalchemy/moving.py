"""Everything at once, for moving to another storage: kind after kind, each by its primary key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import literal, tuple_

from consentcore.api import MOVED, Moved, MovedPage
from consentcore_sqlalchemy.engine import Database
from consentcore_sqlalchemy.rows.moving import KINDS, Kind, storing
from consentcore_sqlalchemy.work import Mode, Work, transaction

_NAMES = list(MOVED)


class SqlMoving:
    """:class:`consentcore.api.MovingStorage` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, after: str = "", *, limit: int = 1000) -> MovedPage:
        name, behind = _parsed(after) if after else (_NAMES[0], None)
        kind = KINDS[MOVED[name]]
        keys = list(kind.table.primary_key)
        page = kind.rows.order_by(*keys).limit(limit)
        if behind is not None:
            place = [literal(value, key.type) for value, key in zip(behind, keys, strict=True)]
            page = page.where(tuple_(*keys) > tuple_(*place))
        with transaction(self._database, Mode.READ) as work:
            rows = work.rows(page)
        records = [kind.read(tuple(row)) for row in rows]
        if len(rows) == limit:
            return MovedPage(records, _said(name, [getattr(rows[-1], key.name) for key in keys]))
        following = _NAMES[_NAMES.index(name) + 1 :]
        return MovedPage(records, _said(following[0], None) if following else "")

    def write(self, records: Sequence[Moved]) -> None:
        with transaction(self._database, Mode.WRITE) as work:
            for kind, theirs in groupby(records, key=type):
                _store(work, KINDS[kind], list(theirs))


def _store(work: Work, kind: Kind, records: Sequence[Any]) -> None:
    if kind.values is not None:
        rows = [kind.values(record) for record in records]
        work.write_all(storing(kind, list(rows[0]), is_sqlite=work.is_sqlite), rows)
    for change, values in kind.beside:
        changed = [found for found in map(values, records) if found is not None]
        if changed:
            work.write_all(change, changed)


def _said(name: str, key: Sequence[Any] | None) -> str:
    """Where a page goes on: a kind, and the key of the last record in JSON, bytes as a list of their digits."""
    parts = key and [[part.hex()] if isinstance(part, bytes) else part for part in key]
    return f"{name} {json.dumps(parts, separators=(',', ':'))}"


def _parsed(after: str) -> tuple[str, Sequence[Any] | None]:
    name, _, text = after.partition(" ")
    try:
        parts = json.loads(text)
        key = parts and [bytes.fromhex(part[0]) if isinstance(part, list) else part for part in parts]
        if name in MOVED and (key is None or len(key) == len(KINDS[MOVED[name]].table.primary_key)):
            return name, key
    except (ValueError, TypeError, IndexError):
        pass
    raise ValueError(f"expected what a page said to follow, not {after!r}")
