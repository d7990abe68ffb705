"""Notices inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

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

    def get(self, notice_id: str) -> Notice | None:
        row = self._session.state.notices.get(notice_id)
        return None if row is None else row.notice

    def several(self, notice_ids: Collection[str]) -> Mapping[str, Notice]:
        found = {notice_id: self.get(notice_id) for notice_id in notice_ids}
        return {notice_id: notice for notice_id, notice in found.items() if notice is not None}

    def of_grant(self, grant_id: str) -> Sequence[Notice]:
        rows = (row.notice for row in self._session.state.notices.values())
        return sorted((row for row in rows if row.grant_id == grant_id), key=lambda row: row.occurred_at)
