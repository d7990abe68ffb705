"""Sending a test to an endpoint and saying at once how it went."""

from __future__ import annotations

import logging
import secrets
import time
import uuid
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from consentcore.domain.clock import SECOND
from consentcore.domain.errors import InvalidInput
from consentcore.domain.event_kinds import NoticeKind
from consentcore.domain.notice import Delivered, Delivery, DeliveryState, Notice, Outcome, Retry, Trigger
from consentcore.hooks.calling import Leash
from consentcore.hooks.errors import describe_exception
from consentcore.ports.storage import transact
from consentcore.webhooks.samples import sample_notice
from consentcore.webhooks.service import test_notice
from consentcore.worker.envelope import DeliveryContext, DeliveryContextBuilder
from consentcore.worker.plugin_answers import outcome_of, outcome_of_error, targets_of
from consentcore.worker.retry import AttemptResult, settlement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from consentcore.domain.client import Client, WebhookEndpoint
    from consentcore.domain.clock import Clock
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.notifier import Notifier
    from consentcore.ports.storage import Storage
    from consentcore.runtime import Runtime

log = logging.getLogger("consentcore.webhooks")

LEASE_MS = 60 * SECOND

_CHECKS = {
    "dns": "the host name is found",
    "blocked_address": "every address of the host is allowed",
    "connect": "a connection is made",
    "tls": "the certificate is trusted and names the host",
    "timeout": "the answer comes in time",
    "key": "the endpoint has a usable secret",
    "http": "the answer is HTTP with a status of 2xx",
}


@dataclass(frozen=True)
class ProbeResult:
    """How a test went.

    :ivar failed_check: what should have been so and was not; "" when all is well.
    """

    endpoint_id: str
    type: str
    notice_id: str
    delivery_id: str
    notifier: str
    ok: bool
    status: int | None
    ms: int
    result: str
    error: str
    failed_check: str
    answer: str

    @property
    def as_json(self) -> dict[str, Any]:
        """As the API answers it."""
        return {
            "endpoint_id": self.endpoint_id,
            "target": self.endpoint_id,
            "type": self.type,
            "notice_id": self.notice_id,
            "delivery_id": self.delivery_id,
            "notifier": self.notifier,
            "ok": self.ok,
            "status": self.status,
            "ms": self.ms,
            "result": self.result,
            "error": self.error or None,
            "failed_check": self.failed_check or None,
            "answer": self.answer,
        }


_leash = Leash()


@dataclass(frozen=True)
class EndpointProbe:
    """Sends tests.

    :ivar issuer: base URL of the protocol, for payloads.
    :ivar deletion_days: how long an application has to delete what it got once a permission has ended.
    """

    storage: Storage
    keys: KeyRing
    clock: Clock
    notifiers: Mapping[str, Notifier]
    issuer: str
    deletion_days: int = 30

    @classmethod
    def of(cls, runtime: Runtime) -> EndpointProbe:
        """One with the parts of a process."""
        return cls(
            runtime.storage,
            runtime.keys,
            runtime.clock,
            runtime.notifiers,
            runtime.settings.issuer,
            runtime.settings.operator.deletion_days,
        )

    def send(self, client: Client, endpoint: WebhookEndpoint, kind: NoticeKind) -> ProbeResult:
        """Send one test now, to a disabled endpoint too, and write it into the delivery log.

        The endpoint's health is not touched. Never call it in a transaction: it waits for the answer.

        :raises InvalidInput: ``endpoint_id``, when no notifier sends to endpoints.
        """
        now = self.clock.now()
        builder = DeliveryContextBuilder(self.storage, self.keys, issuer=self.issuer, render=lambda *_: None)
        probe = builder.build(test_notice(endpoint, now), now)
        name, notifier = self._serving(probe, endpoint.endpoint_id)
        notice = (
            test_notice(endpoint, now)
            if kind is NoticeKind.TEST
            else sample_notice(kind, client.client_id, client.scopes, now, deletion_days=self.deletion_days)
        )
        delivery = Delivery(
            delivery_id=f"dlv_{uuid.uuid4().hex}",
            notice_id=notice.notice_id,
            notifier=name,
            target=endpoint.endpoint_id,
            created_at=now,
            next_at=now,
            attempts=1,
            lease_until=now + LEASE_MS,
            lease_token=secrets.token_hex(16),
            body=builder.build(notice, now).body,
        )
        context = replace(
            probe, notice=notice, make_body=lambda: delivery.body, attempt=1, delivery_id=delivery.delivery_id
        )
        outcome, ms = _send(name, notifier, context, endpoint.endpoint_id)
        # Nobody is named in the stored notice: the worker must not send it again.
        self._record(
            replace(notice, audiences=()), AttemptResult(delivery, 1, now, ms, outcome, 1, Trigger.TEST)
        )
        return _probe_result(kind, delivery, outcome, ms)

    def _serving(self, probe: DeliveryContext, endpoint_id: str) -> tuple[str, Notifier]:
        for name, notifier in self.notifiers.items():
            read = _leash.call(name, partial(_targets, notifier, probe))
            if read.error is not None:
                probe.raise_ours(read.error)
                log.error("notifier %s could not choose targets: %s", name, describe_exception(read.error))
            elif endpoint_id in read.answer:
                return name, notifier
        raise InvalidInput("endpoint_id", "expected an endpoint that a configured notifier sends to")

    def _record(self, notice: Notice, result: AttemptResult) -> None:
        now = self.clock.now()
        transact(self.storage, lambda uow: uow.notices.add(notice))
        self.storage.outbox.expand_all({notice.notice_id: [result.delivery]}, now, again=True)
        settled = settlement(result, (), now)
        state = DeliveryState.DELIVERED if isinstance(result.outcome, Delivered) else DeliveryState.REJECTED
        self.storage.outbox.settle_all([replace(settled, state=state, next_at=None)])


def _targets(notifier: Notifier, probe: DeliveryContext) -> Sequence[str]:
    return targets_of(notifier.targets(probe))[0]


def _send(name: str, notifier: Notifier, context: DeliveryContext, target: str) -> tuple[Outcome, int]:
    """Never longer than a plugin may take; whatever it does is an outcome."""
    began = time.monotonic()
    read = _leash.call(name, lambda: notifier.send(context, target))
    if read.error is None:
        outcome, wrong = outcome_of(read.answer)
    else:
        context.raise_ours(read.error)
        outcome, wrong = outcome_of_error(read.error), describe_exception(read.error)
    if wrong:
        log.error("plugin %s: a test could not be sent: %s", name, wrong)
    return outcome, round((time.monotonic() - began) * 1000)


def _probe_result(kind: NoticeKind, delivery: Delivery, outcome: Outcome, ms: int) -> ProbeResult:
    ok = isinstance(outcome, Delivered)
    error = outcome.error if isinstance(outcome, Retry) else "" if ok else "http"
    return ProbeResult(
        endpoint_id=delivery.target,
        type=kind.value,
        notice_id=delivery.notice_id,
        delivery_id=delivery.delivery_id,
        notifier=delivery.notifier,
        ok=ok,
        status=outcome.status,
        ms=ms,
        result=f"answered {outcome.status}" if isinstance(outcome, Delivered) else outcome.reason,
        error=error,
        failed_check="" if ok else _CHECKS.get(error, "the notifier works"),
        answer=outcome.answer,
    )
