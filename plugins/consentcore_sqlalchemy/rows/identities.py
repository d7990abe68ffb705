"""Rows of identities."""

from __future__ import annotations

from consentcore.api import OwnerIdentity
from consentcore_sqlalchemy.rows.common import Row, Values


def identity_values(identity: OwnerIdentity) -> Values:
    """Columns of an identity."""
    return {
        "issuer": identity.issuer,
        "subject": identity.subject,
        "owner_id": identity.owner_id,
        "created_at": identity.created_at,
    }


def identity_from(row: Row) -> OwnerIdentity:
    """Read an identity."""
    return OwnerIdentity(row[0], row[1], row[2], row[3])
