"""Rows of tickets."""

from __future__ import annotations

from consentcore.api import OwnerTicket
from consentcore_sqlalchemy.rows.records import PROOF, Records
from consentcore_sqlalchemy.tables import owner_ticket

TICKETS = Records(OwnerTicket, owner_ticket.c, seal=PROOF)
