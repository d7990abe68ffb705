"""Rows of owners and of their browser sessions."""

from __future__ import annotations

from consentcore.api import Owner, OwnerSession
from consentcore_sqlalchemy.rows.records import PROOF, Records
from consentcore_sqlalchemy.tables import owner, owner_session

OWNER = tuple(column for column in owner.c if column.name != "password_hash")
OWNERS = Records(Owner, OWNER, seal=PROOF)
SESSIONS = Records(OwnerSession, owner_session.c, seal=PROOF)
