"""Who owners are at identity providers."""

from __future__ import annotations

from typing import Any

from consentcore.api import OwnerIdentity
from consentcore.testing.factories.base import NOW, made, unique


def identity(owner_id: str, **overrides: Any) -> OwnerIdentity:
    """Make what an identity provider calls an owner."""
    defaults = {
        "issuer": "https://login.example",
        "subject": unique("subject"),
        "owner_id": owner_id,
        "created_at": NOW,
    }
    return made(OwnerIdentity, defaults, overrides)
