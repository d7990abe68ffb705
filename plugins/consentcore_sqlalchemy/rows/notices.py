"""Rows of notices."""

from __future__ import annotations

from consentcore.api import Audience, Notice, NoticeKind
from consentcore_sqlalchemy.rows.common import Row, Values, texts, texts_json
from consentcore_sqlalchemy.tables import notice

NOTICE = tuple(column for column in notice.c if column.name not in {"expanded_at", "feed_index"})


def notice_values(item: Notice) -> Values:
    """Columns of a notice."""
    return {
        "notice_id": item.notice_id,
        "kind": item.kind.value,
        "grant_id": item.grant_id,
        "client_id": item.client_id,
        "owner_id": item.owner_id,
        "audiences": texts_json(audience.value for audience in item.audiences),
        "occurred_at": item.occurred_at,
        "data": item.data,
    }


def notice_from(row: Row) -> Notice:
    """Read a notice."""
    return Notice(
        notice_id=row[0],
        kind=NoticeKind(row[1]),
        grant_id=row[2],
        client_id=row[3],
        owner_id=row[4],
        audiences=tuple(Audience(name) for name in texts(row[5])),
        occurred_at=row[6],
        data=row[7],
    )
