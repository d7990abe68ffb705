"""Storing the deliveries of notices: those of many notices in one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import ARRAY, Text, bindparam, func, select, update
from sqlalchemy.dialects import postgresql

from consentcore.api import Delivery
from consentcore_sqlalchemy.arrays import arrays, columns_of
from consentcore_sqlalchemy.driver import Driver
from consentcore_sqlalchemy.engine import Database
from consentcore_sqlalchemy.rows.common import Values
from consentcore_sqlalchemy.rows.deliveries import DELIVERIES
from consentcore_sqlalchemy.tables import Ms, delivery, notice
from consentcore_sqlalchemy.work import Mode, transaction

if TYPE_CHECKING:
    from consentcore_sqlalchemy.driver import Prepared

_UNIQUE = ("notice_id", "notifier", "target")


class Expanding(Protocol):
    """See :meth:`consentcore.api.OutboxStorage.expand_all`."""

    def expand(self, deliveries: Mapping[str, Sequence[Delivery]], now: int, *, again: bool) -> int: ...


class RowByRow:
    """SQLite: a statement costs microseconds, a commit milliseconds."""

    def __init__(self, database: Database, _driver: Driver) -> None:
        self._database = database

    def expand(self, deliveries: Mapping[str, Sequence[Delivery]], now: int, *, again: bool) -> int:
        mine = select(notice.c.notice_id, notice.c.expanded_at).where(
            notice.c.notice_id.in_(list(deliveries))
        )
        if not again:
            mine = mine.where(notice.c.expanded_at.is_(None))
        with transaction(self._database, Mode.WRITE) as work:
            found = work.rows(mine)
            rows = [DELIVERIES.values(one) for row in found for one in deliveries[row.notice_id]]
            if rows:
                work.write_all(work.upsert(delivery).on_conflict_do_nothing(index_elements=_UNIQUE), rows)
            ids = [row.notice_id for row in found]
            fresh = (notice.c.notice_id.in_(ids), notice.c.expanded_at.is_(None))
            work.write(update(notice).where(*fresh).values(expanded_at=now))
        return sum(row.expanded_at is None for row in found)


class InOneStatement:
    """PostgreSQL: one statement in autocommit, with the columns of all deliveries as arrays. Row by row the database
    would begin and end the same plan for each, which takes three times as long."""

    def __init__(self, _database: Database, driver: Driver) -> None:
        self._driver = driver
        self._first = driver.prepare(_expand(again=False), writes=True)
        self._again = driver.prepare(_expand(again=True), writes=True)

    def expand(self, deliveries: Mapping[str, Sequence[Delivery]], now: int, *, again: bool) -> int:
        rows = [DELIVERIES.values(one) for theirs in deliveries.values() for one in theirs]
        values: Values = {f"d_{each.name}": [row[each.name] for row in rows] for each in delivery.c}
        statement: Prepared = self._again if again else self._first
        found = self._driver.rows(statement, {**values, "ids": list(deliveries), "now": now})
        return sum(row[0] is None for row in found)


def _expand(*, again: bool) -> Any:
    """Take the notices, store what is not there yet, mark them; gives of each what the mark was before.

    Notices that another worker has at the moment are left out; with ``again`` they are waited for.
    """
    named = notice.c.notice_id == func.any(bindparam("ids", type_=ARRAY(Text)))
    wanted = [named] if again else [named, notice.c.expanded_at.is_(None)]
    mine = (
        select(notice.c.notice_id, notice.c.expanded_at)
        .where(*wanted)
        .with_for_update(skip_locked=not again)
        .cte("mine")
    )
    given = arrays("d_", columns_of(delivery), "given")
    source = select(*(given.c[each.name] for each in delivery.c)).join(
        mine, mine.c.notice_id == given.c.notice_id
    )
    stored = (
        postgresql.insert(delivery)
        .from_select([each.name for each in delivery.c], source, include_defaults=False)
        .on_conflict_do_nothing(index_elements=_UNIQUE)
        .cte("stored")
    )
    marked = (
        update(notice)
        .where(notice.c.notice_id == mine.c.notice_id, notice.c.expanded_at.is_(None))
        .values(expanded_at=bindparam("now", type_=Ms))
        .cte("marked")
    )
    return select(mine.c.expanded_at).add_cte(stored, marked)
