"""Data owners and their browser sessions."""

from __future__ import annotations

from dataclasses import dataclass, field

ERASED_DOMAIN = "@erased.invalid"
"""What the address of an owner ends in who was erased (RFC 2606 section 2)."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The customer whose data it is. ``owner_id`` is random and is the only name used in evidence.

    :ivar previous_email: the address before the latest change; "" when there was none.
    :ivar email_changed_at: when that change took effect, milliseconds since the epoch.
    """

    owner_id: str
    email: str
    created_at: int
    name: str = ""
    locale: str = "en"
    timezone: str = "UTC"
    previous_email: str = ""
    email_changed_at: int | None = None
    seal: bytes = field(default=b"", compare=False, repr=False)

    @property
    def erased(self) -> bool:
        """Whether nothing is left but the random id that evidence names."""
        return self.email.endswith(ERASED_DOMAIN)


@dataclass(frozen=True, slots=True)
class OwnerSession:
    """A signed-in browser. Stored under ``session_hash`` = SHA-256 of what the cookie holds.

    :ivar seen_at: when it was last used, to the hour or so.
    :ivar address: the network that it signed in from,
        shortened.
    :ivar browser: the family name of the browser, without its version.
    """

    session_hash: bytes
    owner_id: str
    created_at: int
    expires_at: int
    auth_time: int
    acr: str = ""
    amr: tuple[str, ...] = ()
    seen_at: int = 0
    address: str = ""
    browser: str = ""
    seal: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OwnerTicket:
    """Something that may be done once, such as what a mailed link is for.

    Stored under ``ticket_hash`` = SHA-256 of what the link carries.

    :ivar purpose: what it is good for; a ticket never serves another purpose.
    :ivar payload: what the purpose needs besides, as the caller wrote it.
    :ivar used_at: when it was used; None while it was not.
    """

    ticket_hash: bytes
    purpose: str
    owner_id: str
    created_at: int
    expires_at: int
    payload: str = ""
    used_at: int | None = None
    seal: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OwnerIdentity:
    """Who an owner is at an identity provider: issuer and subject together name one person for ever
    (OpenID Connect Core section 5.7)."""

    issuer: str
    subject: str
    owner_id: str
    created_at: int
    seal: bytes = field(default=b"", compare=False, repr=False)
