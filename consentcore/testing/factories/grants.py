"""Grants."""

from __future__ import annotations

import uuid
from typing import Any

from consentcore.api import DAY, Grant, GrantState
from consentcore.testing.factories.base import NOW, SCOPES, made, random_hash


def grant(owner_id: str, client_id: str, **overrides: Any) -> Grant:
    """Make an active grant that lasts a year."""
    defaults = {
        "grant_id": str(uuid.uuid4()),
        "owner_id": owner_id,
        "client_id": client_id,
        "state": GrantState.ACTIVE,
        "scopes": tuple(f"{scope}@1" for scope in SCOPES),
        "created_at": NOW,
        "changed_at": NOW,
        "expires_at": NOW + 365 * DAY,
        "sequence": 1,
        "head": random_hash(),
        "seal": random_hash(),
        "key_id": "test1",
    }
    return made(Grant, defaults, overrides)
