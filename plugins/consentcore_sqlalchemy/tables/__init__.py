"""The tables. Times are BIGINT milliseconds, hashes are bytes, lists and mappings are JSON text.

There are no foreign keys into the hot tables, because checking them would lock the referenced row on every token.
"""

from __future__ import annotations

from consentcore_sqlalchemy.tables.base import Hash, Id, Ms, metadata
from consentcore_sqlalchemy.tables.clients import client, client_logo, webhook_endpoint
from consentcore_sqlalchemy.tables.counters import counter
from consentcore_sqlalchemy.tables.deliveries import delivery, delivery_attempt
from consentcore_sqlalchemy.tables.grants import consent_grant
from consentcore_sqlalchemy.tables.identities import owner_identity
from consentcore_sqlalchemy.tables.interactions import interaction
from consentcore_sqlalchemy.tables.ledger import (
    checkpoint,
    consent_event,
    disclosure,
    notice_snapshot,
    tombstone,
)
from consentcore_sqlalchemy.tables.notices import notice
from consentcore_sqlalchemy.tables.one_time_use import pushed_request, used_once
from consentcore_sqlalchemy.tables.owners import owner, owner_session
from consentcore_sqlalchemy.tables.pinned_scopes import pinned_scope
from consentcore_sqlalchemy.tables.registration_tokens import registration_token
from consentcore_sqlalchemy.tables.tickets import owner_ticket
from consentcore_sqlalchemy.tables.tlog import log_object
from consentcore_sqlalchemy.tables.tokens import code, token
from consentcore_sqlalchemy.tables.uses import grant_use

__all__ = [
    "Hash",
    "Id",
    "Ms",
    "checkpoint",
    "client",
    "client_logo",
    "code",
    "consent_event",
    "consent_grant",
    "counter",
    "delivery",
    "delivery_attempt",
    "disclosure",
    "grant_use",
    "interaction",
    "log_object",
    "metadata",
    "notice",
    "notice_snapshot",
    "owner",
    "owner_identity",
    "owner_session",
    "owner_ticket",
    "pinned_scope",
    "pushed_request",
    "registration_token",
    "token",
    "tombstone",
    "used_once",
    "webhook_endpoint",
]
