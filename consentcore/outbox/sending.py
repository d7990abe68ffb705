"""One try of one delivery, from claim to settlement. No transaction is open while something is sent."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from consentcore.domain.client import WebhookEndpoint
from consentcore.domain.clock import Clock
from consentcore.domain.errors import StorageConflict, StorageError
from consentcore.domain.event import ConsentEvent
from consentcore.domain.notice import (
    Delivered,
    Delivery,
    DeliveryState,
    Notice,
    NoticeKind,
    Outcome,
    Reject,
    Trigger,
)
from consentcore.outbox.blame import described, raised
from consentcore.outbox.envelope import Packer, Parcel
from consentcore.outbox.expansion import CHOOSE, EVENT, Expander
from consentcore.outbox.health import Health, NotNow
from consentcore.outbox.schedule import Tried, error_class, outcome_name, settlement
from consentcore.ports.notifier import Notifier
from consentcore.ports.outbox import Settlement
from consentcore.ports.storage import Storage

if TYPE_CHECKING:
    from consentcore.metrics import Meters

log = logging.getLogger("consentcore.worker")

TEST_RETRIES = 3
"""How often a test that was sent by itself is tried again; it tells nobody anything that must not be lost."""

EVENT_SCHEDULE_S = (5.0, 60.0, 300.0, 1800.0, 7200.0, 43200.0)
"""Waits between tries of ``consentcore_event`` and of choosing targets, in seconds."""


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

    :ivar tried: None when it was given back or put off. :ivar endpoint: as it was read for the try.
    """

    settlement: Settlement
    delivery: Delivery
    tried: Tried | None = None
    endpoint: WebhookEndpoint | None = None
    notice: Notice | None = None


class Sender:
    """Sends claimed deliveries; safe to use from any thread.

    :param tell_plugin: hands an event to one plugin by name. :param meters: where tries are counted.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        packer: Packer,
        expander: Expander,
        health: Health,
        *,
        notifiers: Mapping[str, Notifier],
        tell_plugin: Callable[[str, ConsentEvent], None],
        meters: Meters | None = None,
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._packer = packer
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
                _report(one.tried, one.settlement, kept=stored)
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
        if isinstance(outcome, Delivered) and notice is not None and tried.trigger is Trigger.SCHEDULE:
            told_at = tried.started_at + tried.latency_ms
            self._meters.told(notice.kind.value, notifier, (told_at - notice.occurred_at) / 1000)

    def _attempt(self, claimed: Claimed) -> Ended:
        delivery = claimed.delivery
        number, scheduled = self._numbers(delivery)
        started, began = self._clock.now(), time.monotonic()
        parcel, outcome = self._try(claimed, number)
        took_ms = round((time.monotonic() - began) * 1000)
        trigger = _trigger(claimed)
        tried = Tried(delivery, number, started, took_ms, outcome, scheduled, trigger)
        settled = settlement(tried, self._schedule(delivery, trigger), self._clock.now())
        endpoint = parcel.standing.get(delivery.target) if parcel else None
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

    def _try(self, claimed: Claimed, number: int) -> tuple[Parcel | None, Outcome]:
        parcel: Parcel | None = None
        delivery, notice = claimed.delivery, claimed.notice
        try:
            if delivery.notifier.startswith(EVENT):
                return None, self._tell(delivery)
            if notice is not None:
                parcel = self._packer.pack(
                    notice,
                    self._clock.now(),
                    since=claimed.since,
                    delivery_id=delivery.delivery_id,
                    attempt=number,
                    body=delivery.body,
                )
            return parcel, self._send(delivery, parcel)
        except (StorageError, NotNow):
            raise
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and it counts as "not now"
            log.warning("delivery %s: %s", delivery.delivery_id, described(error))
            return parcel, raised(error)

    def _send(self, delivery: Delivery, parcel: Parcel | None) -> Outcome:
        if parcel is None:
            return Reject("the notice does not exist any more")
        if delivery.target == CHOOSE:
            found = self._expander.choose_again(delivery.notifier, replace(parcel, attempt=0))
            return Delivered(answer=f"{found} targets")
        endpoint = parcel.standing.get(delivery.target)
        if endpoint is not None and delivery.before_replay is None:
            self._health.gate(endpoint)
        return self._notifiers[delivery.notifier].send(parcel, delivery.target)

    def _tell(self, delivery: Delivery) -> Outcome:
        with self._storage.reading() as uow:
            event = uow.ledger.get(delivery.notice_id)
        if event is None:
            return Reject("the event does not exist")
        self._tell_plugin(delivery.notifier.removeprefix(EVENT), event)
        return Delivered()

    def _schedule(self, delivery: Delivery, trigger: Trigger) -> Sequence[float]:
        if delivery.notifier.startswith(EVENT) or delivery.target == CHOOSE:
            return EVENT_SCHEDULE_S
        waits = self._notifiers[delivery.notifier].retry_schedule_s
        return waits[:TEST_RETRIES] if trigger is Trigger.TEST else waits


def _trigger(claimed: Claimed) -> Trigger:
    if claimed.delivery.before_replay is not None:
        return Trigger.MANUAL
    test = claimed.notice is not None and claimed.notice.kind is NoticeKind.TEST
    return Trigger.TEST if test else Trigger.SCHEDULE


def _report(tried: Tried, settled: Settlement, *, kept: bool) -> None:
    """One line a try: ids, status and time; no address, no text from outside."""
    delivery, outcome = tried.delivery, tried.outcome
    level = logging.INFO if isinstance(outcome, Delivered) else logging.WARNING
    wait = f" next=+{(settled.next_at - settled.now) / 1000:.0f}s" if settled.next_at else ""
    log.log(
        level,
        "%s notice=%s delivery=%s via=%s to=%s attempt=%d trigger=%s outcome=%s status=%s error=%s ms=%d%s%s",
        "delivered" if isinstance(outcome, Delivered) else f"not delivered ({settled.state.value})",
        delivery.notice_id,
        delivery.delivery_id,
        delivery.notifier,
        delivery.target,
        tried.number,
        tried.trigger.value,
        outcome_name(outcome),
        outcome.status if outcome.status is not None else "-",
        error_class(outcome) or "-",
        tried.latency_ms,
        wait,
        "" if kept else " (the lease was lost)",
    )
