"""The tables. Times are BIGINT milliseconds, hashes are bytes, lists and mappings are JSON text.

There are no foreign keys into the hot tables, because checking them would lock the referenced row on every token.
"""

from __future__ import annotations

from consentcore_sqlalchemy.tables.base import Hash, Id, Ms, metadata
from consentcore_sqlalchemy.tables.evidence import checkpoint, consent_event, consent_grant, notice_snapshot
from consentcore_sqlalchemy.tables.outbox import delivery, delivery_attempt, notice
from consentcore_sqlalchemy.tables.people import (
    client,
    owner,
    owner_identity,
    owner_session,
    owner_ticket,
    webhook_endpoint,
)
from consentcore_sqlalchemy.tables.protocol import (
    code,
    counter,
    interaction,
    pushed_request,
    token,
    used_once,
)

__all__ = [
    "Hash",
    "Id",
    "Ms",
    "checkpoint",
    "client",
    "code",
    "consent_event",
    "consent_grant",
    "counter",
    "delivery",
    "delivery_attempt",
    "interaction",
    "metadata",
    "notice",
    "notice_snapshot",
    "owner",
    "owner_identity",
    "owner_session",
    "owner_ticket",
    "pushed_request",
    "token",
    "used_once",
    "webhook_endpoint",
]
