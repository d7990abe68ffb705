"""Tickets of owners inside a transaction."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, select, update

from consentcore.api import OwnerTicket
from consentcore_sqlalchemy.rows.tickets import TICKETS
from consentcore_sqlalchemy.tables import owner_ticket
from consentcore_sqlalchemy.work import Work


class SqlTickets:
    """:class:`consentcore.api.TicketRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, ticket: OwnerTicket) -> None:
        self._work.add(owner_ticket, TICKETS.values(ticket))

    def get(self, ticket_hash: bytes, now: int) -> OwnerTicket | None:
        live = owner_ticket.c.ticket_hash == ticket_hash, owner_ticket.c.expires_at > now
        row = self._work.first(select(owner_ticket).where(*live))
        return TICKETS.read(row) if row else None

    def use(self, ticket_hash: bytes, purpose: str, now: int, *, seal: bytes = b"") -> OwnerTicket | None:
        unused = (
            update(owner_ticket)
            .where(
                owner_ticket.c.ticket_hash == ticket_hash,
                owner_ticket.c.purpose == purpose,
                owner_ticket.c.expires_at > now,
                owner_ticket.c.used_at.is_(None),
            )
            .values(used_at=now, seal=seal or None)
            .returning(*owner_ticket.c)
        )
        rows = self._work.returning(unused)
        return TICKETS.read(rows[0]) if rows else None

    def drop(self, owner_id: str, purposes: Iterable[str]) -> int:
        theirs = owner_ticket.c.owner_id == owner_id, owner_ticket.c.purpose.in_(list(purposes))
        return self._work.write(delete(owner_ticket).where(*theirs))
