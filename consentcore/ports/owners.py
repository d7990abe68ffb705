"""Data owners and their browser sessions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.owner import Owner, OwnerSession


class OwnerRepository(Protocol):
    """Data owners, their password hashes and their browser sessions.

    Purge removes sessions whose time is over; until then a session is there until it is ended. It leaves the rest.
    """

    def get(self, owner_id: str) -> Owner | None:
        """The owner of that id."""
        ...

    def lock(self, owner_id: str) -> Owner | None:
        """Like :meth:`get`, and nobody else changes it before this transaction ends (or this one conflicts).

        Not a parameter of :meth:`get` as elsewhere: login plugins of the API 1.x call it.
        """
        ...

    def several(self, owner_ids: Collection[str]) -> Mapping[str, Owner]:
        """Those of these owners that there are, by id."""
        ...

    def by_email(self, email: str) -> Owner | None:
        """The owner with that address, which is normalised; compared letter by letter."""
        ...

    def add(self, owner: Owner) -> None:
        """Store a new owner.

        :raises StorageConflict: when the id or the address is taken.
        """
        ...

    def update(self, owner: Owner) -> None:
        """Replace the owner of that id, but for the password; nothing happens when there is none.

        :raises StorageConflict: when the address is another owner's.
        """
        ...

    def password_hash(self, owner_id: str) -> str | None:
        """What a login plugin has stored as the owner's password; None without one, and of an unknown owner."""
        ...

    def passwords(self, owner_ids: Collection[str]) -> Mapping[str, str]:
        """What :meth:`password_hash` says of several owners, by id; those without one are left out. Only verification
        asks."""
        ...

    def set_password_hash(self, owner_id: str, encoded: str) -> None:
        """Store a password hash in place of the one before, as the text that the login plugin made of it."""
        ...

    def add_session(self, session: OwnerSession) -> None:
        """Store a new session; its hash is of a fresh secret."""
        ...

    def session(self, session_hash: bytes, now: int) -> OwnerSession | None:
        """The session if it has not run out at ``now``."""
        ...

    def signed_in(self, session_hash: bytes, now: int) -> tuple[OwnerSession, Owner] | None:
        """The session and whose it is, in one read; None where :meth:`session` or :meth:`get` says None."""
        ...

    def sessions(self, owner_id: str, now: int) -> Sequence[OwnerSession]:
        """Sessions of an owner that have not run out at ``now``, newest first."""
        ...

    def touch_session(self, session_hash: bytes, seen_at: int) -> None:
        """Note when a session was last used; nothing happens when there is none."""
        ...

    def end_session(self, session_hash: bytes) -> bool:
        """Remove a session; False when there was none. It is dead in every process once this is committed."""
        ...

    def end_sessions(self, owner_id: str, *, keep: bytes = b"") -> int:
        """End all sessions of an owner but the one stored under ``keep``; how many. However many there are, they end
        with the commit of this transaction."""
        ...

    def list(self, *, after: str = "", limit: int = 100) -> Sequence[Owner]:
        """Owners with an id greater than ``after``, by id; at most ``limit`` (1 to 1000)."""
        ...
