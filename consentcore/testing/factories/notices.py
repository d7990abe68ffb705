"""Notices and their deliveries."""

from __future__ import annotations

import json
import uuid
from typing import Any

from consentcore.api import Attempt, Audience, Delivery, Grant, Notice, NoticeKind
from consentcore.testing.factories.base import NOW, SCOPES, made, unique


def notice(grant: Grant, **overrides: Any) -> Notice:
    """Make the notice that tells owner and client of a grant."""
    defaults = {
        "notice_id": str(uuid.uuid4()),
        "kind": NoticeKind.GRANTED,
        "grant_id": grant.grant_id,
        "client_id": grant.client_id,
        "owner_id": grant.owner_id,
        "audiences": (Audience.OWNER, Audience.CLIENT),
        "occurred_at": NOW,
        "data": json.dumps({"sequence": grant.sequence, "scopes": list(SCOPES)}),
    }
    return made(Notice, defaults, overrides)


def delivery(notice_id: str, **overrides: Any) -> Delivery:
    """Make a delivery that is due at once."""
    defaults = {
        "delivery_id": str(uuid.uuid4()),
        "notice_id": notice_id,
        "notifier": "webhook",
        "target": unique("endpoint"),
        "created_at": NOW,
        "next_at": NOW,
        "body": b'{"type":"consent.granted"}',
    }
    return made(Delivery, defaults, overrides)


def attempt(delivery_id: str, **overrides: Any) -> Attempt:
    """Make the first, successful try of a delivery."""
    defaults = {
        "delivery_id": delivery_id,
        "number": 1,
        "started_at": NOW,
        "latency_ms": 12,
        "outcome": "delivered",
        "status": 204,
    }
    return made(Attempt, defaults, overrides)
