"""Notices inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from consentcore.api import Notice
from consentcore_memory.engine import Session
from consentcore_memory.state import StoredNotice


class MemoryNotices:
    """:class:`consentcore.api.NoticeRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, notice: Notice) -> None:
        if notice.notice_id in self._session.draft.notices:
            raise self._session.collision(f"there is a notice {notice.notice_id!r} already")
        self._session.draft.notices.put(notice.notice_id, StoredNotice(notice))

    def several(self, notice_ids: Collection[str]) -> Mapping[str, Notice]:
        rows = map(self._session.state.notices.get, notice_ids)
        return {row.notice.notice_id: row.notice for row in rows if row is not None}
