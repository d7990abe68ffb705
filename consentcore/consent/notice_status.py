"""How far the notice of an event has got: what the page after Proceed says about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.consent.ledger import recorded_at
from consentcore.domain.notice import DELIVERY_LOG_MS, DeliveryState
from consentcore.domain.parties import Audience

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consentcore.domain.event import ConsentEvent
    from consentcore.domain.notice import Delivery
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork


@dataclass(frozen=True)
class AudienceStatus:
    """How far it has got to one audience.

    :ivar at: when it confirmed, in ms; None until then.
    :ivar told_at: when what it confirmed was sent; None until then.
    :ivar tried: whether it was tried, and did not confirm.
    :ivar waiting: still tried.
    :ivar failed: given up.
    :ivar bounced: the receiver's side has refused it; what else fails is no fault of theirs.
    """

    at: int | None = None
    told_at: int | None = None
    tried: bool = False
    waiting: bool = False
    failed: bool = False
    bounced: bool = False


@dataclass(frozen=True)
class NoticeStatus:
    """To the application and to the person; where nothing can be said any more, nothing is set."""

    application: AudienceStatus
    mail: AudienceStatus


def notice_status(storage: Storage, uow: UnitOfWork, event: ConsentEvent, now: int) -> NoticeStatus:
    """Read it from the deliveries of the event's notice; not expanded yet, or an event that is not written yet (one
    without an id), means that it is about to be.

    :param now: milliseconds since the epoch.
    """
    deliveries = list(storage.delivery_log.deliveries(notice_id=event.event_id) if event.event_id else ())
    to_owner = [one for one in deliveries if one.target == Audience.OWNER]
    endpoints = uow.clients.endpoints(event.client_id)
    ids = {endpoint.endpoint_id for endpoint in endpoints}
    to_application = [one for one in deliveries if one.target in ids]
    written_at = recorded_at(event) if event.event_id else now
    if not deliveries and now - written_at >= DELIVERY_LOG_MS:
        return NoticeStatus(AudienceStatus(), AudienceStatus())  # nobody knows any more
    if not deliveries:
        live = any(endpoint.disabled_at is None for endpoint in endpoints)
        return NoticeStatus(AudienceStatus(waiting=live), AudienceStatus(waiting=True))
    return NoticeStatus(_news(to_application, storage), _news(to_owner, storage))


def _news(series: Sequence[Delivery], storage: Storage) -> AudienceStatus:
    done = [one for one in series if one.state is DeliveryState.DELIVERED and one.finished_at]
    waiting = any(one.state is DeliveryState.PENDING for one in series)
    if done:
        last = max(done, key=lambda one: one.finished_at or 0)
        return AudienceStatus(at=last.finished_at, told_at=_sent_at(last, storage), waiting=waiting)
    states = {one.state for one in series}
    bounced = not waiting and DeliveryState.REJECTED in states
    return AudienceStatus(
        tried=any(one.attempts for one in series),
        waiting=waiting,
        failed=bounced or (not waiting and DeliveryState.DEAD in states),
        bounced=bounced,
    )


def _sent_at(delivered: Delivery, storage: Storage) -> int | None:
    """When the try began that the receiver confirmed."""
    tries = storage.delivery_log.attempts_of([delivered.delivery_id]).get(delivered.delivery_id, ())
    return max((one.started_at for one in tries), default=delivered.finished_at)
