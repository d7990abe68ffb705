"""Applications, and data owners with what is theirs."""

from __future__ import annotations

import hashlib
from typing import Any

from consentcore.api import (
    HOUR,
    Client,
    ClientSecret,
    Owner,
    OwnerIdentity,
    OwnerSession,
    OwnerTicket,
    SealedSecret,
    WebhookEndpoint,
)
from consentcore.testing.factories.base import NOW, REDIRECT_URI, SCOPES, made, random_hash, unique


def client(**overrides: Any) -> Client:
    """Make a confidential application; its secret is ``factories-client-secret``."""
    secret = ClientSecret(hashlib.sha256(b"factories-client-secret").digest(), NOW)
    defaults = {
        "client_id": unique("client"),
        "name": "Comfort Coach",
        "created_at": NOW,
        "secrets": (secret,),
        "redirect_uris": (REDIRECT_URI,),
        "scopes": (*SCOPES, "offline_access"),
        "publisher": "Coach Ltd",
        "website": "https://app.example/",
        "privacy_url": "https://app.example/privacy",
        "purpose": "Shows you when to heat.",
    }
    return made(Client, defaults, overrides)


def endpoint(client_id: str, **overrides: Any) -> WebhookEndpoint:
    """Make a webhook endpoint of a client."""
    defaults = {
        "endpoint_id": unique("endpoint"),
        "client_id": client_id,
        "url": "https://app.example/hooks",
        "created_at": NOW,
        "secrets": (SealedSecret("sealed-by-the-key-ring", NOW),),
    }
    return made(WebhookEndpoint, defaults, overrides)


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


def identity(owner_id: str, **overrides: Any) -> OwnerIdentity:
    """Make what an identity provider calls an owner."""
    defaults = {
        "issuer": "https://login.example",
        "subject": unique("subject"),
        "owner_id": owner_id,
        "created_at": NOW,
    }
    return made(OwnerIdentity, defaults, overrides)
