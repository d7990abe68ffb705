"""Public keys of strangers (RFC 7517): what is taken, and what is refused, before any library sees it.

A key that is secret, symmetric, weak, or so large that checking one signature costs a fortune never becomes one of
ours.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    VerifyingKey = ECKey | OKPKey | RSAKey

SECRET_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members that no public key has."""
ED25519 = frozenset({"EdDSA", "Ed25519"})
"""The two names of the one algorithm (RFC 8037, RFC 9864)."""
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_RSA_BITS = range(2048, 8193)
_MAX_EXPONENT_BITS = 32
_THUMBPRINT_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}


def verifying_key(member: Mapping[str, Any]) -> tuple[frozenset[str], VerifyingKey] | None:
    """Make a key that checks signatures.

    :param member: a JWK; whether it is said to be for signatures is for the caller to look at.
    :returns: the algorithms whose signatures it may check, and the key; None when it is none of EC P-256, Ed25519, or
        RSA of 2048 to 8192 bits with an exponent of at most 32, or when it is not well made.
    """
    kind = member.get("kty")
    return _READERS.get(kind, lambda _: None)(member) if isinstance(kind, str) else None


def thumbprint(member: Mapping[str, Any]) -> str:
    """The SHA-256 thumbprint of a key (RFC 7638), in base64url.

    :param member: a JWK of which :func:`verifying_key` has made a key.
    """
    names = _THUMBPRINT_MEMBERS[member["kty"]]
    text = json.dumps({name: member[name] for name in names}, separators=(",", ":"), sort_keys=True)
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def _ec(member: Mapping[str, Any]) -> tuple[frozenset[str], ECKey] | None:
    from joserfc.jwk import ECKey

    if member.get("crv") != "P-256":
        return None
    key = _imported(ECKey, member, ("crv", "x", "y"))
    return (frozenset({"ES256"}), key) if key else None


def _okp(member: Mapping[str, Any]) -> tuple[frozenset[str], OKPKey] | None:
    from joserfc.jwk import OKPKey

    if member.get("crv") != "Ed25519":
        return None
    key = _imported(OKPKey, member, ("crv", "x"))
    return (ED25519, key) if key else None


def _rsa(member: Mapping[str, Any]) -> tuple[frozenset[str], RSAKey] | None:
    from joserfc.jwk import RSAKey

    # A huge exponent would make each check of a signature as dear as the making of one.
    if _bits(member.get("n")) not in _RSA_BITS or _bits(member.get("e")) > _MAX_EXPONENT_BITS:
        return None
    key = _imported(RSAKey, member, ("n", "e"))
    return (frozenset({"PS256", "RS256"}), key) if key else None


def _bits(number: object) -> int:
    """Size of a Base64urlUInt (RFC 7518 section 2); 0 when it is none."""
    if not isinstance(number, str) or len(number) > 2000 or not _BASE64URL.fullmatch(number):
        return 0
    try:
        return int.from_bytes(urlsafe_b64decode(number + "=" * (-len(number) % 4))).bit_length()
    except ValueError:
        return 0


def _imported(kind: Any, member: Mapping[str, Any], names: Sequence[str]) -> Any:
    values = {name: member.get(name) for name in names}
    if not all(
        isinstance(value, str) and (name == "crv" or _BASE64URL.fullmatch(value))
        for name, value in values.items()
    ):
        return None
    from joserfc.errors import JoseError

    try:
        key = kind.import_key({"kty": member["kty"], **values})
        _ = key.public_key
    except (JoseError, ValueError, TypeError):
        return None  # such as a point that is not on the curve
    return key


_READERS: Mapping[str, Any] = {"EC": _ec, "OKP": _okp, "RSA": _rsa}
