"""Pending authorization requests inside a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from consentcore.api import Interaction
from consentcore_memory.engine import Session


class MemoryInteractions:
    """:class:`consentcore.api.InteractionRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, interaction_hash: bytes) -> Interaction | None:
        return self._session.state.interactions.get(interaction_hash)

    def bind(
        self,
        interaction_hash: bytes,
        old_session: bytes,
        new_session: bytes,
        owner_id: str,
        *,
        seal: bytes = b"",
    ) -> bool:
        found = self._session.draft.interactions.get(interaction_hash)
        if found is None or found.session_hash != old_session:
            return False
        bound = replace(found, session_hash=new_session, owner_id=owner_id, seal=seal)
        self._session.draft.interactions.put(interaction_hash, bound)
        return True

    def consume(self, interaction_hash: bytes) -> bool:
        return self._session.draft.interactions.drop([interaction_hash]) == 1

    def expired(self, now: int, limit: int) -> Sequence[Interaction]:
        rows = (row for row in self._session.state.interactions.values() if row.expires_at <= now)
        return sorted(rows, key=lambda row: (row.expires_at, row.interaction_hash))[:limit]
