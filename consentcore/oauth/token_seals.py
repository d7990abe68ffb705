"""Which stored codes and tokens are ours.

A row in the store is good for something only with the seal that the exchange gave it, under bytes of its family that
are erased when the family is killed. Somebody who can write into the database, and has no key, makes no token that
works, gives none to somebody else, and brings none back that was used, rotated or revoked.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from consentcore.domain.token import NewToken, Token, TokenKind, TokenLookup
from consentcore.keys.seals import is_sealed, seal_of, with_seal

if TYPE_CHECKING:
    from consentcore.domain.exchange import Grace
    from consentcore.domain.token import Code, CodeLookup
    from consentcore.ports.keys import KeyRing

log = logging.getLogger("consentcore.oauth")


def sealed_token(
    keys: KeyRing, new: NewToken, source: Code | Token, proof: bytes, *, kind: TokenKind, now: int
) -> NewToken:
    """Seal a token that is about to be stored.

    :param source: the code or refresh token that is exchanged for it.
    :param proof: of its family.
    :param now: when it is stored, in milliseconds since the epoch.
    """
    return with_seal(new, seal_of(keys, new.stored(source, kind, now), proof))


def genuine_code(keys: KeyRing, lookup: CodeLookup) -> CodeLookup:
    """What was found, without a code that is not ours. One that was used is left: whoever sends it again is noticed."""
    code = lookup.code
    if code is None or code.used_at is not None or is_sealed(keys, code):
        return lookup
    log.error("the authorization code of family %s is not as we wrote it, and is refused", code.family_id)
    return replace(lookup, code=None, grant=None)


def is_genuine(keys: KeyRing, grace: Grace, proof: bytes) -> bool:
    """Whether what a rotation is said to have given out is ours, and of the family of that ``proof``."""
    return is_sealed(keys, grace.refresh, proof) and is_sealed(keys, grace.access, proof)


def genuine_token(keys: KeyRing, lookup: TokenLookup) -> TokenLookup:
    """What was found, without a token that is not ours. One that is dead anyway is left to be judged."""
    token = lookup.token
    if token is None or token.rotated_at is not None or lookup.family_killed_at is not None:
        return lookup
    if is_sealed(keys, token, lookup.family_proof):
        return lookup
    log.error("a token of family %s is not as we wrote it, and is refused", token.family_id)
    return TokenLookup(lookup.client)
