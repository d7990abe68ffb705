"""Who owners are at identity providers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.owner import OwnerIdentity


class IdentityRepository(Protocol):
    """Who owners are at identity providers. Purge leaves them."""

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

    def of_owners(self, owner_ids: Collection[str]) -> Sequence[OwnerIdentity]:
        """Identities of several owners, in any order. Only verification asks."""
        ...

    def drop(self, owner_id: str) -> int:
        """Remove the identities of an owner; how many there were."""
        ...
