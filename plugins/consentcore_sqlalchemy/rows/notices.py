"""Rows of notices, deliveries and attempts."""

from __future__ import annotations

from consentcore.api import Attempt, Audience, Delivery, DeliveryState, Notice, NoticeKind
from consentcore_sqlalchemy.rows.common import Row, Values, texts, texts_json
from consentcore_sqlalchemy.tables import delivery, delivery_attempt, notice

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


def delivery_values(item: Delivery) -> Values:
    """Columns of a delivery."""
    values = {column.name: getattr(item, column.name) for column in delivery.c}
    before = item.before_replay
    return values | {"state": item.state.value, "before_replay": before.value if before else None}


def delivery_from(row: Row) -> Delivery:
    """Read a delivery."""
    values = {column.name: value for column, value in zip(delivery.c, row, strict=True)}
    before = values["before_replay"]
    states = {
        "state": DeliveryState(values["state"]),
        "before_replay": DeliveryState(before) if before else None,
    }
    return Delivery(**{**values, **states})


def attempt_values(item: Attempt) -> Values:
    """Columns of an attempt."""
    return {column.name: getattr(item, column.name) for column in delivery_attempt.c}


def attempt_from(row: Row) -> Attempt:
    """Read an attempt."""
    return Attempt(**{column.name: value for column, value in zip(delivery_attempt.c, row, strict=True)})
