"""Rows of identities."""

from __future__ import annotations

from consentcore.api import OwnerIdentity
from consentcore_sqlalchemy.rows.records import PROOF, Records
from consentcore_sqlalchemy.tables import owner_identity

IDENTITIES = Records(OwnerIdentity, owner_identity.c, seal=PROOF)
