"""One try of one delivery, from claim to settlement. No transaction is open while something is sent."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from consentcore.domain.clock import Clock
from consentcore.domain.errors import StorageError
from consentcore.domain.event import ConsentEvent
from consentcore.domain.notice import Delivered, Delivery, DeliveryState, Gone, Outcome, Reject, Retry
from consentcore.outbox.blame import described
from consentcore.outbox.envelope import Packer
from consentcore.outbox.expansion import CHOOSE, EVENT, Expander
from consentcore.outbox.schedule import Tried, error_class, settlement
from consentcore.ports.notifier import Notifier
from consentcore.ports.outbox import Settlement
from consentcore.ports.storage import Storage, UnitOfWork, transact

log = logging.getLogger("consentcore.worker")

EVENT_SCHEDULE_S = (5.0, 60.0, 300.0, 1800.0, 7200.0, 43200.0)
"""Waits between tries of ``consentcore_event`` and of choosing targets, in seconds."""


class Sender:
    """Sends claimed deliveries; safe to use from any thread.

    :param tell_plugin: hands an event to one plugin by name.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        packer: Packer,
        expander: Expander,
        *,
        notifiers: Mapping[str, Notifier],
        tell_plugin: Callable[[str, ConsentEvent], None],
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._packer = packer
        self._expander = expander
        self._notifiers = notifiers
        self._tell_plugin = tell_plugin

    def deliver(self, delivery: Delivery) -> Outcome | None:
        """Try once and settle; None when the store failed, so that the lease has to run out first."""
        try:
            return self._deliver(delivery)
        except StorageError as error:
            log.warning("delivery %s: the storage failed: %s", delivery.delivery_id, error)
            return None

    def give_back(self, delivery: Delivery, at: int) -> None:
        """End the lease of a delivery that was not tried; it is due again at ``at``."""
        try:
            self._storage.outbox.settle(
                Settlement(
                    delivery.delivery_id,
                    delivery.lease_token,
                    DeliveryState.PENDING,
                    self._clock.now(),
                    next_at=at,
                    error=delivery.last_error,
                )
            )
        except StorageError as error:
            log.warning("delivery %s could not be given back: %s", delivery.delivery_id, error)

    def _deliver(self, delivery: Delivery) -> Outcome:
        # The number comes from the log, not from the count of claims: a claim that was given back, or whose
        # worker was killed before it began, must not use up the schedule.
        number = 1
        if delivery.attempts > 1:
            number += max(
                (one.number for one in self._storage.outbox.attempts(delivery.delivery_id)), default=0
            )
        started, began = self._clock.now(), time.monotonic()
        outcome = self._try(delivery, number)
        tried = Tried(delivery, number, started, round((time.monotonic() - began) * 1000), outcome)
        settled = settlement(tried, self._schedule(delivery), self._clock.now())
        if isinstance(outcome, Gone):
            self._disable(delivery, outcome)
        kept = self._storage.outbox.settle(settled)
        _report(tried, settled, kept=kept)
        return outcome

    def _try(self, delivery: Delivery, number: int) -> Outcome:
        try:
            return self._send(delivery, number)
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and it counts as "not now"
            log.warning("delivery %s: %s", delivery.delivery_id, described(error))
            return Retry(f"{type(error).__name__} was raised", error="exception")

    def _send(self, delivery: Delivery, number: int) -> Outcome:
        if delivery.notifier.startswith(EVENT):
            return self._tell(delivery)
        parcel = self._packer.pack_for(
            delivery.notice_id,
            delivery_id=delivery.delivery_id,
            attempt=number,
            body=delivery.body,
            now=self._clock.now(),
        )
        if parcel is None:
            return Reject("the notice does not exist any more")
        if delivery.target == CHOOSE:
            found = self._expander.choose_again(delivery.notifier, replace(parcel, attempt=0))
            return Delivered(answer=f"{found} targets")
        return self._notifiers[delivery.notifier].send(parcel, delivery.target)

    def _tell(self, delivery: Delivery) -> Outcome:
        with self._storage.reading() as uow:
            event = uow.ledger.get(delivery.notice_id)
        if event is None:
            return Reject("the event does not exist")
        self._tell_plugin(delivery.notifier.removeprefix(EVENT), event)
        return Delivered()

    def _schedule(self, delivery: Delivery) -> Sequence[float]:
        if delivery.notifier.startswith(EVENT) or delivery.target == CHOOSE:
            return EVENT_SCHEDULE_S
        return self._notifiers[delivery.notifier].retry_schedule_s

    def _disable(self, delivery: Delivery, outcome: Gone) -> None:
        """Switch off an endpoint that said it is gone; other targets of a notifier have nothing to switch."""

        def work(uow: UnitOfWork) -> None:
            endpoint = uow.clients.get_endpoint(delivery.target)
            if endpoint is not None and endpoint.disabled_at is None:
                uow.clients.update_endpoint(
                    replace(endpoint, disabled_at=self._clock.now(), disabled_reason=outcome.reason)
                )
                log.warning("endpoint %s was disabled: %s", endpoint.endpoint_id, outcome.reason)

        transact(self._storage, work)


def _report(tried: Tried, settled: Settlement, *, kept: bool) -> None:
    """One line a try: ids, status and time; no address, no text from outside."""
    delivery, outcome = tried.delivery, tried.outcome
    level = logging.INFO if isinstance(outcome, Delivered) else logging.WARNING
    wait = f" next=+{(settled.next_at - settled.now) / 1000:.0f}s" if settled.next_at else ""
    log.log(
        level,
        "%s notice=%s delivery=%s via=%s to=%s attempt=%d outcome=%s status=%s error=%s ms=%d%s%s",
        "delivered" if isinstance(outcome, Delivered) else f"not delivered ({settled.state.value})",
        delivery.notice_id,
        delivery.delivery_id,
        delivery.notifier,
        delivery.target,
        tried.number,
        type(outcome).__name__.lower(),
        outcome.status if outcome.status is not None else "-",
        error_class(outcome) or "-",
        tried.latency_ms,
        wait,
        "" if kept else " (the lease was lost)",
    )
