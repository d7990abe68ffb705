"""The public keys of a client (RFC 7517), by value or fetched: what is taken of a JWK set, and what is refused.

Of each key :mod:`consentcore.jose.public_key` judges.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from consentcore.domain.errors import InvalidInput
from consentcore.domain.json_text import read_json
from consentcore.jose.certificate import x5t_of
from consentcore.jose.public_key import ED25519, SECRET_MEMBERS, verifying_key

if TYPE_CHECKING:
    from consentcore.jose.public_key import VerifyingKey

ALGORITHMS = ("ES256", "EdDSA", "Ed25519", "PS256", "RS256")
"""Signatures that are accepted. All are asymmetric (so there is no confusion with HMAC, CVE-2024-37568). RS256 is the
default of most client libraries; FAPI 2.0 refuses it, and a profile would leave it out here."""
MAX_TEXT = 65_535
MAX_KEYS = 20
NO_KEY = "expected a signing key: EC P-256, Ed25519, or RSA of 2048 to 8192 bits"
_MAX_KID = 256
_MAX_CERTIFICATE = 16_384


@dataclass(frozen=True)
class PublicKey:
    """One key, and the algorithms whose signatures it may check.

    :ivar kid: "" when it has none.
    :ivar algorithms: empty where only its certificate counts.
    :ivar key: None there.
    :ivar x5t: the SHA-256 thumbprint of its certificate, the first of ``x5c`` (section 4.7), in base64url; "" without.
    """

    kid: str
    algorithms: frozenset[str]
    key: VerifyingKey | None
    x5t: str = ""


@lru_cache(maxsize=256)
def key_set(text: str) -> tuple[PublicKey, ...]:
    """Read a JWK set, as RFC 7517 section 5 wants it: keys of unknown types or for encryption are passed over.

    Several keys may have one ``kid`` (section 4.5): they are told apart by their algorithms, and else tried in turn.

    :raises InvalidInput: field ``jwks``: no JWK set, too large, a private or symmetric key in it, or no usable one.
    """
    keys = _members(text)
    found = [made for made in map(_public_key, keys) if made is not None]
    if not found:
        raise InvalidInput("jwks", NO_KEY)
    return tuple(found)


def check_key_set(text: str) -> None:
    """Hold a set that is registered by value against :func:`key_set`, and refuse what can only be a slip of the pen.

    :raises InvalidInput: field ``jwks``: see there; or two keys share a ``kid`` and an algorithm, or none signs.
    """
    if not any(key.algorithms for key in key_set(text)):
        raise InvalidInput("jwks", NO_KEY)
    names = [(key.kid, algorithm) for key in key_set(text) if key.kid for algorithm in key.algorithms]
    if len(set(names)) != len(names):
        raise InvalidInput("jwks", "expected every kid once for each algorithm")


def check_certificates(text: str) -> None:
    """Hold a set of certificates that is registered by value against :func:`key_set` (RFC 8705 section 2.2).

    :raises InvalidInput: field ``jwks``: see there; or a key comes without a certificate, or with what is none.
    """
    from cryptography.x509 import InvalidVersion, load_der_x509_certificate

    key_set(text)
    for member in _members(text):
        try:
            load_der_x509_certificate(_certificate(member))
        except (ValueError, InvalidVersion):
            raise InvalidInput("jwks", "expected x5c with a certificate in each key") from None


def _members(text: str) -> Sequence[Mapping[str, Any]]:
    expected = (
        f"expected a JWK set (RFC 7517 section 5) of 1 to {MAX_KEYS} keys, at most {MAX_TEXT} characters"
    )
    try:
        document = read_json(text) if len(text) <= MAX_TEXT else None
    except ValueError:
        document = None
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or not 1 <= len(keys) <= MAX_KEYS:
        raise InvalidInput("jwks", expected)
    if not all(isinstance(key, dict) for key in keys):
        raise InvalidInput("jwks", expected)
    found = [_without_nulls(key) for key in keys]
    for key in found:
        if key.get("kty") == "oct" or not SECRET_MEMBERS.isdisjoint(key):
            raise InvalidInput(
                "jwks", "expected public keys only: a private or symmetric key must not leave the client"
            )
    return found


def _without_nulls(key: Mapping[str, Any]) -> Mapping[str, Any]:
    """A member that is null is absent: many libraries write those that they have no value for."""
    return {name: value for name, value in key.items() if value is not None}


def _public_key(member: Mapping[str, Any]) -> PublicKey | None:
    kid, alg, operations = member.get("kid", ""), member.get("alg"), member.get("key_ops", ["verify"])
    usable = member.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations
    if not usable or not isinstance(kid, str) or len(kid) > _MAX_KID:
        return None
    certificate = _certificate(member)
    x5t = x5t_of(certificate) if certificate else ""
    made = verifying_key(member)
    algorithms, key = made if made is not None else (frozenset(), None)
    if alg is not None:
        algorithms = algorithms & _same_algorithm(alg)
    return PublicKey(kid, algorithms, key, x5t) if algorithms or x5t else None


def _certificate(member: Mapping[str, Any]) -> bytes:
    """The first certificate of ``x5c``, in DER; b"" without one, or when it is not well made."""
    chain = member.get("x5c")
    first = chain[0] if isinstance(chain, list) and chain else None
    if not isinstance(first, str) or len(first) > _MAX_CERTIFICATE:
        return b""
    try:
        return b64decode(first, validate=True)
    except ValueError:
        return b""


def _same_algorithm(alg: object) -> frozenset[str]:
    """EdDSA with Ed25519 has two names (RFC 8037, RFC 9864)."""
    if not isinstance(alg, str):
        return frozenset()
    return ED25519 if alg in ED25519 else frozenset({alg})
