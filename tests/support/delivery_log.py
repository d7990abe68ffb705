"""What the tests ask of the delivery log, in one word."""

from __future__ import annotations

from consentcore.api import Attempt, Delivery, DeliveryState, Notice, OutboxStats, Storage, UnitOfWork


def attempts_at(storage: Storage, delivery_id: str) -> list[Attempt]:
    """The attempts of one delivery, by number."""
    return list(storage.delivery_log.attempts_of([delivery_id]).get(delivery_id, ()))


def find_delivery(storage: Storage, delivery_id: str) -> Delivery | None:
    """One delivery by its id."""
    return next(iter(storage.delivery_log.deliveries(delivery_id=delivery_id)), None)


def find_notice(uow: UnitOfWork, notice_id: str) -> Notice | None:
    """One notice by its id."""
    return uow.notices.several([notice_id]).get(notice_id)


def stats_of_all(storage: Storage, now: int) -> OutboxStats:
    """How full the outbox is, whoever the deliveries are for."""
    waiting = storage.delivery_log.deliveries(state=DeliveryState.PENDING, limit=1000)
    return storage.delivery_log.stats(now, notifiers={one.notifier for one in waiting})
