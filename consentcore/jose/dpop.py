"""Proofs of possession (RFC 9449): read within bounds, held against the request that they came with.

Everything that costs little is looked at first; the one signature is checked last. Whether a proof was used before is
for the caller to say, who has somewhere to note it.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hmac import compare_digest
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from consentcore.hosts import normal_url
from consentcore.jose.compact import CompactJws, MalformedJws, header_part, read_header, verified_payload
from consentcore.jose.public_key import SECRET_MEMBERS, thumbprint, verifying_key
from consentcore.jose.rules import registry

if TYPE_CHECKING:
    from consentcore.jose.public_key import VerifyingKey

ALGORITHMS = ("ES256", "EdDSA", "Ed25519", "PS256")
"""Signatures of proofs that are accepted."""
OLDEST_S = 60
"""How old a proof may be, in seconds."""
AHEAD_S = 30
"""How far ahead a client's clock may be: FAPI 2.0 section 5.3.2.1 demands 10 s and forbids more than 60."""
_MAX_HEADER = 3072
"""Characters: an RSA key of 8192 bits, encoded twice, has 1,900."""
_LONGEST_JTI = 256
_UNESCAPED = re.compile(r"%(?![0-9A-Fa-f]{2})")


class InvalidProof(ValueError):
    """It proves nothing. The text says what was expected, and holds nothing of the proof."""


class NonceWanted(Exception):
    """The proof is sound but for its nonce: the client shall make another with the one that it is told."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a proof says.

    :ivar thumbprint: of the key that made it (RFC 7638).
    :ivar jti: its name, which no other proof of the key has.
    :ivar iat: when it was made, in seconds since the epoch.
    """

    thumbprint: str
    jti: str
    iat: float

    @property
    def expires_at(self) -> float:
        """From when on it is refused because of its age, in seconds since the epoch."""
        return self.iat + OLDEST_S + 1


@dataclass(frozen=True, slots=True)
class Expected:
    """What a proof has to fit.

    :ivar method: of the request.
    :ivar urls: of the request, as the client may know it, each without query and fragment.
    :ivar now: in seconds since the epoch.
    :ivar access_token: that comes with the request; None where none does.
    :ivar nonce: whether a nonce is one that was given out; None where none is demanded.
    :ivar decoded: whether the paths of ``urls`` came without their escapes, so that ``%2F`` and a slash are one.
    """

    method: str
    urls: tuple[str, ...]
    now: float
    access_token: str | None = None
    nonce: Callable[[str], bool] | None = None
    decoded: bool = False


def check_proof(text: str, expected: Expected) -> Proof:
    """Check a proof in all that section 4.3 names.

    :param text: the header field ``DPoP``.
    :raises InvalidProof: something does not fit.
    :raises NonceWanted: only the nonce does not.
    """
    jws, key, thumb = _read(text)
    claims = _claims(jws)
    problem = _problem(claims, expected)
    if problem:
        raise InvalidProof(problem)
    if expected.nonce is not None and not expected.nonce(_text(claims, "nonce")):
        raise NonceWanted
    if verified_payload(jws, key, registry(ALGORITHMS, max_header=_MAX_HEADER, any_header=True)) is None:
        raise InvalidProof("expected a signature by the key in its header")
    return Proof(thumb, claims["jti"], claims["iat"])


def ath(access_token: str) -> str:
    """The hash by which a proof names an access token (section 4.2)."""
    return urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()).rstrip(b"=").decode()


def _read(text: str) -> tuple[CompactJws, VerifyingKey, str]:
    try:
        jws, key, thumb = _key_of(header_part(text))
    except MalformedJws:
        raise InvalidProof(
            "expected one JWT with typ, alg and jwk in its header, signed by ES256, EdDSA or PS256"
        ) from None
    return jws.of(text), key, thumb


@lru_cache(maxsize=512)
def _key_of(part: str) -> tuple[CompactJws, VerifyingKey, str]:
    """What the encoded header of a proof says: remembered, because the next proof of a key has the same one, and making
    a key of a stranger's numbers takes nearly as long as checking a signature."""
    jws = read_header(part, ALGORITHMS, max_header=_MAX_HEADER)
    if jws.typ is None or jws.typ.lower() not in {"dpop+jwt", "application/dpop+jwt"}:
        raise InvalidProof("typ: expected dpop+jwt")
    jwk = jws.header.get("jwk")
    if not isinstance(jwk, dict) or jwk.get("kty") == "oct" or not SECRET_MEMBERS.isdisjoint(jwk):
        raise InvalidProof("jwk: expected the public key")
    made = verifying_key(jwk)
    if made is None or jws.algorithm not in made[0]:
        raise InvalidProof("jwk: expected a key of its alg: EC P-256, Ed25519, or RSA of 2048 to 8192 bits")
    return jws, made[1], thumbprint(jwk)


def _claims(jws: CompactJws) -> Mapping[str, Any]:
    try:
        payload = jws.unverified_payload()
        # A proof says a few texts and numbers; nothing of them is nested.
        claims = json.loads(payload) if payload.count(b"{") + payload.count(b"[") <= 8 else None
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise InvalidProof("expected claims as a flat JSON object")
    return claims


def _problem(claims: Mapping[str, Any], expected: Expected) -> str:
    """What does not fit, as the end of a sentence; "" when all does."""
    jti, iat = claims.get("jti"), claims.get("iat")
    if not isinstance(jti, str) or not 1 <= len(jti) <= _LONGEST_JTI:
        return f"jti: expected 1 to {_LONGEST_JTI} characters"
    if claims.get("htm") != expected.method:
        return "htm: expected the method of the request"
    if not _is_one_of(claims.get("htu"), expected.urls, decoded=expected.decoded):
        return "htu: expected the URL of the request, without query and fragment"
    if isinstance(iat, bool) or not isinstance(iat, int | float):
        return "iat: expected the time in seconds"
    if not expected.now - OLDEST_S <= iat <= expected.now + AHEAD_S:
        return f"iat: expected a time of the last {OLDEST_S} seconds"
    if expected.access_token is not None and not compare_digest(
        _text(claims, "ath").encode("utf-8", "surrogatepass"), ath(expected.access_token).encode()
    ):
        return "ath: expected the hash of the access token"
    return ""


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name, "")
    return value if isinstance(value, str) else ""


def _is_one_of(htu: object, urls: tuple[str, ...], *, decoded: bool) -> bool:
    if not isinstance(htu, str):
        return False
    wanted = comparable(htu)
    if decoded:
        wanted = wanted.replace("%2F", "/")  # what is written %252F keeps its sign
    return htu in urls or (wanted or "?") in map(comparable, urls)


def comparable(url: str) -> str:
    """A URL without query and fragment in the form in which two that are the same are equal (section 4.3, RFC 3986
    sections 6.2.2 and 6.2.3); "" for what is none."""
    try:
        bare = normal_url(url.partition("#")[0].partition("?")[0])
    except ValueError:
        return ""
    path = urlsplit(bare).path
    origin = bare.removesuffix(path) if path else bare
    if _UNESCAPED.search(path):
        return ""
    return origin + "/".join(
        unquote(part, "latin-1").replace("%", "%25").replace("/", "%2F") for part in (path or "/").split("/")
    )
