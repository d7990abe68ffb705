"""Grants."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.grant import Grant
    from consentcore.domain.grant_states import GrantState


class GrantRepository(Protocol):
    """Grants. A row changes only together with its chain, see ``consent/service.py``. None is ever removed, by
    purge neither.

    What is read with ``lock`` is not changed by anybody else before this transaction ends (or this one conflicts).
    """

    def get(self, grant_id: str, *, lock: bool = False) -> Grant | None:
        """The grant of that id."""
        ...

    def active_of(self, owner_id: str, client_id: str, *, lock: bool = False) -> Grant | None:
        """The one grant in state ACTIVE of the two, even one whose time is over.

        :param lock: may answer None while another transaction puts a successor in its place; whoever stores one too
            gets a conflict then.
        """
        ...

    def asked(self, owner_id: str, client_id: str) -> tuple[Client | None, Grant | None]:
        """The client of that id, enabled or not, and the one grant in state ACTIVE of the two, in one read: what
        :meth:`~consentcore.ports.clients.ClientRepository.get` and :meth:`active_of` say, without a lock."""
        ...

    def add(self, grant: Grant) -> None:
        """Store a new grant.

        :raises StorageConflict: when the id is taken, and on a second ACTIVE one of the same owner and client.
        """
        ...

    def update(self, grant: Grant, *, expected_sequence: int) -> None:
        """Replace the row whose sequence is ``expected_sequence``.

        :raises StorageConflict: when it is not, and where this made a second ACTIVE one of the same owner and client.
        """
        ...

    def of_owner(
        self,
        owner_id: str,
        states: Iterable[GrantState],
        *,
        client_id: str = "",
        after: str = "",
        limit: int = 100,
    ) -> Sequence[Grant]:
        """Grants of an owner in some states, the one changed last first (by ``changed_at``, then by id).

        :param client_id: when given, only those for this client.
        :param after: the last id of the page before; of an unknown one nothing follows.
        :param limit: at most so many, 1 to 1000.
        """
        ...

    def active_of_owners(self, owner_ids: Collection[str]) -> Sequence[Grant]:
        """Grants of several owners in state ACTIVE, in any order. Only verification asks."""
        ...

    def all(
        self,
        *,
        client_id: str = "",
        states: Iterable[GrantState] | None = None,
        after: str = "",
        limit: int = 500,
    ) -> Sequence[Grant]:
        """Grants with an id greater than ``after``, by id.

        :param client_id: when given, only those for this client.
        :param states: only those in these states; None is every state.
        :param limit: at most so many, 1 to 10,000.
        """
        ...

    def ending(self, behind: tuple[int, str], until: int, limit: int) -> Sequence[Grant]:
        """ACTIVE grants that end at or before ``until``, by their end and then by id.

        :param behind: end, in milliseconds, and id of the one that the answer begins behind; the id may be "".
        :param limit: at most so many, 1 to 1000.
        """
        ...

    def due(self, now: int, limit: int) -> Sequence[Grant]:
        """ACTIVE grants whose time is over at ``now``, oldest end first, at most ``limit``.

        Where the storage declares ``joins_client_state``, also ACTIVE grants of disabled clients (not: of suspended
        ones), in the same order.
        """
        ...
