"""Owners and their browser sessions inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from consentcore.api import Owner, OwnerSession
from consentcore_memory.engine import Session
from consentcore_memory.state import State


class MemoryOwners:
    """:class:`consentcore.api.OwnerRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, owner_id: str) -> Owner | None:
        return self._session.state.owners.get(owner_id)

    def lock(self, owner_id: str) -> Owner | None:
        return self._session.draft.owners.get(owner_id)

    def several(self, owner_ids: Collection[str]) -> Mapping[str, Owner]:
        kept = self._session.state.owners
        found = ((owner_id, kept.get(owner_id)) for owner_id in owner_ids)
        return {owner_id: one for owner_id, one in found if one is not None}

    def by_email(self, email: str) -> Owner | None:
        owner_id = self._session.state.addresses.get(email)
        return None if owner_id is None else self._session.state.owners.get(owner_id)

    def list(self, *, after: str = "", limit: int = 100) -> Sequence[Owner]:
        rows = (row for row in self._session.state.owners.values() if row.owner_id > after)
        return sorted(rows, key=lambda row: row.owner_id)[:limit]

    def add(self, owner: Owner) -> None:
        if owner.owner_id in self._session.draft.owners:
            raise self._session.collision(f"there is an owner {owner.owner_id!r} already")
        self._claim_address(owner)
        self._session.draft.owners.put(owner.owner_id, owner)

    def update(self, owner: Owner) -> None:
        before = self._session.draft.owners.get(owner.owner_id)
        if before is None:
            return
        if before.email != owner.email:
            self._claim_address(owner)
            self._session.draft.addresses.drop([before.email])
        self._session.draft.owners.put(owner.owner_id, owner)

    def password_hash(self, owner_id: str) -> str | None:
        return self._session.state.passwords.get(owner_id)

    def passwords(self, owner_ids: Collection[str]) -> Mapping[str, str]:
        found = ((owner_id, self.password_hash(owner_id)) for owner_id in owner_ids)
        return {owner_id: encoded for owner_id, encoded in found if encoded is not None}

    def set_password_hash(self, owner_id: str, encoded: str) -> None:
        self._session.draft.passwords.put(owner_id, encoded)

    def add_session(self, session: OwnerSession) -> None:
        self._session.draft.sessions.put(session.session_hash, session)

    def session(self, session_hash: bytes, now: int) -> OwnerSession | None:
        return live_session(self._session.state, session_hash, now)

    def signed_in(self, session_hash: bytes, now: int) -> tuple[OwnerSession, Owner] | None:
        session = self.session(session_hash, now)
        owner = self.get(session.owner_id) if session else None
        return (session, owner) if session and owner else None

    def sessions(self, owner_id: str, now: int) -> Sequence[OwnerSession]:
        rows = self._session.state.sessions.values()
        live = (row for row in rows if row.owner_id == owner_id and row.expires_at > now)
        return sorted(live, key=lambda row: (row.created_at, row.session_hash), reverse=True)

    def touch_session(self, session_hash: bytes, seen_at: int) -> None:
        found = self._session.draft.sessions.get(session_hash)
        if found is not None:
            self._session.draft.sessions.put(session_hash, replace(found, seen_at=seen_at))

    def end_session(self, session_hash: bytes) -> bool:
        return self._session.draft.sessions.drop([session_hash]) == 1

    def end_sessions(self, owner_id: str, *, keep: bytes = b"") -> int:
        sessions = self._session.draft.sessions
        theirs = (row.session_hash for row in sessions.values() if row.owner_id == owner_id)
        return sessions.drop([session_hash for session_hash in theirs if session_hash != keep])

    def _claim_address(self, owner: Owner) -> None:
        if owner.email in self._session.draft.addresses:
            raise self._session.collision("the address belongs to another owner")
        self._session.draft.addresses.put(owner.email, owner.owner_id)


def live_session(state: State, session_hash: bytes, now: int) -> OwnerSession | None:
    """Return the session if it has not run out at ``now``."""
    session = state.sessions.get(session_hash)
    return session if session is not None and now < session.expires_at else None
