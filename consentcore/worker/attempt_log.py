"""The log of the worker: one line a try."""

from __future__ import annotations

import logging

from consentcore.domain.notice import EVENT_PLUGIN, Delivered, Retry
from consentcore.hooks.errors import line
from consentcore.ports.deliveries import Settlement
from consentcore.worker.retry import AttemptResult, error_class, outcome_name

log = logging.getLogger("consentcore.worker")


def log_attempt(result: AttemptResult, settled: Settlement, *, kept: bool) -> None:
    """One line a try: ids, status and time; no address, no text from outside but what the operator has to mend."""
    delivery, outcome = result.delivery, result.outcome
    level = logging.INFO if isinstance(outcome, Delivered) else logging.WARNING
    cause = (
        f" plugin={delivery.notifier.removeprefix(EVENT_PLUGIN)} cause: {result.cause}"
        if result.cause
        else ""
    )
    if isinstance(outcome, Retry) and outcome.operator:
        cause += f" for the operator to mend: {line(outcome.reason)}"
    if cause:
        level = logging.ERROR
    wait = f" next=+{(settled.next_at - settled.now) / 1000:.0f}s" if settled.next_at else ""
    log.log(
        level,
        "%s notice=%s delivery=%s via=%s to=%s attempt=%d trigger=%s outcome=%s status=%s error=%s ms=%d%s%s%s",
        "delivered" if isinstance(outcome, Delivered) else f"not delivered ({settled.state.value})",
        delivery.notice_id,
        delivery.delivery_id,
        delivery.notifier,
        line(delivery.target, 200),
        result.number,
        result.trigger.value,
        outcome_name(outcome),
        outcome.status if outcome.status is not None else "-",
        line(error_class(outcome)) or "-",
        result.latency_ms,
        wait,
        cause,
        "" if kept else " (the lease was lost)",
    )
