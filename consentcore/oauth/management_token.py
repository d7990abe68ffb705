"""Access tokens for the grant management endpoint: the client's own, of no data owner.

They hang on no grant, so nothing is stored of one: it is what any process with the key ring knows again, for five
minutes, and only there. Whether its client may still do that is looked up each time it is used. So none can be revoked.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import astuple, dataclass
from hmac import compare_digest
from typing import TYPE_CHECKING

from consentcore.domain.clock import MINUTE
from consentcore.domain.errors import KeyUnavailable

if TYPE_CHECKING:
    from consentcore.ports.keys import KeyRing

PREFIX = "ccg_"
PURPOSE = "grant-management"
LIFE_MS = 5 * MINUTE
LONGEST = 2048
"""Characters."""


@dataclass(frozen=True, slots=True)
class ManagementToken:
    """What such a token says.

    :ivar expires_at: in milliseconds since the epoch.
    :ivar confirmation: the key that it is bound to, as tokens have it; "" for whoever has it.
    """

    client_id: str
    scopes: tuple[str, ...]
    expires_at: int
    confirmation: str = ""


def write(keys: KeyRing, token: ManagementToken) -> str:
    """The token in clear."""
    said = json.dumps([keys.current_id, secrets.token_urlsafe(16), *astuple(token)], separators=(",", ":"))
    return f"{PREFIX}{_text(said.encode())}.{_text(keys.mac(PURPOSE, said.encode()))}"


def read(keys: KeyRing, text: str, now: int) -> ManagementToken | None:
    """What a token says; None for one that is none of ours, or whose time is over.

    :param now: milliseconds since the epoch.
    """
    said, _, mac = text.removeprefix(PREFIX).partition(".")
    if not text.startswith(PREFIX) or len(text) > LONGEST or not text.isascii():
        return None
    try:
        written = _bytes(said)
        key_id, _, client_id, scopes, expires_at, confirmation = json.loads(written)
        if keys.revoked_at(key_id) or not compare_digest(keys.mac(PURPOSE, written, key_id), _bytes(mac)):
            return None
    except (ValueError, TypeError, RecursionError, KeyUnavailable):
        return None
    token = ManagementToken(client_id, tuple(scopes), expires_at, confirmation)
    return token if now < token.expires_at else None


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
