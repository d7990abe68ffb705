"""Notices inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select

from consentcore.api import Notice
from consentcore_sqlalchemy.rows.notices import NOTICE, NOTICES
from consentcore_sqlalchemy.tables import notice
from consentcore_sqlalchemy.work import Work


class SqlNotices:
    """:class:`consentcore.api.NoticeRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, item: Notice) -> None:
        self._work.add(notice, NOTICES.values(item))

    def get(self, notice_id: str) -> Notice | None:
        row = self._work.first(select(*NOTICE).where(notice.c.notice_id == notice_id))
        return NOTICES.read(row) if row else None

    def several(self, notice_ids: Collection[str]) -> Mapping[str, Notice]:
        rows = self._work.rows(select(*NOTICE).where(notice.c.notice_id.in_(sorted(notice_ids))))
        return {found.notice_id: found for found in map(NOTICES.read, rows)}

    def of_grant(self, grant_id: str) -> Sequence[Notice]:
        theirs = select(*NOTICE).where(notice.c.grant_id == grant_id)
        rows = self._work.rows(theirs.order_by(notice.c.occurred_at, notice.c.notice_id))
        return [NOTICES.read(row) for row in rows]
