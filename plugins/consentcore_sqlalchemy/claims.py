"""Claiming deliveries: fair between targets, whatever the backlog of each.

The pending deliveries lie in an index by target and due time. A claim walks from target to target through it, one step
each however many deliveries a target has, and takes the earliest due of each target that is not busy. So
100,000 deliveries to a dead endpoint cost the others nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Integer,
    ScalarSelect,
    Select,
    Text,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    update,
)

from consentcore_sqlalchemy.driver import Driver
from consentcore_sqlalchemy.engine import Database
from consentcore_sqlalchemy.rows.common import Row
from consentcore_sqlalchemy.tables import Ms, delivery, notice
from consentcore_sqlalchemy.work import Mode, transaction

if TYPE_CHECKING:
    from sqlalchemy.sql.dml import ReturningUpdate
    from sqlalchemy.sql.elements import SQLCoreOperations

    Count = int | ColumnElement[int]

# Stands in the text and not in a parameter: a prepared statement could not use a partial index otherwise.
PENDING: ColumnElement[str] = literal_column("'pending'")
OVERFETCH = 4
"""So many more candidates than are wanted: other workers hold locks on some."""
SEPARATOR = "\x1f"
_LANE = delivery.c.notifier + SEPARATOR + delivery.c.target

_now = bindparam("now", type_=Ms)
_lost = bindparam("lost", type_=Ms)


class Claims:
    """The claims of one database."""

    def __init__(self, database: Database, driver: Driver) -> None:
        self._database = database
        self._driver = driver
        self._waiting = driver.prepare(_waiting(sqlite=database.is_sqlite))
        self._leased = None if database.is_sqlite else driver.prepare(_leased_of_all(), writes=True)

    def waiting(self, now: int, lease_ms: int, notifiers: Sequence[str]) -> bool:
        """See :meth:`consentcore.api.OutboxStorage.waiting`."""
        names: Any = SEPARATOR.join(["", *notifiers, ""]) if self._database.is_sqlite else list(notifiers)
        row = self._driver.row(self._waiting, {"now": now, "lost": now + 2 * lease_ms, "names": names})
        return row is not None and bool(row[0])

    def claim(
        self,
        now: int,
        *,
        limit: int,
        lease_ms: int,
        notifiers: Sequence[str],
        per_target: int | None,
        busy: Collection[tuple[str, str]],
    ) -> Sequence[Row]:
        """Rows of the ``delivery`` table, in no order."""
        most = min(per_target or limit, limit)
        left_out = sorted(SEPARATOR.join(one) for one in busy)
        seen = {"now": now, "lost": now + 2 * lease_ms}
        lease = {"lease_until": now + lease_ms, "lease_token": secrets.token_hex(16)}
        if self._leased is not None:
            given = {"names": list(notifiers), "busy": left_out, "most": most, "limit": limit}
            values = {**seen, **lease, **given, "candidates": limit * OVERFETCH}
            return self._driver.rows(self._leased, values)
        free = [delivery.c.notifier.in_(list(notifiers)), _LANE.not_in(left_out)]
        return self._claim_on_sqlite(_chosen(free, most, limit, sqlite=True).params(seen), lease)

    def _claim_on_sqlite(self, chosen: Select[Any], lease: dict[str, Any]) -> Sequence[Row]:
        """Look before becoming SQLite's one writer."""
        with transaction(self._database, Mode.READ) as work:
            if work.first(chosen) is None:
                return []
        with transaction(self._database, Mode.WRITE) as work:
            return work.returning(_leased(chosen, lease, sqlite=True))


def _leased_of_all() -> ReturningUpdate[Any]:
    """The claim of PostgreSQL: prepared once, because making it anew took more than running it."""
    free = [
        delivery.c.notifier == func.any(bindparam("names", type_=ARRAY(Text))),
        func.array_position(bindparam("busy", type_=ARRAY(Text)), _LANE).is_(None),
    ]
    most, limit, candidates = (bindparam(name, type_=Integer) for name in ("most", "limit", "candidates"))
    lease = {
        "lease_until": bindparam("lease_until", type_=Ms),
        "lease_token": bindparam("lease_token", type_=Text),
    }
    return _leased(_chosen(free, most, limit, candidates), lease, sqlite=False)


