"""Initial access tokens."""

from __future__ import annotations

from typing import Any

from consentcore.api import HOUR, InitialAccessToken
from consentcore.testing.factories.base import NOW, made, random_hash, unique


def registration_token(**overrides: Any) -> InitialAccessToken:
    """Make an initial access token that can be used once, for an hour."""
    defaults = {
        "token_hash": random_hash(),
        "token_id": unique("token"),
        "note": "for Agent",
        "created_at": NOW,
        "expires_at": NOW + HOUR,
    }
    return made(InitialAccessToken, defaults, overrides)
