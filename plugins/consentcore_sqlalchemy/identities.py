"""Who owners are at identity providers, inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import delete, select

from consentcore.api import OwnerIdentity
from consentcore_sqlalchemy.rows.identities import IDENTITIES
from consentcore_sqlalchemy.tables import owner_identity
from consentcore_sqlalchemy.work import Work

TOGETHER = 500
"""Owners in one statement."""


class SqlIdentities:
    """:class:`consentcore.api.IdentityRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, issuer: str, subject: str) -> OwnerIdentity | None:
        same = owner_identity.c.issuer == issuer, owner_identity.c.subject == subject
        row = self._work.first(select(owner_identity).where(*same))
        return IDENTITIES.read(row) if row else None

    def add(self, identity: OwnerIdentity) -> None:
        self._work.add(owner_identity, IDENTITIES.values(identity))

    def of_owner(self, owner_id: str) -> Sequence[OwnerIdentity]:
        theirs = (
            select(owner_identity)
            .where(owner_identity.c.owner_id == owner_id)
            .order_by(owner_identity.c.created_at, owner_identity.c.issuer, owner_identity.c.subject)
        )
        return [IDENTITIES.read(row) for row in self._work.rows(theirs)]

    def of_owners(self, owner_ids: Collection[str]) -> Sequence[OwnerIdentity]:
        wanted = list(owner_ids)
        found: list[OwnerIdentity] = []
        for start in range(0, len(wanted), TOGETHER):
            theirs = owner_identity.c.owner_id.in_(wanted[start : start + TOGETHER])
            found += map(IDENTITIES.read, self._work.rows(select(owner_identity).where(theirs)))
        return found

    def drop(self, owner_id: str) -> int:
        return self._work.write(delete(owner_identity).where(owner_identity.c.owner_id == owner_id))
