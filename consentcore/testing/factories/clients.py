"""Clients and their webhook endpoints."""

from __future__ import annotations

import hashlib
from typing import Any

from consentcore.api import Client, ClientLogo, ClientSecret, SealedSecret, WebhookEndpoint
from consentcore.testing.factories.base import NOW, REDIRECT_URI, SCOPES, made, unique


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


def logo(client_id: str, **overrides: Any) -> ClientLogo:
    """Make the logo of a client."""
    defaults = {
        "client_id": client_id,
        "content_type": "image/png",
        "content": b"\x89PNG\r\n\x1a\n",
        "fetched_at": NOW,
    }
    return made(ClientLogo, defaults, overrides)


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
