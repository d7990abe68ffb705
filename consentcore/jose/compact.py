"""Signed tokens in the compact form (RFC 7515 section 7.1): the header first and within bounds, then the signature.

Bounds come before anything is decoded (CVE-2025-61920), and headers that change what a signature means are refused
(``crit``, CVE-2025-59420; ``b64``). Which algorithm may check is for the caller and its keys to say, never for the
token alone (CVE-2024-37568; RFC 8725 section 3.1).
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from joserfc.jws import JWSRegistry

MAX_LENGTH = 8192
MAX_HEADER = 1024
_MAX_MEMBERS = 32
_MAX_NESTED = 32
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_UNDERSTOOD_BY_NOBODY_HERE = frozenset({"crit", "b64"})
_ODD = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What a library may raise at something odd in a way that nobody has thought of."""


class MalformedJws(ValueError):
    """This is no signed token of the form that is wanted. The text says why, and holds nothing of the token."""


@dataclass(frozen=True, slots=True)
class CompactJws:
    """A signed token whose header was read. Nobody has checked its signature.

    :ivar text: the token as it came.
    :ivar algorithm: ``alg``, one of those that the caller accepts.
    :ivar kid: which key has signed it; None when it does not say.
    :ivar typ: as it is written; None when it does not say.
    :ivar header: all members.
    """

    text: str
    algorithm: str
    kid: str | None
    typ: str | None
    header: Mapping[str, Any]

    def of(self, text: str) -> CompactJws:
        """The same header on a token."""
        return CompactJws(text, self.algorithm, self.kid, self.typ, self.header)

    def unverified_payload(self) -> bytes:
        """What somebody claims, before anybody has checked it.

        :raises MalformedJws: when it is no base64url.
        """
        return _decoded(self.text.split(".")[1])


def read_compact(
    text: str,
    algorithms: Collection[str],
    *,
    max_length: int = MAX_LENGTH,
    max_header: int = MAX_HEADER,
    members: Set[str] | None = None,
) -> CompactJws:
    """Read the header of a compact JWS and judge it.

    All three parts have to be there (so no ``alg`` of ``none``, RFC 7518 section 3.6, and no detached payload,
    RFC 7515 appendix F), in base64url without padding (section 2). The header is a JSON object in UTF-8 in which no
    name stands twice (section 4); ``alg``, ``kid`` and ``typ`` are texts (sections 4.1.1, 4.1.4, 4.1.9).

    :param text: of anybody.
    :param algorithms: values of ``alg`` that are accepted.
    :param max_length: characters of the whole.
    :param max_header: characters of the encoded header.
    :param members: names that may stand in the header; None for all, except ``crit`` and ``b64`` (section 4.1.11,
        RFC 7797 section 6), which demand that they are understood.
    :raises MalformedJws: when it is not like that.
    """
    part = header_part(text, max_length)
    return read_header(part, algorithms, max_header=max_header, members=members).of(text)


def header_part(text: str, max_length: int = MAX_LENGTH) -> str:
    """The encoded header of a compact JWS that has all three parts, see :func:`read_compact`.

    :raises MalformedJws: when it is not of that form.
    """
    if len(text) > max_length or not _COMPACT.fullmatch(text):
        raise MalformedJws("it is no signed token")
    return text.partition(".")[0]


def read_header(
    part: str, algorithms: Collection[str], *, max_header: int = MAX_HEADER, members: Set[str] | None = None
) -> CompactJws:
    """Judge an encoded header by itself; the rest is that of :func:`read_compact`. What comes of it is of no token yet.

    :raises MalformedJws: see there.
    """
    if len(part) > max_header:
        raise MalformedJws("its header is too long")
    header = _object(_decoded(part))
    if not _UNDERSTOOD_BY_NOBODY_HERE.isdisjoint(header):
        raise MalformedJws("its header demands what is not understood here")
    if members is not None and not header.keys() <= members:
        raise MalformedJws("its header has members that have no place there")
    texts = [_text(header, name) for name in ("alg", "kid", "typ")]
    algorithm, kid, typ = texts
    if algorithm is None or algorithm not in algorithms:
        raise MalformedJws("it is signed by an algorithm that is not accepted")
    return CompactJws("", algorithm, kid, typ, header)


def verified_payload(jws: CompactJws, key: Any, rules: JWSRegistry) -> bytes | None:
    """The payload, if the key has signed it by the algorithm that the header names; else None.

    :param key: one of joserfc.
    :param rules: of :func:`consentcore.jose.rules.registry`.
    """
    from joserfc.errors import JoseError
    from joserfc.jws import deserialize_compact

    try:
        return deserialize_compact(jws.text, key, [jws.algorithm], rules).payload
    except (JoseError, *_ODD):
        return None


def _decoded(part: str) -> bytes:
    try:
        return urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise MalformedJws("it is no base64url") from None


def _object(text: bytes) -> dict[str, Any]:
    if text.count(b"[") + text.count(b"{") > _MAX_NESTED:
        raise MalformedJws("its header is nested too deep")
    try:
        header = _DECODER.decode(text.decode("utf-8"))
    except (ValueError, RecursionError):
        raise MalformedJws("its header is no JSON object in which each name stands once") from None
    if not isinstance(header, dict) or len(header) > _MAX_MEMBERS:
        raise MalformedJws(f"its header is no JSON object of at most {_MAX_MEMBERS} members")
    return header


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of a JSON object.

    :raises ValueError: a name stands twice (RFC 7515 section 4, RFC 7519 section 4).
    """
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice")
    return members


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=each_once, parse_constant=_no_number)
"""Made once: making one costs more than reading a header."""


def _text(header: Mapping[str, Any], name: str) -> str | None:
    if name not in header:
        return None
    value = header[name]
    if not isinstance(value, str):
        raise MalformedJws(f"{name} in its header is no text")
    return value
