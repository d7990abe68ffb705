"""Which events come next in the log: the oldest of those that wait, each grant's in the order of its chain.

A clock may go back, a chain may not: an event is as old as the youngest of its chain that waits before it. Whatever
waits behind a page is younger than all of the page, and an event of the page is held back only by one of its own chain
that stands behind it. So a page is all that is read, however many wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import bindparam, func, literal, select, tuple_, update

from consentcore_sqlalchemy.tables import consent_event
from consentcore_sqlalchemy.work import Work

_event = consent_event.c
_WAITS = _event.leaf_index.is_(None)
_WAITS_IN_ITS_CHAIN = (_event.leaf_index + 0).is_(None)
"""The same for who goes by the chain: no index of those that wait is gone through for it."""
_ORDER = (_event.occurred_at, _event.grant_id, _event.sequence)
_EARLIEST = -(1 << 62)
"""Before all times. SQLite goes by the index of those that wait only where a range of it is asked for, PostgreSQL only
where its first column orders too."""
_PAGE = (
    select(_event.event_id, *_ORDER)
    .where(_WAITS, _event.occurred_at >= _EARLIEST)
    .order_by(_event.leaf_index, *_ORDER)
)
_PLACE = (
    update(consent_event)
    .where(_event.event_id == bindparam("id"), _WAITS)
    .values(leaf_index=bindparam("place"))
)
TOGETHER = 500
"""Grants in one statement: SQLite takes no more than some 32,000 parameters."""
MOST_PAGES = 8
"""How far to look behind a page for others in place of those that are held back."""


def sequence(work: Work, limit: int, start: int) -> int:
    """Give the events that come next their places, see :meth:`consentcore.api.LedgerRepository.sequence_leaves`."""
    oldest = oldest_waiting(work, limit)
    if not oldest:
        return 0
    next_one = work.scalar(select(func.coalesce(func.max(_event.leaf_index), -1))) + 1
    places = enumerate(oldest, start=max(start, next_one))
    if work.write_all(_PLACE, [{"id": event_id, "place": place} for place, event_id in places]) < len(oldest):
        raise work.conflict("another worker has sequenced events meanwhile")
    return len(oldest)


def oldest_waiting(work: Work, limit: int) -> list[str]:
    """Ids of the events without a place that come next, at most ``limit``; none only when none waits."""
    wanted = limit
    while True:
        page = work.rows(_PAGE.limit(wanted))
        is_all = len(page) < wanted
        held = {} if is_all else _held_back(work, page)
        found = sorted(_with_age(page, held))
        if is_all or len(found) >= limit or (found and wanted >= MOST_PAGES * limit):
            return [event_id for *_, event_id in found[:limit]]
        wanted *= 2


def _held_back(work: Work, page: Sequence[Any]) -> dict[str, int]:
    """Of grants of a page that have an earlier event behind it: the number of the first such event."""
    last, latest = page[-1], max(row.sequence for row in page)
    grants = list(dict.fromkeys(row.grant_id for row in page))
    behind = tuple_(*_ORDER) > tuple_(*map(literal, (last.occurred_at, last.grant_id, last.sequence)))
    first: dict[str, int] = {}
    for start in range(0, len(grants), TOGETHER):
        theirs = _event.grant_id.in_(grants[start : start + TOGETHER])
        found = select(_event.grant_id, func.min(_event.sequence).label("number")).where(
            theirs, _event.sequence < latest, _WAITS_IN_ITS_CHAIN, behind
        )
        first.update((row.grant_id, row.number) for row in work.rows(found.group_by(_event.grant_id)))
    return first


def _with_age(page: Sequence[Any], held: dict[str, int]) -> Iterator[tuple[int, str, int, str]]:
    """Age, grant, number and id of those that nothing behind the page holds back."""
    ages: dict[str, int] = {}
    for row in sorted(page, key=lambda row: (row.grant_id, row.sequence)):
        if row.sequence < held.get(row.grant_id, row.sequence + 1):
            age = ages[row.grant_id] = max(ages.get(row.grant_id, 0), row.occurred_at)
            yield age, row.grant_id, row.sequence, row.event_id
