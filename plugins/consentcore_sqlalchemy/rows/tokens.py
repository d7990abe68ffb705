"""Rows of codes, and tokens that are about to be stored."""

from __future__ import annotations

from dataclasses import fields

from consentcore.api import Code, NewToken
from consentcore_sqlalchemy.rows.common import Values, texts_json
from consentcore_sqlalchemy.rows.records import PROOF, Records
from consentcore_sqlalchemy.tables import code

CODE = tuple(code.c[each.name] for each in fields(Code))
"""Columns of table ``code`` that make a :class:`~consentcore.api.Code`; the others are its family's."""

CODES = Records(Code, CODE, family_proof=PROOF, seal=PROOF)


def code_values(item: Code) -> Values:
    """Columns of a code and its new family."""
    return {**CODES.values(item), "purge_at": item.expires_at, "ends_at": item.expires_at}


def new_token_values(token: NewToken, prefix: str) -> Values:
    """Parameters of a token about to be stored, by names that start with ``prefix``."""
    return {
        f"{prefix}_hash": token.token_hash,
        f"{prefix}_scopes": texts_json(token.scopes),
        f"{prefix}_expires_at": token.expires_at,
        f"{prefix}_audience": texts_json(token.audience),
        f"{prefix}_confirmation": token.confirmation,
        f"{prefix}_seal": token.seal or None,
        f"{prefix}_authorization_details": texts_json(token.authorization_details),
    }
