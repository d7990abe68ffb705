"""For a sign-in: who somebody is."""

from __future__ import annotations

from consentcore.owners.addresses import add_owner, move_owner
from consentcore.ports.login import (
    REASONS,
    AskedLogin,
    Authenticated,
    GradedLogin,
    LoginAttempt,
    LoginOutcome,
    LoginProvider,
    PostedLogin,
    RedirectLogin,
    RedirectTo,
    Refused,
    Returned,
    SignInRequest,
    Throttled,
    Unavailable,
)

__all__ = [
    "REASONS",
    "AskedLogin",
    "Authenticated",
    "GradedLogin",
    "LoginAttempt",
    "LoginOutcome",
    "LoginProvider",
    "PostedLogin",
    "RedirectLogin",
    "RedirectTo",
    "Refused",
    "Returned",
    "SignInRequest",
    "Throttled",
    "Unavailable",
    "add_owner",
    "move_owner",
]
