"""One try of one delivery, from claim to settlement. No transaction is open while something is sent."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from consentcore.consent.notice import written_at
from consentcore.domain.client import WebhookEndpoint
from consentcore.domain.clock import Clock
from consentcore.domain.errors import StorageConflict, StorageError
from consentcore.domain.event import ConsentEvent
from consentcore.domain.event_kinds import NoticeKind
from consentcore.domain.notice import (
    EVENT_PLUGIN,
    Delivered,
    Delivery,
    DeliveryState,
    Notice,
    Outcome,
    Reject,
    Retry,
    Trigger,
)
from consentcore.hooks.calling import call
from consentcore.hooks.errors import described
from consentcore.ports.deliveries import Settlement
from consentcore.ports.notifier import Notifier
from consentcore.ports.storage import Storage
from consentcore.worker.choosing import CHOOSE
from consentcore.worker.endpoint_health import Health, NotNow
from consentcore.worker.envelope import DeliveryContext, DeliveryContextBuilder
from consentcore.worker.expander import Expander
from consentcore.worker.guard import FALLBACK_SCHEDULE_S, outcome_of, raised, schedule_of
from consentcore.worker.reporting import report
from consentcore.worker.retry import Tried, outcome_name, settlement

if TYPE_CHECKING:
    from consentcore.metrics import Meters

log = logging.getLogger("consentcore.worker")

TEST_RETRIES = 3
"""How often a test that was sent by itself is tried again; it tells nobody anything that must not be lost."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours, with its notice, if that still exists.

    :ivar since: when it was claimed, on the monotonic clock.
    """

    delivery: Delivery
    notice: Notice | None
    since: float


@dataclass(frozen=True, slots=True)
class Ended:
    """What is to be stored of a claimed delivery.

    :ivar tried: None when it was given back or put off.
    :ivar endpoint: as it was read for the try.
    """

    settlement: Settlement
    delivery: Delivery
    tried: Tried | None = None
    endpoint: WebhookEndpoint | None = None
    notice: Notice | None = None


@dataclass(frozen=True, slots=True)
class _Try:
    """:ivar cause: what the plugin did that it must not, for the log; "" when nothing."""

    context: DeliveryContext | None
    outcome: Outcome
    cause: str = ""


class Sender:
    """Sends claimed deliveries; safe to use from any thread.

    :param tell_plugin: hands an event to one plugin by name.
    :param meters: where tries are counted.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        builder: DeliveryContextBuilder,
        expander: Expander,
        health: Health,
        *,
        notifiers: Mapping[str, Notifier],
        tell_plugin: Callable[[str, ConsentEvent], None],
        meters: Meters | None = None,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._builder = builder
        self._expander = expander
        self._health = health
        self._notifiers = notifiers
        self._tell_plugin = tell_plugin
        self._meters = meters

    def brief(self, deliveries: Sequence[Delivery]) -> list[Claimed]:
        """Read the notices of deliveries that were claimed just now.

        :raises StorageError: when the store fails.
        """
        since = time.monotonic()
        ids = {one.notice_id for one in deliveries}
        if not ids:
            return []
        with self._storage.reading() as uow:
            notices = uow.notices.several(ids)
        return [Claimed(one, notices.get(one.notice_id), since) for one in deliveries]

    def attempt(self, claimed: Claimed) -> Ended | None:
        """Try once; None when the store failed, so that the lease has to run out first. What came out is not stored
        yet: see :meth:`settle`."""
        delivery = claimed.delivery
        try:
            return self._attempt(claimed)
        except NotNow as why:
            return Ended(self._put_off(delivery, why), delivery)
        except StorageError as error:
            log.warning("delivery %s: the storage failed: %s", delivery.delivery_id, error)
            return None

    def given_back(self, delivery: Delivery, at: int | None = None) -> Ended:
        """The end of the lease of a delivery that was not tried; it is due again at ``at``, or as it was."""
        due = delivery.next_at if at is None else at
        now = self._clock.now()
        pending, error = DeliveryState.PENDING, delivery.last_error
        token = delivery.lease_token
        return Ended(Settlement(delivery.delivery_id, token, pending, now, due, error), delivery)

    def settle(self, ended: Sequence[Ended]) -> None:
        """Store what came out, all in one commit, and take in how the endpoints fare. Where the store sees a conflict,
        one by one; what conflicts alone is left to the end of its lease.

        :raises StorageError: nothing was stored; calling again with the same is right.
        """
        if not ended:
            return
        try:
            kept = self._storage.outbox.settle_all([one.settlement for one in ended])
        except StorageConflict as error:
            # One that the store can never take must not keep the others from being stored.
            if len(ended) > 1:
                for one in ended:
                    self.settle([one])
            else:
                log.error("delivery %s could not be settled: %s", ended[0].delivery.delivery_id, error)
            return
        for one, stored in zip(ended, kept, strict=True):
            if one.tried is not None:
                report(one.tried, one.settlement, kept=stored)
                self._count(one.tried, one.notice)
            if one.tried is None or one.endpoint is None or one.tried.trigger is not Trigger.SCHEDULE:
                continue
            try:
                self._health.observe(one.endpoint, one.tried.outcome, one.settlement.next_at)
            except StorageError as error:
                log.warning("endpoint %s: how it fares could not be noted: %s", one.delivery.target, error)

    def _count(self, tried: Tried, notice: Notice | None) -> None:
        if self._meters is None:
            return
        notifier, outcome = tried.delivery.notifier, tried.outcome
        self._meters.attempt(notifier, outcome_name(outcome), tried.latency_ms / 1000)
        if isinstance(outcome, Retry) and outcome.operator:
            self._meters.operators_fault(notifier)
        if isinstance(outcome, Delivered) and notice is not None and tried.trigger is Trigger.SCHEDULE:
            told_at = tried.started_at + tried.latency_ms
            self._meters.told(notice.kind.value, notifier, (told_at - written_at(notice)) / 1000)

    def written_off(self, claimed: Claimed, took_s: float) -> Ended | None:
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
        return self._ended(claimed, _Try(None, outcome, cause), numbers, started, took_s)

    def _attempt(self, claimed: Claimed) -> Ended:
        numbers = self._numbers(claimed.delivery)
        started, began = self._clock.now(), time.monotonic()
        tried = self._try(claimed, numbers[0])
        return self._ended(claimed, tried, numbers, started, time.monotonic() - began)

    def _ended(
        self, claimed: Claimed, one: _Try, numbers: tuple[int, int], started: int, took_s: float
    ) -> Ended:
        delivery, trigger = claimed.delivery, _trigger(claimed)
        again = isinstance(one.outcome, Retry)  # nothing else needs a schedule
        waits, wrong = self._schedule(delivery, trigger) if again else ((), "")
        cause = "; ".join(filter(None, (one.cause, wrong)))
        (number, scheduled), took_ms = numbers, round(took_s * 1000)
        tried = Tried(delivery, number, started, took_ms, one.outcome, scheduled, trigger, cause)
        settled = settlement(tried, waits, self._clock.now())
        endpoint = one.context.stored_endpoints.get(delivery.target) if one.context else None
        return Ended(settled, delivery, tried, endpoint, claimed.notice)

    def _numbers(self, delivery: Delivery) -> tuple[int, int]:
        """The number of this try, and of the tries on schedule with this one.

        They come from the log, not from the count of claims: a claim that was given back, or whose worker was killed
        before it began, must not use up the schedule.
        """
        if delivery.attempts <= 1:
            return 1, 1
        known = self._storage.outbox.attempts(delivery.delivery_id)
        scheduled = sum(one.trigger != Trigger.MANUAL for one in known)
        return 1 + max((one.number for one in known), default=0), 1 + scheduled

    def _put_off(self, delivery: Delivery, why: NotNow) -> Settlement:
        log.info("delivery %s to=%s is %s: %s", delivery.delivery_id, delivery.target, why.state, why.reason)
        return Settlement(
            delivery.delivery_id,
            delivery.lease_token,
            why.state,
            self._clock.now(),
            next_at=why.at,
            error=why.reason,
        )

    def _try(self, claimed: Claimed, number: int) -> _Try:
        delivery, notice = claimed.delivery, claimed.notice
        if delivery.notifier.startswith(EVENT_PLUGIN):
            return self._tell(delivery)
        if notice is None:
            return _Try(None, Reject("the notice does not exist any more"))
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
            return _Try(None, raised(error), described(error))
        if delivery.target == CHOOSE:
            return self._choose(delivery, replace(context, attempt=0))
        endpoint = context.stored_endpoints.get(delivery.target)
        if endpoint is not None and delivery.before_replay is None:
            self._health.gate(endpoint)
        return self._send(delivery, context)

    def _send(self, delivery: Delivery, context: DeliveryContext) -> _Try:
        read = call(lambda: self._notifiers[delivery.notifier].send(context, delivery.target))
        if read.error is not None:
            context.raise_ours(read.error)
            return _Try(context, raised(read.error), described(read.error))
        return _Try(context, *outcome_of(read.answer))

    def _choose(self, delivery: Delivery, context: DeliveryContext) -> _Try:
        found, wrong = self._expander.choose_again(delivery.notifier, context)
        if wrong:
            return _Try(context, Retry("the notifier could not choose its targets", error="exception"), wrong)
        return _Try(context, Delivered(answer=f"{found} targets"))

    def _tell(self, delivery: Delivery) -> _Try:
        with self._storage.reading() as uow:
            event = uow.ledger.get(delivery.notice_id)
        if event is None:
            return _Try(None, Reject("the event does not exist"))
        read = call(lambda: self._tell_plugin(delivery.notifier.removeprefix(EVENT_PLUGIN), event))
        if read.error is not None:
            return _Try(None, raised(read.error), described(read.error))
        return _Try(None, Delivered())

    def _schedule(self, delivery: Delivery, trigger: Trigger) -> tuple[Sequence[float], str]:
        if delivery.notifier.startswith(EVENT_PLUGIN) or delivery.target == CHOOSE:
            return FALLBACK_SCHEDULE_S, ""
        waits, wrong = schedule_of(self._notifiers[delivery.notifier])
        return (waits[:TEST_RETRIES] if trigger is Trigger.TEST else waits), wrong


def _trigger(claimed: Claimed) -> Trigger:
    if claimed.delivery.before_replay is not None:
        return Trigger.MANUAL
    test = claimed.notice is not None and claimed.notice.kind is NoticeKind.TEST
    return Trigger.TEST if test else Trigger.SCHEDULE
