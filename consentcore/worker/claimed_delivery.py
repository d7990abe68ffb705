"""A delivery that is ours for the time of its lease."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from consentcore.domain.event_kinds import NoticeKind
from consentcore.domain.notice import Delivery, Notice, Trigger
from consentcore.ports.storage import Storage


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A delivery that is ours, with its notice, if that still exists.

    :ivar since: when it was claimed, on the monotonic clock.
    """

    delivery: Delivery
    notice: Notice | None
    since: float

    @property
    def trigger(self) -> Trigger:
        """What the next try comes of."""
        if self.delivery.before_replay is not None:
            return Trigger.MANUAL
        is_test = self.notice is not None and self.notice.kind is NoticeKind.TEST
        return Trigger.TEST if is_test else Trigger.SCHEDULE


def load_notices(storage: Storage, deliveries: Sequence[Delivery]) -> list[ClaimedDelivery]:
    """Read the notices of deliveries that were claimed just now.

    :raises StorageError: when the store fails.
    """
    since = time.monotonic()
    ids = {one.notice_id for one in deliveries}
    if not ids:
        return []
    with storage.reading() as uow:
        notices = uow.notices.several(ids)
    return [ClaimedDelivery(one, notices.get(one.notice_id), since) for one in deliveries]
