"""Codes and tokens."""

from __future__ import annotations

from consentcore.api import (
    Code,
    NewToken,
)
from consentcore_sqlalchemy.rows.common import Row, Values, texts, texts_json

CODE_COLUMNS = (
    "code_hash",
    "family_id",
    "grant_id",
    "client_id",
    "redirect_uri",
    "redirect_uri_given",
    "code_challenge",
    "scopes",
    "created_at",
    "expires_at",
    "used_at",
    "audience",
    "auth_time",
    "acr",
)
"""Columns of table ``code`` that make a :class:`~consentcore.api.Code`; the others are its family's."""


def code_values(code: Code) -> Values:
    """Columns of a code and its new family."""
    return {
        "code_hash": code.code_hash,
        "family_id": code.family_id,
        "grant_id": code.grant_id,
        "client_id": code.client_id,
        "redirect_uri": code.redirect_uri,
        "redirect_uri_given": code.redirect_uri_given,
        "code_challenge": code.code_challenge,
        "scopes": texts_json(code.scopes),
        "created_at": code.created_at,
        "expires_at": code.expires_at,
        "used_at": code.used_at,
        "audience": texts_json(code.audience),
        "auth_time": code.auth_time,
        "acr": code.acr,
        "purge_at": code.expires_at,
        "ends_at": code.expires_at,
    }


def code_from(row: Row) -> Code:
    """Read a code from :data:`CODE_COLUMNS`."""
    return Code(
        code_hash=row[0],
        family_id=row[1],
        grant_id=row[2],
        client_id=row[3],
        redirect_uri=row[4],
        redirect_uri_given=bool(row[5]),
        code_challenge=row[6],
        scopes=texts(row[7]),
        created_at=row[8],
        expires_at=row[9],
        used_at=row[10],
        audience=texts(row[11]),
        auth_time=row[12],
        acr=row[13],
    )


def new_token_values(token: NewToken, prefix: str) -> Values:
    """Parameters of a token about to be stored, by names that start with ``prefix``."""
    return {
        f"{prefix}_hash": token.token_hash,
        f"{prefix}_scopes": texts_json(token.scopes),
        f"{prefix}_expires_at": token.expires_at,
        f"{prefix}_audience": texts_json(token.audience),
    }
