"""What becomes of a delivery after a try, and when the next one is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from consentcore.domain.clock import HOUR, SECOND
from consentcore.domain.notice import (
    DELIVERY_LOG_MS,
    Attempt,
    Delivered,
    Delivery,
    DeliveryState,
    Gone,
    Outcome,
    Reject,
    Retry,
    Trigger,
)
from consentcore.ports.deliveries import Settlement

_NAMES = {Delivered: "delivered", Retry: "retry", Gone: "gone", Reject: "reject"}

JITTER = 0.2
ANSWER_CHARACTERS = 1024


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """One try of a delivery.

    :ivar number: 1 for the first.
    :ivar started_at: milliseconds since the epoch.
    :ivar scheduled: how many tries the schedule has had with this one; replays are not among them.
    :ivar cause: for the log: what the plugin did that it must not, "" when nothing.
    """

    delivery: Delivery
    number: int
    started_at: int
    latency_ms: int
    outcome: Outcome
    scheduled: int
    trigger: Trigger = Trigger.SCHEDULE
    cause: str = ""


def wait_s(schedule: Sequence[float], failures: int, wish_s: float | None, chance: float) -> float | None:
    """Seconds to wait after so many failed tries; None when the schedule is used up.

    :param failures: at least 1.
    :param wish_s: Retry-After of the target: honoured between the wait of the
        schedule and twice that, so that a target can neither hurry us nor put us off for ever.
    :param chance: 0 to 1; spreads the wait by ±20 %, so that what failed together does not come back together.
    """
    if failures > len(schedule):
        return None
    base = float(schedule[failures - 1])
    if wish_s is not None:
        return min(max(wish_s, base), 2 * base)
    return base * (1 - JITTER + 2 * JITTER * chance)


def settlement(result: AttemptResult, schedule: Sequence[float], now: int) -> Settlement:
    """Decide what becomes of the delivery, and write the line for the delivery log."""
    outcome = result.outcome
    state, next_at = _fate(result, schedule, now)
    reason = "" if isinstance(outcome, Delivered) else outcome.reason
    attempt = Attempt(
        delivery_id=result.delivery.delivery_id,
        number=result.number,
        started_at=result.started_at,
        latency_ms=result.latency_ms,
        outcome=outcome_name(outcome),
        status=outcome.status,
        error=_stored(error_class(outcome)),
        answer=_stored(outcome.answer[:ANSWER_CHARACTERS]),
        trigger=result.trigger.value,
    )
    return Settlement(
        delivery_id=result.delivery.delivery_id,
        lease_token=result.delivery.lease_token,
        state=state,
        now=now,
        next_at=next_at,
        error=_stored(reason),
        attempt=attempt,
    )


def outcome_name(outcome: Outcome) -> str:
    """The outcome as logs and metrics name it: ``delivered``, ``retry``, ``reject`` or ``gone``."""
    return _NAMES[type(outcome)]


def error_class(outcome: Outcome) -> str:
    """The class of what went wrong, for the log; "" when nothing did or nobody named it."""
    return outcome.error if isinstance(outcome, Retry | Reject) else ""


def _fate(result: AttemptResult, schedule: Sequence[float], now: int) -> tuple[DeliveryState, int | None]:
    outcome = result.outcome
    if isinstance(outcome, Delivered):
        return DeliveryState.DELIVERED, None
    before = result.delivery.before_replay
    if before is not None:
        # A replay is one try: it failed, and the delivery is what it was.
        return before, result.delivery.next_before_replay if before is DeliveryState.PENDING else None
    if isinstance(outcome, Gone):
        return DeliveryState.GONE, None
    if isinstance(outcome, Reject):
        return DeliveryState.REJECTED, None
    # Chance only spreads load; nothing secret depends on it.
    chance = random.random()  # noqa: S311
    wait = wait_s(schedule, result.scheduled, outcome.after_s, chance)
    if wait is None and outcome.operator and now - result.delivery.created_at < DELIVERY_LOG_MS:
        # Nobody but the operator can mend it, and what they have mended is to be told.
        last = max([*schedule[-1:], HOUR / SECOND])
        wait = wait_s([last], 1, outcome.after_s, chance)
    if wait is None:
        return DeliveryState.DEAD, None
    return DeliveryState.PENDING, now + round(wait * 1000)


def _stored(text: str) -> str:
    """Text from outside as every store takes it."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
