"""Rows of owners and of their browser sessions."""

from __future__ import annotations

from consentcore.api import Owner, OwnerSession
from consentcore_sqlalchemy.rows.common import Row, Values, texts, texts_json


def owner_values(owner: Owner) -> Values:
    """Columns of an owner, but for the password."""
    return {
        "owner_id": owner.owner_id,
        "email": owner.email,
        "created_at": owner.created_at,
        "name": owner.name,
        "locale": owner.locale,
        "timezone": owner.timezone,
        "previous_email": owner.previous_email,
        "email_changed_at": owner.email_changed_at,
    }


def owner_from(row: Row) -> Owner:
    """Read an owner."""
    return Owner(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7])


def session_values(session: OwnerSession) -> Values:
    """Columns of a browser session."""
    return {
        "session_hash": session.session_hash,
        "owner_id": session.owner_id,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
        "auth_time": session.auth_time,
        "acr": session.acr,
        "amr": texts_json(session.amr),
        "seen_at": session.seen_at,
        "address": session.address,
        "browser": session.browser,
    }


def session_from(row: Row) -> OwnerSession:
    """Read a browser session."""
    return OwnerSession(
        session_hash=row[0],
        owner_id=row[1],
        created_at=row[2],
        expires_at=row[3],
        auth_time=row[4],
        acr=row[5],
        amr=texts(row[6]),
        seen_at=row[7],
        address=row[8],
        browser=row[9],
    )
