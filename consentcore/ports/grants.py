"""Grants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.grant import Grant
    from consentcore.domain.grant_states import GrantState


class GrantRepository(Protocol):
    """Grants. A row changes only together with its chain, see ``consent/service.py``."""

    def get(self, grant_id: str) -> Grant | None: ...

    def lock(self, grant_id: str) -> Grant | None:
        """Like :meth:`get`, and nobody else changes it before this transaction ends (or this one conflicts)."""
        ...

    def lock_active(self, owner_id: str, client_id: str) -> Grant | None:
        """The one grant in state ACTIVE (even one whose time is over) of the two, locked."""
        ...

    def latest_ended(self, owner_id: str, client_id: str) -> Grant | None:
        """The grant of the two that ended last (withdrawn, closed, revoked or expired)."""
        ...

    def add(self, grant: Grant) -> None:
        """Store a new grant.

        :raises StorageConflict: on a second ACTIVE one of the same owner and client.
        """
        ...

    def update(self, grant: Grant, *, expected_sequence: int) -> None:
        """Replace the row whose sequence is ``expected_sequence``.

        :raises StorageConflict: when it is not.
        """
        ...

    def of_owner(
        self, owner_id: str, states: Iterable[GrantState], *, after: str = "", limit: int = 100
    ) -> Sequence[Grant]:
        """Grants of an owner in some states, the one changed last first. ``after``: the last id of the page before."""
        ...

    def of_client(
        self, client_id: str, states: Iterable[GrantState], *, after: str = "", limit: int = 100
    ) -> Sequence[Grant]:
        """Grants of a client in some states, by id."""
        ...

    def all(self, *, after: str = "", limit: int = 500) -> Sequence[Grant]:
        """Every grant by id, for verification and export."""
        ...

    def due(self, now: int, limit: int) -> Sequence[Grant]:
        """ACTIVE grants whose time is over, and ACTIVE grants of disabled clients (not: of suspended ones); oldest end
        first."""
        ...