def _leased(chosen: Select[Any], lease: dict[str, Any], *, sqlite: bool) -> ReturningUpdate[Any]:
    held = {**lease, "attempts": delivery.c.attempts + 1}
    named = _among(delivery.c.delivery_id, chosen, sqlite=sqlite)
    return update(delivery).where(named).values(held).returning(*delivery.c)


def _due(table: FromClause = delivery) -> ColumnElement[bool]:
    lease = table.c.lease_until
    return and_(
        table.c.state == PENDING,
        table.c.next_at <= _now,
        or_(lease.is_(None), lease <= _now, lease > _lost),
    )


def _waiting(*, sqlite: bool) -> Select[Any]:
    """Whether there is anything to do: the earliest of each, because what is ordered comes from the index."""
    named: ColumnElement[bool]
    if sqlite:
        named = func.instr(bindparam("names", type_=Text), SEPARATOR + delivery.c.notifier + SEPARATOR) > 0
    else:
        named = delivery.c.notifier == func.any(bindparam("names", type_=ARRAY(Text)))
    due = select(delivery.c.next_at).where(_due(), named).order_by(delivery.c.next_at).limit(1)
    unexpanded = select(notice.c.occurred_at).where(notice.c.expanded_at.is_(None))
    oldest = unexpanded.order_by(notice.c.occurred_at).limit(1)
    return select(or_(oldest.scalar_subquery().is_not(None), due.scalar_subquery().is_not(None)))


def _chosen(
    free: Sequence[ColumnElement[bool]],
    per_target: Count,
    limit: Count,
    candidates: Count = 0,
    *,
    sqlite: bool = False,
) -> Select[Any]:
    """Ids of what is to be claimed, locked where there is more than one writer at a time.

    :param candidates: how many are looked at for ``limit`` of them where others hold locks on some.
    """
    here = delivery.alias("here")
    earliest = (
        select(here.c.delivery_id)
        .where(here.c.notifier == delivery.c.notifier, here.c.target == delivery.c.target, _due(here))
        .order_by(here.c.next_at, here.c.delivery_id)
        .limit(per_target)
        .correlate(delivery)
    )
    one = delivery.alias("one")
    found = (
        select(one.c.delivery_id)
        .select_from(delivery.join(one, _among(one.c.delivery_id, earliest, sqlite=sqlite)))
        .where(_among(delivery.c.delivery_id, select(_lanes().c.delivery_id), sqlite=sqlite), *free)
        .order_by(one.c.next_at, one.c.delivery_id)
    )
    if sqlite:
        return found.limit(limit)
    again = delivery.alias("again")
    return (
        select(again.c.delivery_id)
        # Judged once more: somebody may have claimed it between the look and the lock.
        .where(_among(again.c.delivery_id, found.limit(candidates), sqlite=False), _due(again))
        .order_by(again.c.next_at, again.c.delivery_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def _lanes() -> FromClause:
    """One pending delivery of each target: each step of the recursion jumps to the next target in the index."""
    last = delivery.alias("last")
    lane = select(_first().label("delivery_id")).cte("lane", recursive=True)
    # Not as a comparison of rows: SQLite would use its first column only, and read every row of the notifier.
    step = func.coalesce(
        _first(lambda row: [row.notifier == last.c.notifier, row.target > last.c.target]),
        _first(lambda row: [row.notifier > last.c.notifier]),
    )
    return lane.union_all(select(step).select_from(lane.join(last, last.c.delivery_id == lane.c.delivery_id)))


def _first(where: Callable[[Any], Sequence[ColumnElement[bool]]] = lambda _: ()) -> ScalarSelect[str]:
    """A pending delivery of the first target, in the order of the index, of which ``where`` is true."""
    row = delivery.alias()
    found = select(row.c.delivery_id).where(row.c.state == PENDING, *where(row.c))
    return found.order_by(row.c.notifier, row.c.target).limit(1).correlate_except(row).scalar_subquery()


def _among(column: SQLCoreOperations[str], ids: Select[Any], *, sqlite: bool) -> ColumnElement[bool]:
    """PostgreSQL is given an array: it guesses badly how many rows come, and would scan the table for them."""
    return column.in_(ids) if sqlite else column == func.any(func.array(ids.scalar_subquery()))
