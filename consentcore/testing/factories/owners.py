"""Owners and their browser sessions."""

from __future__ import annotations

from typing import Any

from consentcore.api import HOUR, Owner, OwnerSession
from consentcore.testing.factories.base import NOW, made, random_hash, unique


def owner(**overrides: Any) -> Owner:
    """Make a data owner with an address of their own."""
    owner_id = overrides.get("owner_id", unique("owner"))
    defaults = {
        "owner_id": owner_id,
        "email": f"{owner_id}@example.org",
        "created_at": NOW,
        "name": "Ada",
        "timezone": "Europe/Paris",
    }
    return made(Owner, defaults, overrides)


def session(owner_id: str, **overrides: Any) -> OwnerSession:
    """Make a browser session that lasts twelve hours."""
    defaults = {
        "session_hash": random_hash(),
        "owner_id": owner_id,
        "created_at": NOW,
        "expires_at": NOW + 12 * HOUR,
        "auth_time": NOW,
        "acr": "urn:example:password",
        "amr": ("pwd",),
        "seen_at": NOW,
        "address": "192.0.2.0/24",
        "browser": "Firefox",
    }
    return made(OwnerSession, defaults, overrides)
