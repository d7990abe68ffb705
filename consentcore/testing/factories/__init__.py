"""Records with sensible values; every field can be overridden by its name.

    grant = factories.grant(owner_id=owner.owner_id, client_id=client.client_id, expires_at=NOW)

Ids and hashes are new on every call. Times are milliseconds since the epoch; everything is made at :data:`NOW`.
"""

from __future__ import annotations

from consentcore.testing.factories.base import DETAILS, NOW, REDIRECT_URI, SCOPES, random_hash, unique
from consentcore.testing.factories.clients import client, endpoint, logo
from consentcore.testing.factories.deliveries import attempt, delivery
from consentcore.testing.factories.grants import grant
from consentcore.testing.factories.identities import identity
from consentcore.testing.factories.interactions import interaction, request
from consentcore.testing.factories.ledger import (
    checkpoint,
    disclosure,
    event,
    signed_checkpoint,
    snapshot,
    tombstone,
)
from consentcore.testing.factories.notices import notice
from consentcore.testing.factories.one_time_use import pushed
from consentcore.testing.factories.owners import owner, session
from consentcore.testing.factories.pinned_scopes import pinned_scope
from consentcore.testing.factories.registration_tokens import registration_token
from consentcore.testing.factories.tickets import ticket
from consentcore.testing.factories.tokens import access, code, redemption, refresh, renewal, rotation

__all__ = [
    "DETAILS",
    "NOW",
    "REDIRECT_URI",
    "SCOPES",
    "access",
    "attempt",
    "checkpoint",
    "client",
    "code",
    "delivery",
    "disclosure",
    "endpoint",
    "event",
    "grant",
    "identity",
    "interaction",
    "logo",
    "notice",
    "owner",
    "pinned_scope",
    "pushed",
    "random_hash",
    "redemption",
    "refresh",
    "registration_token",
    "renewal",
    "request",
    "rotation",
    "session",
    "signed_checkpoint",
    "snapshot",
    "ticket",
    "tombstone",
    "unique",
]
