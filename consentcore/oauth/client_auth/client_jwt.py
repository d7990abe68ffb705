"""JWTs by which clients say who they are (RFC 7519, RFC 7523): read within bounds, checked against their keys.

Which algorithm may check is decided by the key, never by the token, and only among
:data:`~consentcore.oauth.client_auth.key_set.ALGORITHMS`: no ``none``, no HMAC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consentcore.domain.json_text import read_json
from consentcore.jose.compact import MAX_HEADER, MAX_LENGTH, read_compact, verified_payload
from consentcore.jose.rules import registry
from consentcore.oauth.client_auth.key_set import ALGORITHMS

if TYPE_CHECKING:
    from consentcore.jose.compact import CompactJws
    from consentcore.oauth.client_auth.key_set import PublicKey

_TYPES = (None, "jwt", "client-authentication+jwt")
"""What ``typ`` may say: nothing, what RFC 7519 suggests, or what the revision of RFC 7523 asks for."""


@dataclass(frozen=True, slots=True)
class Jwt:
    """A JWT whose signature nobody has checked."""

    jws: CompactJws
    claims: Mapping[str, Any]


def parse(text: str) -> Jwt | None:
    """Read a JWT; None when it is none, is too large, or has a header that is not acceptable."""
    try:
        jws = read_compact(text, ALGORITHMS)
        claims = read_json(jws.unverified_payload())
    except ValueError:
        return None
    if (jws.typ.lower() if jws.typ else jws.typ) not in _TYPES or not isinstance(claims, dict):
        return None
    return Jwt(jws, claims)


def is_signed(jwt: Jwt, keys: Sequence[PublicKey]) -> bool:
    """Whether one of the keys that the header may mean has signed it.

    A key without a ``kid`` is tried whatever the header says: many clients name a thumbprint that their set lacks.
    """
    return any(_checks(jwt, key) for key in keys if may_mean(jwt, key))


def named_key(jwt: Jwt, keys: Sequence[PublicKey]) -> PublicKey | None:
    """The one key that the header means; None where it could be none of them, or several."""
    meant = [key for key in keys if may_mean(jwt, key)]
    exact = [key for key in meant if jwt.jws.kid and key.kid == jwt.jws.kid]
    found = exact or meant
    return found[0] if len(found) == 1 else None


def may_mean(jwt: Jwt, key: PublicKey) -> bool:
    """Whether the header's ``alg`` and ``kid`` can be those of the key."""
    return jwt.jws.algorithm in key.algorithms and (not jwt.jws.kid or key.kid in ("", jwt.jws.kid))


def _checks(jwt: Jwt, key: PublicKey) -> bool:
    rules = registry(ALGORITHMS, max_header=MAX_HEADER, max_payload=MAX_LENGTH, any_header=True)
    return key.key is not None and verified_payload(jwt.jws, key.key, rules) is not None
