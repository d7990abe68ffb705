"""What happens once: assertions, and pushed requests. One statement each; the database decides who is first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Insert, bindparam, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from consentcore.api import OneUse, PushedRequest
from consentcore_sqlalchemy.driver import Driver
from consentcore_sqlalchemy.noting import note, use_values
from consentcore_sqlalchemy.rows.one_time_use import PUSHED_REQUESTS
from consentcore_sqlalchemy.tables import Hash, Id, Ms, pushed_request, used_once

if TYPE_CHECKING:
    from sqlalchemy.sql.dml import ReturningDelete


class SqlOnce:
    """The verbs of :class:`consentcore.api.ProtocolStorage` for what may be used once."""

    def __init__(self, driver: Driver, *, is_sqlite: bool) -> None:
        self._driver = driver
        self._use_once = driver.prepare(_use_once(is_sqlite))
        self._push_request = driver.prepare(_push_request())
        self._note = driver.prepare(note())
        self._push_noting = None if is_sqlite else driver.prepare(_push_noting())
        self._take_pushed = driver.prepare(_take_pushed())

    def use_once(self, key_hash: bytes, now: int, expires_at: int) -> bool:
        values = {"key_hash": key_hash, "now": now, "expires_at": expires_at}
        return self._driver.change(self._use_once, values) > 0

    def push_request(self, pushed: PushedRequest, one_use: OneUse | None = None) -> bool:
        values = {**PUSHED_REQUESTS.values(pushed), **use_values(one_use)}
        if one_use is None:
            return self._driver.change(self._push_request, values) > 0
        if self._push_noting is not None:
            return self._driver.change(self._push_noting, values) > 0
        with self._driver.immediate() as steps:
            if steps.change(self._note, values):
                steps.change(self._push_request, values)
                steps.keep = True
        return steps.keep

    def take_pushed(self, request_hash: bytes, client_id: str, now: int) -> PushedRequest | None:
        values = {"request_hash": request_hash, "client_id": client_id, "now": now}
        row = self._driver.row(self._take_pushed, values)
        return PUSHED_REQUESTS.read(row) if row else None


def _use_once(is_sqlite: bool) -> Insert:
    new: Any = (sqlite.insert if is_sqlite else postgresql.insert)(used_once).values(
        key_hash=bindparam("key_hash", type_=Hash), expires_at=bindparam("expires_at", type_=Ms)
    )
    again: Insert = new.on_conflict_do_update(
        index_elements=["key_hash"],
        set_={"expires_at": new.excluded.expires_at},
        where=used_once.c.expires_at <= bindparam("now", type_=Ms),
    )
    return again


def _push_request() -> Insert:
    return insert(pushed_request).values(
        {column.name: bindparam(column.name, type_=column.type) for column in pushed_request.c}
    )


def _push_noting() -> Insert:
    noted = note().returning(used_once.c.key_hash).cte("noted")
    columns = list(pushed_request.c)
    source = select(*(bindparam(column.name, type_=column.type) for column in columns)).select_from(noted)
    return insert(pushed_request).from_select(columns, source, include_defaults=False)


def _take_pushed() -> ReturningDelete[Any]:
    return (
        delete(pushed_request)
        .where(
            pushed_request.c.request_hash == bindparam("request_hash", type_=Hash),
            pushed_request.c.client_id == bindparam("client_id", type_=Id),
            pushed_request.c.expires_at > bindparam("now", type_=Ms),
        )
        .returning(*pushed_request.c)
    )
