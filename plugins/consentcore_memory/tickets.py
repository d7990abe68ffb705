"""Tickets of owners inside a transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from consentcore.api import OwnerTicket
from consentcore_memory.engine import Session


class MemoryTickets:
    """:class:`consentcore.api.TicketRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, ticket: OwnerTicket) -> None:
        if ticket.ticket_hash in self._session.draft.tickets:
            raise self._session.collision("there is a ticket under that hash already")
        self._session.draft.tickets.put(ticket.ticket_hash, ticket)

    def get(self, ticket_hash: bytes, now: int) -> OwnerTicket | None:
        found = self._session.state.tickets.get(ticket_hash)
        return found if found is not None and now < found.expires_at else None

    def use(self, ticket_hash: bytes, purpose: str, now: int, *, seal: bytes = b"") -> OwnerTicket | None:
        found = self._session.draft.tickets.get(ticket_hash)
        if found is None or found.purpose != purpose or found.used_at is not None or now >= found.expires_at:
            return None
        used = replace(found, used_at=now, seal=seal)
        self._session.draft.tickets.put(ticket_hash, used)
        return used

    def drop(self, owner_id: str, purposes: Iterable[str]) -> int:
        tickets, doomed = self._session.draft.tickets, frozenset(purposes)
        theirs = [row for row in tickets.values() if row.owner_id == owner_id and row.purpose in doomed]
        return tickets.drop([row.ticket_hash for row in theirs])
