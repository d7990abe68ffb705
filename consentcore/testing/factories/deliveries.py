"""Deliveries and their attempts."""

from __future__ import annotations

import uuid
from typing import Any

from consentcore.api import Attempt, Delivery
from consentcore.testing.factories.base import NOW, made, unique


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
