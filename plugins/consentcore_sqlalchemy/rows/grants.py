"""Rows of grants."""

from __future__ import annotations

from consentcore.api import Grant, GrantState
from consentcore_sqlalchemy.rows.common import Row, Values, texts, texts_json


def grant_values(grant: Grant) -> Values:
    """Columns of a grant."""
    return {
        "grant_id": grant.grant_id,
        "owner_id": grant.owner_id,
        "client_id": grant.client_id,
        "state": grant.state.value,
        "scopes": texts_json(grant.scopes),
        "created_at": grant.created_at,
        "changed_at": grant.changed_at,
        "expires_at": grant.expires_at,
        "resources": texts_json(grant.resources),
        "replaces": grant.replaces,
        "sequence": grant.sequence,
        "head": grant.head,
        "seal": grant.seal,
        "key_id": grant.key_id,
    }


def grant_from(row: Row) -> Grant:
    """Read a grant."""
    return Grant(
        grant_id=row[0],
        owner_id=row[1],
        client_id=row[2],
        state=GrantState(row[3]),
        scopes=texts(row[4]),
        created_at=row[5],
        changed_at=row[6],
        expires_at=row[7],
        resources=texts(row[8]),
        replaces=row[9],
        sequence=row[10],
        head=row[11],
        seal=row[12],
        key_id=row[13],
    )
