"""Authorization requests that wait for an answer."""

from __future__ import annotations

from typing import Any

from consentcore.api import MINUTE, AuthorizationRequest, Interaction
from consentcore.testing.factories.base import NOW, REDIRECT_URI, SCOPES, made, random_hash


def request(client_id: str, **overrides: Any) -> AuthorizationRequest:
    """Make a validated authorization request."""
    defaults = {
        "client_id": client_id,
        "redirect_uri": REDIRECT_URI,
        "redirect_uri_given": True,
        "scopes": SCOPES,
        "state": "xyz",
    }
    return made(AuthorizationRequest, defaults, overrides)


def interaction(client_id: str, **overrides: Any) -> Interaction:
    """Make a pending authorization request that waits for ten minutes."""
    defaults = {
        "interaction_hash": random_hash(),
        "session_hash": random_hash(),
        "request": request(client_id),
        "created_at": NOW,
        "expires_at": NOW + 10 * MINUTE,
    }
    return made(Interaction, defaults, overrides)
