"""Names and values as a request writes them, a form or JSON: split and decoded, and nothing judged but that.

:mod:`consentcore.oauth.parameters` has the rules of what may stand in them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from consentcore.oauth.errors import bad_request

MALFORMED = "expected percent-encoded UTF-8"
NO_STRING = "expected a string"

_REPEATED, _SHORT = frozenset({b"redirect_uri", b"scope"}), 512
"""Parameters that are no secret and of which there are few values, as long as these are short."""
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")

Pair = tuple[str, str, str]
"""Name, value, and what is wrong with it ("" when nothing is)."""


def form_pairs(raw: bytes) -> Iterator[Pair]:
    """Split ``application/x-www-form-urlencoded``."""
    for piece in raw.split(b"&"):
        if not piece:
            continue
        name, _, value = piece.partition(b"=")
        if b"%" not in piece and b"+" not in piece and piece.isascii():
            yield name.decode(), value.decode(), ""
        elif name in _REPEATED and len(value) <= _SHORT:
            yield _decoded_again(name, value)
        else:
            yield _decoded(name, value)


def _decoded(name: bytes, value: bytes) -> Pair:
    try:
        clear = _unescape(name)
    except ValueError:
        return "", "", MALFORMED  # nobody's name
    try:
        return clear, _unescape(value), ""
    except ValueError:
        return clear, "", MALFORMED


_decoded_again = lru_cache(maxsize=1024)(_decoded)


def _unescape(raw: bytes) -> str:
    if b"%" in raw:
        if _BROKEN_ESCAPE.search(raw):
            raise ValueError(MALFORMED)
        raw = unquote_to_bytes(raw.replace(b"+", b" "))
    else:
        raw = raw.replace(b"+", b" ")
    return raw.decode("utf-8")


def json_pairs(raw: bytes, repeatable: Container[str]) -> list[Pair]:
    """Read a JSON object. Gap 1: oauthlib takes no JSON, and a dict unchecked.

    :param repeatable: names whose value may be a list.
    :raises ProtocolError: 400 with ``invalid_request``, when it is none.
    """
    try:
        # A byte order mark may be passed over (RFC 8259 section 8.1). Numbers as floats: no known member is one, and
        # the digits of an int are bounded.
        found = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_Object, parse_int=float)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, _Object):
        raise bad_request("body: expected a JSON object in UTF-8")
    return member_pairs(found, repeatable)


def member_pairs(members: Iterable[tuple[str, object]], repeatable: Container[str]) -> list[Pair]:
    """The members of an object as pairs.

    :param repeatable: names whose value may be a list.
    """
    pairs: list[Pair] = []
    for name, value in members:
        if name in repeatable and isinstance(value, list) and not isinstance(value, _Object):
            pairs += [_member(name, one) for one in value]
        else:
            pairs.append(_member(name, value))
    return pairs


def _member(name: str, value: object) -> Pair:
    if isinstance(value, str) or value is None:
        return name, value or "", ""
    return name, "", NO_STRING


class _Object(list[tuple[str, object]]):
    """The members of a JSON object in order, so that one that comes twice is seen."""
