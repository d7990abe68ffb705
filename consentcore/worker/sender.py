"""One try of one delivery, from claim to settlement. No transaction is open while something is sent."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from consentcore.domain.clock import Clock
from consentcore.domain.errors import StorageError
from consentcore.domain.event import ConsentEvent
from consentcore.domain.notice import (
    EVENT_PLUGIN,
    Delivered,
    Delivery,
    Outcome,
    Reject,
    Retry,
    Trigger,
)
from consentcore.hooks.calling import call
from consentcore.hooks.errors import describe_exception
from consentcore.ports.deliveries import Settlement
from consentcore.ports.notifier import Notifier
from consentcore.ports.storage import Storage
from consentcore.worker.claimed_delivery import ClaimedDelivery
from consentcore.worker.endpoint_health import Deferred, EndpointMonitor
from consentcore.worker.envelope import DeliveryContext, DeliveryContextBuilder
from consentcore.worker.expander import Expander
from consentcore.worker.plugin_answers import FALLBACK_SCHEDULE_S, outcome_of, outcome_of_error, schedule_of
from consentcore.worker.retry import AttemptResult, settlement
from consentcore.worker.settler import PendingSettlement
from consentcore.worker.target_selection import UNCHOSEN

log = logging.getLogger("consentcore.worker")

TEST_RETRIES = 3
"""How often a test that was sent by itself is tried again; it tells nobody anything that must not be lost."""


@dataclass(frozen=True, slots=True)
class _Call:
    """:ivar cause: what the plugin did that it must not, for the log; "" when nothing."""

    context: DeliveryContext | None
    outcome: Outcome
    cause: str = ""


class Sender:
    """Sends claimed deliveries; safe to use from any thread.

    :param tell_plugin: hands an event to one plugin by name.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        builder: DeliveryContextBuilder,
        expander: Expander,
        endpoints: EndpointMonitor,
        *,
        notifiers: Mapping[str, Notifier],
        tell_plugin: Callable[[str, ConsentEvent], None],
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._builder = builder
        self._expander = expander
        self._endpoints = endpoints
        self._notifiers = notifiers
        self._tell_plugin = tell_plugin

    def attempt(self, claimed: ClaimedDelivery) -> PendingSettlement | None:
        """Try once; None when the store failed, so that the lease has to run out first. What came out is not stored
        yet: see :class:`~consentcore.worker.settler.Settler`."""
        delivery = claimed.delivery
        try:
            return self._attempt(claimed)
        except Deferred as why:
            return PendingSettlement(self._defer(delivery, why), delivery)
        except StorageError as error:
            log.warning("delivery %s: the storage failed: %s", delivery.delivery_id, error)
            return None

    def abandon(self, claimed: ClaimedDelivery, took_s: float) -> PendingSettlement | None:
        """The end of a try whose thread is held by the plugin; None when the store failed, as in :meth:`attempt`."""
        delivery = claimed.delivery
        try:
            numbers = self._numbers(delivery)
        except StorageError as error:
            log.warning("delivery %s: the storage failed: %s", delivery.delivery_id, error)
            return None
        outcome = Retry("the notifier did not come back in time", error="overdue")
        started = self._clock.now() - round(took_s * 1000)
        cause = f"no answer for {took_s:.0f} s, the thread is left to it"
        return self._settlement_of(claimed, _Call(None, outcome, cause), numbers, started, took_s)

    def _attempt(self, claimed: ClaimedDelivery) -> PendingSettlement:
        numbers = self._numbers(claimed.delivery)
        started, began = self._clock.now(), time.monotonic()
        called = self._call(claimed, numbers[0])
        return self._settlement_of(claimed, called, numbers, started, time.monotonic() - began)

    def _settlement_of(
        self, claimed: ClaimedDelivery, called: _Call, numbers: tuple[int, int], started: int, took_s: float
    ) -> PendingSettlement:
        delivery, trigger = claimed.delivery, claimed.trigger
        again = isinstance(called.outcome, Retry)  # nothing else needs a schedule
        waits, wrong = self._schedule(delivery, trigger) if again else ((), "")
        cause = "; ".join(filter(None, (called.cause, wrong)))
        (number, scheduled), took_ms = numbers, round(took_s * 1000)
        result = AttemptResult(delivery, number, started, took_ms, called.outcome, scheduled, trigger, cause)
        settled = settlement(result, waits, self._clock.now())
        endpoint = called.context.stored_endpoints.get(delivery.target) if called.context else None
        return PendingSettlement(settled, delivery, result, endpoint, claimed.notice)

    def _numbers(self, delivery: Delivery) -> tuple[int, int]:
        """The number of this try, and of the tries on schedule with this one.

        They come from the log, not from the count of claims: a delivery that was released, or whose worker was killed
        before it began, must not use up the schedule.
        """
        if delivery.attempts <= 1:
            return 1, 1
        known = self._storage.delivery_log.attempts_of([delivery.delivery_id]).get(delivery.delivery_id, ())
        scheduled = sum(one.trigger != Trigger.MANUAL for one in known)
        return 1 + max((one.number for one in known), default=0), 1 + scheduled

    def _defer(self, delivery: Delivery, why: Deferred) -> Settlement:
        log.info("delivery %s to=%s is %s: %s", delivery.delivery_id, delivery.target, why.state, why.reason)
        return Settlement(
            delivery.delivery_id,
            delivery.lease_token,
            why.state,
            self._clock.now(),
            next_at=why.at,
            error=why.reason,
        )

    def _call(self, claimed: ClaimedDelivery, number: int) -> _Call:
        delivery, notice = claimed.delivery, claimed.notice
        if delivery.notifier.startswith(EVENT_PLUGIN):
            return self._send_event(delivery)
        if notice is None:
            return _Call(None, Reject("the notice does not exist any more"))
        try:
            context = self._builder.build(
                notice,
                self._clock.now(),
                since=claimed.since,
                delivery_id=delivery.delivery_id,
                attempt=number,
                body=delivery.body,
            )
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - one that cannot be packed must not end the thread
            return _Call(None, outcome_of_error(error), describe_exception(error))
        if delivery.target == UNCHOSEN:
            return self._choose(delivery, replace(context, attempt=0))
        endpoint = context.stored_endpoints.get(delivery.target)
        if endpoint is not None and delivery.before_replay is None:
            self._endpoints.admit(endpoint)
        return self._send(delivery, context)

    def _send(self, delivery: Delivery, context: DeliveryContext) -> _Call:
        read = call(lambda: self._notifiers[delivery.notifier].send(context, delivery.target))
        if read.error is not None:
            context.raise_ours(read.error)
            return _Call(context, outcome_of_error(read.error), describe_exception(read.error))
        return _Call(context, *outcome_of(read.answer))

    def _choose(self, delivery: Delivery, context: DeliveryContext) -> _Call:
        found, wrong = self._expander.choose_again(delivery.notifier, context)
        if wrong:
            return _Call(
                context, Retry("the notifier could not choose its targets", error="exception"), wrong
            )
        return _Call(context, Delivered(answer=f"{found} targets"))

    def _send_event(self, delivery: Delivery) -> _Call:
        with self._storage.reading() as uow:
            event = uow.ledger.get(delivery.notice_id)
        if event is None:
            return _Call(None, Reject("the event does not exist"))
        read = call(lambda: self._tell_plugin(delivery.notifier.removeprefix(EVENT_PLUGIN), event))
        if read.error is not None:
            return _Call(None, outcome_of_error(read.error), describe_exception(read.error))
        return _Call(None, Delivered())

    def _schedule(self, delivery: Delivery, trigger: Trigger) -> tuple[Sequence[float], str]:
        if delivery.notifier.startswith(EVENT_PLUGIN) or delivery.target == UNCHOSEN:
            return FALLBACK_SCHEDULE_S, ""
        waits, wrong = schedule_of(self._notifiers[delivery.notifier])
        return (waits[:TEST_RETRIES] if trigger is Trigger.TEST else waits), wrong
