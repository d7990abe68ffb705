"""Notices inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import select

from consentcore.api import Notice
from consentcore_sqlalchemy.rows.notices import NOTICE, NOTICES
from consentcore_sqlalchemy.tables import notice as notice_table
from consentcore_sqlalchemy.work import Work


class SqlNotices:
    """:class:`consentcore.api.NoticeRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, notice: Notice) -> None:
        self._work.add(notice_table, NOTICES.values(notice))

    def several(self, notice_ids: Collection[str]) -> Mapping[str, Notice]:
        rows = self._work.rows(select(*NOTICE).where(notice_table.c.notice_id.in_(sorted(notice_ids))))
        return {found.notice_id: found for found in map(NOTICES.read, rows)}
