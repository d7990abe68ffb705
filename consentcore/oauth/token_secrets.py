"""Making tokens, and how long they live."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consentcore.domain.clock import SECOND
from consentcore.domain.scope import OFFLINE_ACCESS
from consentcore.domain.secret import ACCESS, REFRESH, mint, shape

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from consentcore.domain.grant import Grant
    from consentcore.domain.token import Token
    from consentcore.ports.keys import KeyRing
    from consentcore.settings import CoreSettings

PURPOSE = "refresh"
NONCE_BYTES = 16
_ONE_USE = bytes(12)


@dataclass(frozen=True, slots=True)
class Pair:
    """An access token and a refresh token in clear: only ever on their way to the client."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


def fresh_pair() -> Pair:
    """Two tokens of 256 random bits each, for the exchange of a code."""
    return Pair(mint(ACCESS), mint(REFRESH))


def fresh_nonce() -> bytes:
    """16 random bytes that make each rotation's successors unlike any other's."""
    return secrets.token_bytes(NONCE_BYTES)


def derived_pair(keys: KeyRing, presented: str, nonce: bytes, key_id: str) -> Pair:
    """The successors of a refresh token: ``HMAC(refresh subkey, presented || nonce || kind)``.

    Derived and not stored, so that a client whose answer was lost gets the same tokens again within the grace.
    Without the old token, which is stored nowhere, neither the nonce nor the key makes them.

    :raises KeyUnavailable: when the key ring no longer has ``key_id``.
    """
    seed = presented.encode() + nonce
    return Pair(
        shape(ACCESS, keys.mac(PURPOSE, seed + b"access", key_id)),
        shape(REFRESH, keys.mac(PURPOSE, seed + b"refresh", key_id)),
    )


def seal_access(keys: KeyRing, presented: str, nonce: bytes, key_id: str, text: str) -> bytes:
    """Encrypt an access token that cannot be derived for who presents the same refresh token within the grace.

    The key is made like a successor, for this one rotation, so it encrypts only this and needs no nonce of its own.

    :raises KeyUnavailable: when the key ring no longer has ``key_id``.
    """
    return _box(keys, presented, nonce, key_id).encrypt(_ONE_USE, text.encode(), None)


def open_access(keys: KeyRing, presented: str, nonce: bytes, key_id: str, sealed: bytes) -> str:
    """Undo :func:`seal_access`.

    :raises KeyUnavailable: the key is gone.
    :raises ValueError: it was changed.
    """
    from cryptography.exceptions import InvalidTag

    try:
        return _box(keys, presented, nonce, key_id).decrypt(_ONE_USE, sealed, None).decode()
    except InvalidTag:
        raise ValueError("the sealed access token was changed") from None


def _box(keys: KeyRing, presented: str, nonce: bytes, key_id: str) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(keys.mac(PURPOSE, presented.encode() + nonce + b"sealed", key_id))


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long codes and tokens live, in milliseconds."""

    code_ms: int
    access_ms: int
    refresh_ms: int
    offline_ms: int
    grace_ms: int

    @classmethod
    def of(cls, settings: CoreSettings) -> Lifetimes:
        """Read them from the settings, which are in seconds."""
        oauth = settings.oauth
        return cls(
            code_ms=int(oauth.code_ttl_s * SECOND),
            access_ms=int(oauth.access_token_ttl_s * SECOND),
            refresh_ms=int(oauth.refresh_token_ttl_s * SECOND),
            offline_ms=int(oauth.offline_refresh_token_ttl_s * SECOND),
            grace_ms=int(oauth.refresh_grace_s * SECOND),
        )

    def access_end(self, now: int, grant: Grant) -> int:
        """When an access token made at ``now`` ends; never after its grant."""
        return min(now + self.access_ms, grant.expires_at)

    def first_refresh_end(self, now: int, grant: Grant, scopes: Iterable[str]) -> int:
        """When the first refresh token of a family ends."""
        lifetime = self.offline_ms if OFFLINE_ACCESS in scopes else self.refresh_ms
        return min(now + lifetime, grant.expires_at)

    def next_refresh_end(self, now: int, grant: Grant, token: Token, scopes: Iterable[str]) -> int:
        """When the successor of ``token`` ends.

        With ``offline_access`` each rotation starts the time anew, up to the grant's end; without it the end
        stays where the code exchange put it (ASVS 10.4.8).
        """
        if OFFLINE_ACCESS in scopes:
            return min(now + self.offline_ms, grant.expires_at)
        return min(token.expires_at, grant.expires_at)
