"""What one read finds for a token: the value that its rows make."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from consentcore.api import Token, TokenKind, TokenLookup
from consentcore_sqlalchemy import statements as sql
from consentcore_sqlalchemy.rows.clients import Asking
from consentcore_sqlalchemy.rows.common import Row, texts
from consentcore_sqlalchemy.rows.grants import GRANTS
from consentcore_sqlalchemy.rows.records import named

_TOKEN = len(sql.TOKEN)
_FAMILY = _TOKEN + len(sql.FAMILY)
_GRANT = _FAMILY + len(sql.GRANT)
_TokenRow = named(sql.TOKEN)
FamilyRow = named(sql.FAMILY)


def token_lookup(asking: Asking, rest: Row) -> TokenLookup:
    """Make a look-up of who asks and the columns that come after those of a client."""
    client = asking.client
    family = FamilyRow._make(rest[_TOKEN:_FAMILY])
    if family.grant_id is None:  # no such token, or one whose family is gone for good
        return TokenLookup(client)
    grant = rest[_FAMILY:_GRANT]
    return TokenLookup(
        client,
        token_from(rest[:_TOKEN], family),
        GRANTS.read(grant) if grant[0] is not None else None,
        family.killed_at,
        bool(rest[_GRANT]),
        family.family_proof or b"",
        family.created_at,
    )


# Keyed by everything that was read, as clients are: an API asks about the same access token again and again, and gets
# the very same value as long as no row of it was changed. A refresh token comes once.
lookup_again = lru_cache(maxsize=2000)(token_lookup)


def token_from(row: Row, family: Any) -> Token:
    """Make a token of its row and that of its family, in the order of the columns of each."""
    found = _TokenRow._make(row)
    latest = family.rotated_hash is not None and family.rotated_hash == found.token_hash
    return Token(
        token_hash=found.token_hash,
        kind=TokenKind(found.kind),
        family_id=found.family_id,
        grant_id=family.grant_id,
        client_id=family.client_id,
        scopes=texts(found.scopes),
        created_at=found.created_at,
        expires_at=found.expires_at,
        rotated_at=found.rotated_at,
        nonce=family.nonce if latest else None,
        nonce_key_id=family.nonce_key_id if latest and family.nonce is not None else "",
        audience=texts(found.audience),
        auth_time=family.auth_time,
        acr=family.acr,
        confirmation=found.confirmation,
        seal=found.seal or b"",
        authorization_details=texts(found.authorization_details),
    )
