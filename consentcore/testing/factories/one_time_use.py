"""Pushed requests."""

from __future__ import annotations

from typing import Any

from consentcore.api import MINUTE, PushedRequest
from consentcore.testing.factories.base import NOW, made, random_hash


def pushed(client_id: str, **overrides: Any) -> PushedRequest:
    """Make a pushed authorization request that waits for a minute."""
    defaults = {
        "request_hash": random_hash(),
        "client_id": client_id,
        "query": "response_type=code&state=x%20y",
        "created_at": NOW,
        "expires_at": NOW + MINUTE,
    }
    return made(PushedRequest, defaults, overrides)
