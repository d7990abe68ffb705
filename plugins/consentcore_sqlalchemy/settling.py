"""Settling deliveries: many in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import BigInteger, Boolean, Text, case, func, insert, null, select, update

from consentcore.api import DeliveryState, Settlement
from consentcore_sqlalchemy.arrays import arrays, columns_of
from consentcore_sqlalchemy.driver import Driver
from consentcore_sqlalchemy.engine import Database
from consentcore_sqlalchemy.rows.common import Values
from consentcore_sqlalchemy.rows.deliveries import ATTEMPTS
from consentcore_sqlalchemy.tables import delivery, delivery_attempt
from consentcore_sqlalchemy.work import Mode, transaction

_SETTLED = {
    "delivery_id": Text,
    "lease_token": Text,
    "state": Text,
    "next_at": BigInteger,
    "finished_at": BigInteger,
    "last_error": Text,
    "tried": Boolean,
}


class Settling(Protocol):
    """See :meth:`consentcore.api.OutboxStorage.settle_all`."""

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[bool]: ...


class OneByOne:
    """SQLite: a statement costs microseconds, a commit milliseconds."""

    def __init__(self, database: Database, _driver: Driver) -> None:
        self._database = database

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        answers = []
        with transaction(self._database, Mode.WRITE) as work:
            for one in settlements:
                values = _values(one)
                if values["next_at"] is None:
                    del values["next_at"]
                if values.pop("tried"):
                    values |= {"before_replay": None, "next_before_replay": None}
                held = (
                    delivery.c.delivery_id == values.pop("delivery_id"),
                    delivery.c.lease_token == values.pop("lease_token"),
                    delivery.c.lease_token != "",
                )
                ended = {**values, "lease_until": None, "lease_token": ""}
                answers.append(work.write(update(delivery).where(*held).values(ended)) > 0)
                if answers[-1] and one.attempt is not None:
                    work.add(delivery_attempt, ATTEMPTS.values(one.attempt))
        return answers


class AllAtOnce:
    """PostgreSQL: one statement in autocommit, with the columns as arrays."""

    def __init__(self, _database: Database, driver: Driver) -> None:
        self._driver = driver
        self._statement = driver.prepare(_all_at_once(), writes=True)

    def settle(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        rows = [_values(one) for one in settlements]
        tries = [ATTEMPTS.values(one.attempt) for one in settlements if one.attempt is not None]
        arrays: Values = {f"s_{name}": [row[name] for row in rows] for name in _SETTLED}
        arrays |= {f"a_{each.name}": [row[each.name] for row in tries] for each in delivery_attempt.c}
        settled = {row[0] for row in self._driver.rows(self._statement, arrays)}
        return [one.delivery_id in settled for one in settlements]


def _values(settlement: Settlement) -> Values:
    waits = settlement.state is DeliveryState.PENDING
    again_at = settlement.next_at if settlement.next_at is not None else settlement.now
    return {
        "delivery_id": settlement.delivery_id,
        "lease_token": settlement.lease_token,
        "state": settlement.state.value,
        "next_at": again_at if waits else None,
        "finished_at": None if waits else settlement.now,
        "last_error": settlement.error,
        "tried": settlement.attempt is not None,
    }


def _all_at_once() -> Any:
    given = arrays("s_", _SETTLED, "given")
    tried = given.c.tried
    settled = (
        update(delivery)
        .where(
            delivery.c.delivery_id == given.c.delivery_id,
            delivery.c.lease_token == given.c.lease_token,
            delivery.c.lease_token != "",
        )
        .values(
            state=given.c.state,
            lease_until=null(),
            lease_token="",
            last_error=given.c.last_error,
            next_at=func.coalesce(given.c.next_at, delivery.c.next_at),
            finished_at=given.c.finished_at,
            before_replay=case((tried, null()), else_=delivery.c.before_replay),
            next_before_replay=case((tried, null()), else_=delivery.c.next_before_replay),
        )
        .returning(delivery.c.delivery_id)
        .cte("settled")
    )
    columns = columns_of(delivery_attempt)
    tries = arrays("a_", columns, "tries")
    kept = select(*(tries.c[name] for name in columns)).join(
        settled, settled.c.delivery_id == tries.c.delivery_id
    )
    logged = insert(delivery_attempt).from_select(list(columns), kept).cte("logged")
    return select(settled.c.delivery_id).add_cte(logged)
