"""Who is told of what."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.notice import Notice


class NoticeRepository(Protocol):
    """The writing end of the outbox."""

    def add(self, notice: Notice) -> None: ...

    def get(self, notice_id: str) -> Notice | None: ...

    def several(self, notice_ids: Collection[str]) -> Mapping[str, Notice]:
        """Those of the named notices that there are, by id."""
        ...

    def of_grant(self, grant_id: str) -> Sequence[Notice]:
        """Notices of a grant, oldest first."""
        ...
