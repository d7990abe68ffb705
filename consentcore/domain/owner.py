"""Data owners and their browser sessions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from consentcore.domain.errors import InvalidInput

_ADDRESS = re.compile(
    r"[^\s@\x00-\x1f\x7f<>(),;:\"\\\[\]]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
)


@dataclass(frozen=True, slots=True)
class Owner:
    """The customer whose data it is. ``owner_id`` is random and is the only name used in evidence."""

    owner_id: str
    email: str
    created_at: int
    name: str = ""
    locale: str = "en"
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class OwnerSession:
    """A signed-in browser. Stored under ``session_hash`` = SHA-256 of what the cookie holds."""

    session_hash: bytes
    owner_id: str
    created_at: int
    expires_at: int
    auth_time: int
    acr: str = ""
    amr: tuple[str, ...] = ()


def normalise_email(text: str) -> str:
    """Return the form under which an address is looked up: trimmed, lower case.

    :raises InvalidInput: when it is no mailbox address of at most 254 characters, or holds control characters.
    """
    address = text.strip()
    if len(address) > 254 or not _ADDRESS.fullmatch(address) or ".." in address:
        raise InvalidInput("email", "expected an address like ada@example.org")
    return address.lower()
