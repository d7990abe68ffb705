"""Data owners and what is theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.owner import Owner, OwnerIdentity, OwnerSession, OwnerTicket


class OwnerRepository(Protocol):
    """Data owners, their password hashes and their browser sessions."""

    def get(self, owner_id: str) -> Owner | None: ...

    def by_email(self, email: str) -> Owner | None:
        """Find by the normalised address."""
        ...

    def lock(self, owner_id: str) -> Owner | None:
        """Like :meth:`get`, and nobody else changes it before this transaction ends (or this one conflicts)."""
        ...

    def add(self, owner: Owner) -> None:
        """Store a new owner.

        :raises StorageConflict: when the id or the address is taken.
        """
        ...

    def update(self, owner: Owner) -> None:
        """Replace the owner of that id.

        :raises StorageConflict: when the address is another owner's.
        """
        ...

    def password_hash(self, owner_id: str) -> str | None: ...

    def set_password_hash(self, owner_id: str, encoded: str) -> None: ...

    def add_session(self, session: OwnerSession) -> None: ...

    def session(self, session_hash: bytes, now: int) -> OwnerSession | None:
        """The session if it has not run out at ``now``."""
        ...

    def sessions(self, owner_id: str, now: int) -> Sequence[OwnerSession]:
        """Sessions of an owner that have not run out at ``now``, newest first."""
        ...

    def touch_session(self, session_hash: bytes, seen_at: int) -> None:
        """Note when a session was last used; nothing happens when there is none."""
        ...

    def end_session(self, session_hash: bytes) -> bool: ...

    def end_sessions(self, owner_id: str, *, keep: bytes = b"") -> int:
        """End all sessions of an owner but the one stored under ``keep``; how many."""
        ...


class OwnerDirectory(Protocol):
    """What the :class:`OwnerRepository` of a storage can do besides whose plugin declares ``owner_list``."""

    def list(self, *, after: str = "", limit: int = 100) -> Sequence[Owner]:
        """Owners with an id greater than ``after``, by id; at most ``limit`` (1 to 1000)."""
        ...


class TicketRepository(Protocol):
    """What may be done once, such as what a mailed link is for."""

    def add(self, ticket: OwnerTicket) -> None:
        """Store a new ticket.

        :raises StorageConflict: when there is one under that hash.
        """
        ...

    def get(self, ticket_hash: bytes, now: int) -> OwnerTicket | None:
        """The ticket, used or not, unless its time is over at ``now``."""
        ...

    def use(self, ticket_hash: bytes, purpose: str, now: int) -> OwnerTicket | None:
        """Mark a ticket as used and return it as it is then; None when there is none of that purpose, its time is
        over at ``now``, or it was used before. Among simultaneous callers exactly one gets it."""
        ...

    def drop(self, owner_id: str, purposes: Iterable[str]) -> int:
        """Remove the tickets of an owner for these purposes, used or not; how many."""
        ...


class IdentityRepository(Protocol):
    """Who owners are at identity providers."""

    def get(self, issuer: str, subject: str) -> OwnerIdentity | None:
        """Find by issuer and subject, both compared byte for byte."""
        ...

    def add(self, identity: OwnerIdentity) -> None:
        """Store a new one.

        :raises StorageConflict: when issuer and subject are somebody's already.
        """
        ...

    def of_owner(self, owner_id: str) -> Sequence[OwnerIdentity]:
        """Identities of an owner, oldest first."""
        ...
