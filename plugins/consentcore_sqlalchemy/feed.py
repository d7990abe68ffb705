"""The feeds of clients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, Subquery, func, select, update

from consentcore.api import Audience, NotFound, Notice
from consentcore_sqlalchemy.rows.notices import NOTICE, NOTICES
from consentcore_sqlalchemy.tables import consent_event, notice
from consentcore_sqlalchemy.work import Work

_row = notice.c
_event = consent_event.c


class SqlFeed:
    """:class:`consentcore.api.FeedRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def enter(self, client_id: str, limit: int) -> int:
        if self._work.first(_told(client_id).limit(1)) is None:
            return 0  # asking often must not cost others the writer of a SQLite database
        newest = select(func.coalesce(func.max(_row.feed_index), 0)).where(_row.client_id == client_id)
        waiting = _waiting(client_id, limit)
        # Whoever reads the same newest place collides in the unique index, and runs its whole transaction again.
        return self._work.write(
            update(notice)
            .where(_row.notice_id == waiting.c.notice_id, _row.feed_index.is_(None))
            .values(feed_index=newest.scalar_subquery() + waiting.c.place)
        )

    def page(self, client_id: str, *, after: str = "", limit: int = 100) -> Sequence[Notice]:
        theirs = select(*NOTICE).where(_row.client_id == client_id)
        place = self._place(client_id, after) if after else 0
        page = theirs.where(_row.feed_index > place).order_by(_row.feed_index).limit(limit)
        return [NOTICES.read(row) for row in self._work.rows(page)]

    def _place(self, client_id: str, notice_id: str) -> int:
        found = (_row.notice_id == notice_id, _row.client_id == client_id, _row.feed_index.is_not(None))
        place: int | None = self._work.scalar(select(_row.feed_index).where(*found))
        if place is None:
            raise NotFound("event", notice_id)
        return place


def _told(client_id: str) -> Select[Any]:
    """Ids of notices without a place."""
    return (
        select(_row.notice_id)
        .select_from(notice.join(consent_event, _event.event_id == _row.notice_id))
        .where(
            _row.client_id == client_id,
            _row.feed_index.is_(None),
            _row.audiences.contains(f'"{Audience.CLIENT.value}"'),
        )
    )


def _waiting(client_id: str, limit: int) -> Subquery:
    """The same with which of the next places each gets, from 1."""
    # A clock may go back, a chain may not: within a grant a notice never comes before an earlier one.
    age = func.max(_row.occurred_at).over(partition_by=_event.grant_id, order_by=_event.sequence)
    told = _told(client_id).add_columns(age.label("age"), _event.grant_id, _event.sequence).subquery("told")
    order = (told.c.age, told.c.grant_id, told.c.sequence)
    place = func.row_number().over(order_by=order).label("place")
    return select(told.c.notice_id, place).order_by(place).limit(limit).subquery("waiting")
