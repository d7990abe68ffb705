"""Who is told of what."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.notice import Notice


class NoticeRepository(Protocol):
    """The writing end of the outbox. Purge leaves notices; their deliveries go, see :meth:`Storage.purge`."""

    def add(self, notice: Notice) -> None:
        """Store a new notice; a worker expands it once this transaction is committed.

        :raises StorageConflict: when the id is taken.
        """
        ...

    def several(self, notice_ids: Collection[str]) -> Mapping[str, Notice]:
        """Those of the named notices that there are, by id."""
        ...
