"""Data owners and their browser sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.owner import Owner, OwnerSession


class OwnerRepository(Protocol):
    """Data owners, their password hashes and their browser sessions."""

    def get(self, owner_id: str, *, lock: bool = False) -> Owner | None:
        """The owner of that id.

        :param lock: nobody else changes it before this transaction ends (or this one conflicts).
        """
        ...

    def by_email(self, email: str) -> Owner | None:
        """Find by the normalised address."""
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

    def password_hash(self, owner_id: str) -> str | None:
        """What :meth:`set_password_hash` stored for an owner; None when nothing was."""
        ...

    def set_password_hash(self, owner_id: str, encoded: str) -> None:
        """Store the encoded hash of an owner's password in place of the one before."""
        ...

    def add_session(self, session: OwnerSession) -> None:
        """Store a new session of a browser."""
        ...

    def session(self, session_hash: bytes, now: int) -> OwnerSession | None:
        """The session if it has not run out at ``now``."""
        ...

    def sessions(self, owner_id: str, now: int) -> Sequence[OwnerSession]:
        """Sessions of an owner that have not run out at ``now``, newest first."""
        ...

    def touch_session(self, session_hash: bytes, seen_at: int) -> None:
        """Note when a session was last used; nothing happens when there is none."""
        ...

    def end_session(self, session_hash: bytes) -> bool:
        """Remove a session; False when there was none."""
        ...

    def end_sessions(self, owner_id: str, *, keep: bytes = b"") -> int:
        """End all sessions of an owner but the one stored under ``keep``; how many. However many there are, they end
        with the commit of this transaction."""
        ...

    def list(self, *, after: str = "", limit: int = 100) -> Sequence[Owner]:
        """Owners with an id greater than ``after``, by id; at most ``limit`` (1 to 1000)."""
        ...
