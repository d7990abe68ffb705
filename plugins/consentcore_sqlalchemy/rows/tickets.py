"""Rows of tickets."""

from __future__ import annotations

from consentcore.api import OwnerTicket
from consentcore_sqlalchemy.rows.common import Row, Values


def ticket_values(ticket: OwnerTicket) -> Values:
    """Columns of a ticket."""
    return {
        "ticket_hash": ticket.ticket_hash,
        "purpose": ticket.purpose,
        "owner_id": ticket.owner_id,
        "created_at": ticket.created_at,
        "expires_at": ticket.expires_at,
        "payload": ticket.payload,
        "used_at": ticket.used_at,
    }


def ticket_from(row: Row) -> OwnerTicket:
    """Read a ticket."""
    return OwnerTicket(row[0], row[1], row[2], row[3], row[4], row[5], row[6])
