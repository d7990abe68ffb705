"""Who owners are at identity providers, inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from consentcore.api import OwnerIdentity
from consentcore_memory.engine import Session


class MemoryIdentities:
    """:class:`consentcore.api.IdentityRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, issuer: str, subject: str) -> OwnerIdentity | None:
        return self._session.state.identities.get((issuer, subject))

    def add(self, identity: OwnerIdentity) -> None:
        key = (identity.issuer, identity.subject)
        if key in self._session.draft.identities:
            raise self._session.collision("issuer and subject are somebody's already")
        self._session.draft.identities.put(key, identity)

    def of_owner(self, owner_id: str) -> Sequence[OwnerIdentity]:
        rows = (row for row in self._session.state.identities.values() if row.owner_id == owner_id)
        return sorted(rows, key=lambda row: (row.created_at, row.issuer, row.subject))

    def of_owners(self, owner_ids: Collection[str]) -> Sequence[OwnerIdentity]:
        wanted = frozenset(owner_ids)
        return [row for row in self._session.state.identities.values() if row.owner_id in wanted]

    def drop(self, owner_id: str) -> int:
        rows = self.of_owner(owner_id)
        return self._session.draft.identities.drop([(row.issuer, row.subject) for row in rows])
