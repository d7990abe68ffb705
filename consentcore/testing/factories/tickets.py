"""Tickets of owners."""

from __future__ import annotations

from typing import Any

from consentcore.api import HOUR, OwnerTicket
from consentcore.testing.factories.base import NOW, made, random_hash


def ticket(owner_id: str, **overrides: Any) -> OwnerTicket:
    """Make a ticket of an owner that can be used for an hour."""
    defaults = {
        "ticket_hash": random_hash(),
        "purpose": "password_reset",
        "owner_id": owner_id,
        "created_at": NOW,
        "expires_at": NOW + HOUR,
    }
    return made(OwnerTicket, defaults, overrides)
