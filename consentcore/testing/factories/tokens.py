"""Codes and tokens, and what exchanges them."""

from __future__ import annotations

import secrets
from typing import Any

from consentcore.api import DAY, HOUR, MINUTE, Code, Grant, NewToken, Redemption, Rotation
from consentcore.testing.factories.base import NOW, REDIRECT_URI, SCOPES, made, random_hash, unique


def code(grant: Grant, **overrides: Any) -> Code:
    """Make a code under a grant, good for a minute."""
    defaults = {
        "code_hash": random_hash(),
        "family_id": unique("family"),
        "grant_id": grant.grant_id,
        "client_id": grant.client_id,
        "redirect_uri": REDIRECT_URI,
        "redirect_uri_given": True,
        "code_challenge": "",
        "scopes": SCOPES,
        "created_at": NOW,
        "expires_at": NOW + MINUTE,
        "family_proof": secrets.token_bytes(16),
        "seal": random_hash(),
    }
    return made(Code, defaults, overrides)


def access(**overrides: Any) -> NewToken:
    """Make an access token about to be stored, good for an hour."""
    defaults = {
        "token_hash": random_hash(),
        "scopes": SCOPES,
        "expires_at": NOW + HOUR,
        "seal": random_hash(),
    }
    return made(NewToken, defaults, overrides)


def refresh(**overrides: Any) -> NewToken:
    """Make a refresh token about to be stored, good for a day."""
    return access(**{"expires_at": NOW + DAY, **overrides})


def redemption(code: Code, **overrides: Any) -> Redemption:
    """Make the exchange of a code for two new tokens, a second after its birth."""
    defaults = {
        "code_hash": code.code_hash,
        "client_id": code.client_id,
        "now": NOW + 1000,
        "access": access(),
        "refresh": refresh(),
    }
    return made(Redemption, defaults, overrides)


def renewal(redemption: Redemption) -> NewToken:
    """The refresh token of an exchange that has one."""
    assert redemption.refresh is not None
    return redemption.refresh


def rotation(token_hash: bytes, client_id: str, **overrides: Any) -> Rotation:
    """Make the exchange of a refresh token for new ones, two seconds after :data:`NOW`, with 10 s of grace."""
    defaults = {
        "token_hash": token_hash,
        "client_id": client_id,
        "now": NOW + 2000,
        "access": access(),
        "refresh": refresh(),
        "nonce": secrets.token_bytes(16),
        "nonce_key_id": "test1",
        "grace_ms": 10_000,
    }
    return made(Rotation, defaults, overrides)
