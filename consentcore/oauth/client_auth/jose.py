"""JWTs of clients (RFC 7515, RFC 7519): read within bounds, and their signatures checked by joserfc.

Bounds come first, so that nothing large is decoded (CVE-2025-61920), and headers that change what a signature means
are refused (``crit``, CVE-2025-59420). Which algorithm may check is decided by the key, never by the token
(CVE-2024-37568), and only among :data:`~consentcore.oauth.client_auth.key_set.ALGORITHMS`: no ``none``, no HMAC.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consentcore.domain.json_text import read_json
from consentcore.jose.rules import registry
from consentcore.oauth.client_auth.key_set import ALGORITHMS

if TYPE_CHECKING:
    from consentcore.oauth.client_auth.key_set import PublicKey

MAX_LENGTH = 8192
_MAX_HEADER = 1024
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_TYPES = (None, "jwt", "client-authentication+jwt")
"""What ``typ`` may say: nothing, what RFC 7519 suggests, or what the revision of RFC 7523 asks for."""


@dataclass(frozen=True, slots=True)
class Jwt:
    """A JWT whose signature nobody has checked.

    :ivar kid: "" when the header names none.
    """

    text: str
    algorithm: str
    kid: str
    claims: Mapping[str, Any]


def parse(text: str) -> Jwt | None:
    """Read a compact JWS; None when it is none, is too large, or has a header that is not acceptable."""
    if len(text) > MAX_LENGTH or not _COMPACT.fullmatch(text):
        return None
    first, second, _ = text.split(".")
    header, claims = _decoded(first, _MAX_HEADER), _decoded(second, MAX_LENGTH)
    if header is None or claims is None or not {"crit", "b64"}.isdisjoint(header):
        return None
    algorithm, kid, typ = header.get("alg"), header.get("kid", ""), header.get("typ")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS or not isinstance(kid, str):
        return None
    if not isinstance(typ, str | None) or (typ.lower() if typ else typ) not in _TYPES:
        return None
    return Jwt(text, algorithm, kid, claims)


def is_signed(jwt: Jwt, keys: Sequence[PublicKey]) -> bool:
    """Whether one of the keys that the header may mean has signed it.

    A key without a ``kid`` is tried whatever the header says: many clients name a thumbprint that their set lacks.
    """
    return any(_checks(jwt, key) for key in keys if may_mean(jwt, key))


def may_mean(jwt: Jwt, key: PublicKey) -> bool:
    """Whether the header's ``alg`` and ``kid`` can be those of the key."""
    return jwt.algorithm in key.algorithms and (not jwt.kid or key.kid in ("", jwt.kid))


def _checks(jwt: Jwt, key: PublicKey) -> bool:
    from joserfc.errors import JoseError
    from joserfc.jws import deserialize_compact

    rules = registry(ALGORITHMS, max_header=_MAX_HEADER, max_payload=MAX_LENGTH, any_header=True)
    try:
        deserialize_compact(jwt.text, key.key, [jwt.algorithm], rules)
    except (JoseError, ValueError, TypeError):
        return False
    return True


def _decoded(part: str, longest: int) -> dict[str, Any] | None:
    if len(part) > longest:
        return None
    try:
        found = read_json(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
