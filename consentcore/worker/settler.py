"""Storing what came of claimed deliveries, in batches, and telling log, metrics and endpoints of it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.consent.notice import written_at
from consentcore.domain.client import WebhookEndpoint
from consentcore.domain.clock import Clock
from consentcore.domain.errors import StorageConflict, StorageError
from consentcore.domain.notice import Delivered, Delivery, DeliveryState, Notice, Retry, Trigger
from consentcore.ports.deliveries import Settlement
from consentcore.ports.storage import Storage
from consentcore.worker.attempt_log import log_attempt
from consentcore.worker.endpoint_health import EndpointMonitor
from consentcore.worker.retry import AttemptResult, outcome_name

if TYPE_CHECKING:
    from consentcore.metrics import Meters

log = logging.getLogger("consentcore.worker")


@dataclass(frozen=True, slots=True)
class PendingSettlement:
    """What is to be stored of a claimed delivery.

    :ivar result: None when it was released or deferred.
    :ivar endpoint: as it was read for the try.
    """

    settlement: Settlement
    delivery: Delivery
    result: AttemptResult | None = None
    endpoint: WebhookEndpoint | None = None
    notice: Notice | None = None


def release(delivery: Delivery, clock: Clock, at: int | None = None) -> PendingSettlement:
    """The end of the lease of a delivery that was not tried.

    :param at: when it is due again, in milliseconds since the epoch; None for when it was.
    """
    due = delivery.next_at if at is None else at
    settlement = Settlement(
        delivery.delivery_id,
        delivery.lease_token,
        DeliveryState.PENDING,
        clock.now(),
        due,
        delivery.last_error,
    )
    return PendingSettlement(settlement, delivery)


class Settler:
    """Stores what came out. Safe to use from any thread.

    :param meters: where tries are counted.
    """

    def __init__(self, storage: Storage, endpoints: EndpointMonitor, meters: Meters | None = None) -> None:
        self._storage = storage
        self._endpoints = endpoints
        self._meters = meters

    def settle(self, pending: list[PendingSettlement]) -> None:
        """Store what came out, as much in one commit as the store takes, and take in how the endpoints fare. Where the
        store sees a conflict, one by one; what conflicts alone is left to the end of its lease.

        :param pending: what is stored is taken out of it.
        :raises StorageError: of what is left nothing was stored; calling again with it is right.
        """
        size = self._storage.capabilities.fits(len(pending))
        while pending:
            some = pending[:size]
            try:
                self._store(some)
            except StorageConflict as error:
                # One that the store can never take must not keep the others from being stored.
                if size > 1:
                    size = 1
                    continue
                log.error("delivery %s could not be settled: %s", some[0].delivery.delivery_id, error)
            del pending[: len(some)]

    def _store(self, pending: Sequence[PendingSettlement]) -> None:
        kept = self._storage.outbox.settle_all([one.settlement for one in pending])
        latest: dict[str, bool] = {}
        for one, stored in zip(pending, kept, strict=True):
            if one.result is not None:
                log_attempt(one.result, one.settlement, kept=stored)
                self._count(one.result, one.notice)
            if one.result is None or one.endpoint is None or one.result.trigger is not Trigger.SCHEDULE:
                continue
            well, before = isinstance(one.result.outcome, Delivered), latest.get(one.delivery.target)
            latest[one.delivery.target] = well
            if well and before:
                continue  # the second success of the same moment says nothing new, and would lock the row once more
            try:
                self._endpoints.observe(one.endpoint, one.result.outcome, one.settlement.next_at)
            except StorageError as error:
                log.warning("endpoint %s: how it fares could not be noted: %s", one.delivery.target, error)

    def _count(self, result: AttemptResult, notice: Notice | None) -> None:
        if self._meters is None:
            return
        notifier, outcome = result.delivery.notifier, result.outcome
        self._meters.attempt(notifier, outcome_name(outcome), result.latency_ms / 1000)
        if isinstance(outcome, Retry) and outcome.operator:
            self._meters.operators_fault(notifier)
        if isinstance(outcome, Delivered) and notice is not None and result.trigger is Trigger.SCHEDULE:
            told_at = result.started_at + result.latency_ms
            self._meters.notice_told(notice.kind.value, notifier, (told_at - written_at(notice)) / 1000)
