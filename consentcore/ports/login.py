"""The login port: who is this data owner?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.ports.storage import UnitOfWork


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """What somebody typed. ``remote_addr`` is the client's address as the server trusts it."""

    email: str
    password: str
    remote_addr: str
    now: int


@dataclass(frozen=True, slots=True)
class Authenticated:
    """It is this owner. ``acr`` and ``amr`` as in OpenID Connect Core section 2 and RFC 8176."""

    owner_id: str
    acr: str
    amr: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Unknown owner or wrong password; the two are never told apart, in words or in time."""


@dataclass(frozen=True, slots=True)
class Throttled:
    """Too many failures; try again after ``retry_after_s`` seconds."""

    retry_after_s: int


LoginOutcome = Authenticated | Refused | Throttled


class LoginProvider(Protocol):
    """Checks credentials and stores them."""

    def authenticate(self, attempt: LoginAttempt) -> LoginOutcome:
        """Check e-mail and password. Runs outside any transaction; a success is never throttled."""
        ...

    def set_password(self, uow: UnitOfWork, owner_id: str, password: str) -> None:
        """Store a password. :raises InvalidInput: when it is too short, too long or too common."""
        ...
