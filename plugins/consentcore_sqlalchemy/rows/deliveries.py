"""Rows of deliveries and their attempts."""

from __future__ import annotations

from consentcore.api import Attempt, Delivery, DeliveryState
from consentcore_sqlalchemy.rows.common import Row, Values
from consentcore_sqlalchemy.tables import delivery, delivery_attempt


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
