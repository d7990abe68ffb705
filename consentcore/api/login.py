"""For a sign-in: who somebody is."""

from __future__ import annotations

from consentcore.owners.addresses import add_owner, move_owner
from consentcore.ports.login import (
    REASONS,
    Authenticated,
    LoginAttempt,
    LoginOutcome,
    LoginProvider,
    PostedLogin,
    RedirectLogin,
    RedirectTo,
    Refused,
    Returned,
    Throttled,
    Unavailable,
)

__all__ = [
    "REASONS",
    "Authenticated",
    "LoginAttempt",
    "LoginOutcome",
    "LoginProvider",
    "PostedLogin",
    "RedirectLogin",
    "RedirectTo",
    "Refused",
    "Returned",
    "Throttled",
    "Unavailable",
    "add_owner",
    "move_owner",
]
