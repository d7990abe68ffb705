"""What owners may do once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.owner import OwnerTicket


class TicketRepository(Protocol):
    """What may be done once, such as what a mailed link is for.

    Purge removes tickets whose time is over, used or not, and no others.
    """

    def add(self, ticket: OwnerTicket) -> None:
        """Store a new ticket.

        :raises StorageConflict: when there is one under that hash.
        """
        ...

    def get(self, ticket_hash: bytes, now: int) -> OwnerTicket | None:
        """The ticket, used or not, unless its time is over at ``now``."""
        ...

    def use(self, ticket_hash: bytes, purpose: str, now: int, *, seal: bytes = b"") -> OwnerTicket | None:
        """Mark a ticket as used and return it as it is then; None when there is none of that purpose, its time is
        over at ``now``, or it was used before. Among simultaneous callers exactly one gets it.

        :param seal: takes the place of the one that it had: the seal of a ticket says whether it was used.
        """
        ...

    def drop(self, owner_id: str, purposes: Iterable[str]) -> int:
        """Remove the tickets of an owner for these purposes, used or not; how many."""
        ...
