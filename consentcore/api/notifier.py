"""For a notifier: what there is to tell, to whom, how it went; signatures, mails, the guard of outgoing requests."""

from __future__ import annotations

from consentcore.domain.notice import (
    DELIVERY_LOG_MS,
    UNDELIVERED,
    Attempt,
    Delivered,
    Delivery,
    DeliveryState,
    Gone,
    Notice,
    Outcome,
    Reject,
    Retry,
    Trigger,
)
from consentcore.domain.notice_facts import (
    AccountFacts,
    ConsentFacts,
    EndpointFacts,
    EndpointTestFacts,
    NoticeFacts,
    NoticeFactsError,
    facts_of,
    members_of,
)
from consentcore.egress import EgressError, EgressPolicy, EgressResponse
from consentcore.mail.mime import check_sender, mail_message, mail_targets, mime_message
from consentcore.mail.notifier import MailNotifier
from consentcore.ports.notifier import (
    CheckedNotifier,
    ClientView,
    EndpointView,
    Envelope,
    Mail,
    Notifier,
    OwnerView,
)
from consentcore.webhooks.signing import signature_header

__all__ = [
    "DELIVERY_LOG_MS",
    "UNDELIVERED",
    "AccountFacts",
    "Attempt",
    "CheckedNotifier",
    "ClientView",
    "ConsentFacts",
    "Delivered",
    "Delivery",
    "DeliveryState",
    "EgressError",
    "EgressPolicy",
    "EgressResponse",
    "EndpointFacts",
    "EndpointTestFacts",
    "EndpointView",
    "Envelope",
    "Gone",
    "Mail",
    "MailNotifier",
    "Notice",
    "NoticeFacts",
    "NoticeFactsError",
    "Notifier",
    "Outcome",
    "OwnerView",
    "Reject",
    "Retry",
    "Trigger",
    "check_sender",
    "facts_of",
    "mail_message",
    "mail_targets",
    "members_of",
    "mime_message",
    "signature_header",
]
