"""Records with sensible values; every field can be overridden by its name.

    grant = factories.grant(owner_id=owner.owner_id, client_id=client.client_id, expires_at=NOW)

Ids and hashes are new on every call. Times are milliseconds since the epoch; everything is made at :data:`NOW`.
"""

from __future__ import annotations

from consentcore.testing.factories.base import NOW, REDIRECT_URI, SCOPES, random_hash, unique
from consentcore.testing.factories.evidence import checkpoint, event, grant, snapshot
from consentcore.testing.factories.notices import attempt, delivery, notice
from consentcore.testing.factories.people import client, endpoint, identity, owner, session, ticket
from consentcore.testing.factories.protocol import (
    access,
    code,
    interaction,
    pushed,
    redemption,
    refresh,
    request,
    rotation,
)

__all__ = [
    "NOW",
    "REDIRECT_URI",
    "SCOPES",
    "access",
    "attempt",
    "checkpoint",
    "client",
    "code",
    "delivery",
    "endpoint",
    "event",
    "grant",
    "identity",
    "interaction",
    "notice",
    "owner",
    "pushed",
    "random_hash",
    "redemption",
    "refresh",
    "request",
    "rotation",
    "session",
    "snapshot",
    "ticket",
    "unique",
]
