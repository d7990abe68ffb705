"""Sends the stored bytes of a notice, signed, to the endpoints of its client."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cached_property

from consentcore.api import (
    SECOND,
    Audience,
    Clock,
    ConfigurationError,
    Delivered,
    EgressError,
    EgressPolicy,
    EgressResponse,
    EndpointView,
    Envelope,
    Gone,
    InvalidInput,
    NoticeKind,
    Outcome,
    Retry,
    signature_header,
)
from consentcore_webhook.settings import WebhookSettings

ANSWER_BYTES = 1024
LONGEST_WAIT = "999999999"
"""Seconds of Retry-After; whoever names more means never."""
REASONS = {
    "dns": "the name of the endpoint could not be resolved",
    "connect": "the endpoint could not be connected to",
    "tls": "no trusted encrypted connection to the endpoint",
    "timeout": "the endpoint did not answer in time",
    "blocked_address": "the endpoint is at an address that is not allowed",
    "http": "the endpoint did not answer with HTTP",
}


class WebhookNotifier:
    """:class:`consentcore.api.Notifier` by the Standard Webhooks specification.

    :param egress: the guard of outgoing requests; made from the settings when not given.
    :raises ConfigurationError: when ``allow_networks`` holds no networks.
    """

    def __init__(self, settings: WebhookSettings, clock: Clock, egress: EgressPolicy | None = None) -> None:
        self._settings = settings
        self._clock = clock
        try:
            self._egress = egress or EgressPolicy(
                allow_networks=settings.allow_networks,
                timeout_s=settings.timeout_s,
                keep_alive_s=settings.keep_alive_s,
            )
        except InvalidInput as error:
            raise ConfigurationError([f"consentcore.plugin.webhook.{error}"]) from error

    @property
    def retry_schedule_s(self) -> Sequence[float]:
        return self._settings.retry_schedule_s

    def targets(self, envelope: Envelope) -> Sequence[str]:
        if Audience.CLIENT not in envelope.notice.audiences:
            return ()
        return [one.endpoint_id for one in envelope.endpoints if _wants(one, envelope.notice.kind)]

    def send(self, envelope: Envelope, target: str) -> Outcome:
        endpoint = next((one for one in envelope.endpoints if one.endpoint_id == target), None)
        if endpoint is None:
            return Gone("the endpoint was removed")
        try:
            headers = self._headers(envelope, endpoint)
        except ValueError:
            return Retry("the endpoint has no usable signing secret", error="key")
        try:
            answer = self._egress.post(endpoint.url, headers, envelope.body)
        except EgressError as error:
            return Retry(REASONS[error.error_class], error=error.error_class, answer=str(error))
        return self._outcome(answer)

    def _headers(self, envelope: Envelope, endpoint: EndpointView) -> dict[str, str]:
        notice_id, sent_at = envelope.notice.notice_id, self._clock.now() // SECOND
        return {
            "content-type": "application/json",
            "user-agent": self._user_agent,
            "webhook-id": notice_id,
            "webhook-timestamp": str(sent_at),
            "webhook-signature": signature_header(endpoint.secrets, notice_id, sent_at, envelope.body),
            "consentcore-delivery": envelope.delivery_id,
            "consentcore-attempt": str(envelope.attempt),
        }

    def _outcome(self, answer: EgressResponse) -> Outcome:
        text = answer.body[:ANSWER_BYTES].decode("utf-8", "replace")
        if 200 <= answer.status < 300:
            return Delivered(answer.status, text)
        reason = f"the endpoint answered {answer.status}"
        if answer.status == 410:
            return Gone(reason, answer.status, text)
        after = retry_after_s(answer.headers.get("retry-after", ""), self._clock.now())
        return Retry(reason, after_s=after, status=answer.status, error="http", answer=text)

    @cached_property
    def _user_agent(self) -> str:
        from importlib.metadata import version

        return f"consentcore-webhooks/{version('consentcore')}"


def retry_after_s(value: str, now: int) -> float | None:
    """Read Retry-After (RFC 9110 section 10.2.3), seconds or a date; None when it is neither, or no such time exists.

    :param now: milliseconds since the epoch.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value) if len(value) <= len(LONGEST_WAIT) else float(LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - now / SECOND)
    except (ValueError, OverflowError):
        return None


def _wants(endpoint: EndpointView, kind: NoticeKind) -> bool:
    return kind is NoticeKind.TEST or not endpoint.events or kind.value in endpoint.events
