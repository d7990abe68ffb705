"""Distinguished names: as text (RFC 4514), as certificates have them, and whether two are the same (RFC 4517 section
4.2.15: the same relative names in the same order, whatever the case of letters, and however many blanks)."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from consentcore.domain.errors import InvalidInput

if TYPE_CHECKING:
    from cryptography.x509 import Name

FIELD = "tls_client_auth"
MAX_LENGTH = 1024
_EXPECTED = "expected a distinguished name as RFC 4514 writes it, such as CN=app,O=Cool,C=FR"
_TYPES = {
    "cn": "2.5.4.3",
    "sn": "2.5.4.4",
    "serialnumber": "2.5.4.5",
    "c": "2.5.4.6",
    "l": "2.5.4.7",
    "st": "2.5.4.8",
    "street": "2.5.4.9",
    "o": "2.5.4.10",
    "ou": "2.5.4.11",
    "title": "2.5.4.12",
    "businesscategory": "2.5.4.15",
    "postalcode": "2.5.4.17",
    "givenname": "2.5.4.42",
    "gn": "2.5.4.42",
    "organizationidentifier": "2.5.4.97",
    "dc": "0.9.2342.19200300.100.1.25",
    "uid": "0.9.2342.19200300.100.1.1",
    "emailaddress": "1.2.840.113549.1.9.1",
    "e": "1.2.840.113549.1.9.1",
    "jurisdictionc": "1.3.6.1.4.1.311.60.2.1.3",
    "jurisdictionst": "1.3.6.1.4.1.311.60.2.1.2",
    "jurisdictionl": "1.3.6.1.4.1.311.60.2.1.1",
}
"""Types by the names of RFC 4514 section 3, and by those that usual tools write, in lower case."""
_TYPE = re.compile(r" *(?:(?:OID\.)?([0-9]+(?:\.[0-9]+)+)|([A-Za-z][A-Za-z0-9-]*)) *= *", re.IGNORECASE)
_VALUE = re.compile(r'(?:[^\\",;+<>\x00-\x1f]|\\[0-9A-Fa-f]{2}|\\[ "#+,;<=>\\])*')
_ESCAPED = re.compile(rb'\\([0-9A-Fa-f]{2}|[ "#+,;<=>\\])')
_TEXTS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1C: "utf-32-be", 0x1E: "utf-16-be"}
"""Kinds of texts in DER (ITU-T X.690), and how their letters are written."""

DistinguishedName = tuple[frozenset[tuple[str, str]], ...]
"""Relative names, the most general one first; of each the types, as numbers, with comparable values."""


def read_name(text: str) -> DistinguishedName:
    """Read a name.

    :raises InvalidInput: it is none, is empty, or has a type that is not known by that name.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidInput(FIELD, f"expected at most {MAX_LENGTH} characters")
    found: list[frozenset[tuple[str, str]]] = []
    relative: list[tuple[str, str]] = []
    at, end = 0, len(text)
    while True:
        at = _read_pair(text, at, relative)
        if at < end and text[at] == "+":
            at += 1
            continue
        found.append(frozenset(relative))
        relative = []
        if at == end:
            return tuple(reversed(found))
        at += 1  # a comma, or the semicolon of older texts


def _read_pair(text: str, at: int, into: list[tuple[str, str]]) -> int:
    kind = _TYPE.match(text, at)
    if kind is None:
        raise InvalidInput(FIELD, _EXPECTED)
    number = kind[1] or _TYPES.get(kind[2].lower())
    if number is None:
        raise InvalidInput(FIELD, "expected types of RFC 4514 section 3, others as numbers")
    value = _VALUE.match(text, kind.end())
    assert value is not None, "it matches nothing, too"
    at = value.end()
    if at < len(text) and text[at] not in "+,;":
        raise InvalidInput(FIELD, _EXPECTED)
    into.append((number, _comparable(_clear(value[0]))))
    return at


def _clear(written: str) -> str:
    written = written.lstrip(" ")
    try:
        if written.startswith("#"):  # no text begins so: it would be escaped
            return _text_of_der(bytes.fromhex(written[1:]))
        clear = _ESCAPED.sub(_unescaped, written.encode()).decode()
    except (UnicodeError, ValueError):
        clear = ""
    if not clear.strip():
        raise InvalidInput(FIELD, _EXPECTED)
    return clear


def _unescaped(escape: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escape[1].decode()) if len(escape[1]) == 2 else escape[1]


def _text_of_der(encoded: bytes) -> str:
    """The text of a value whose encoding is written out (RFC 4514 section 2.4), which has less than 128 bytes here."""
    encoding = _TEXTS.get(encoded[0]) if len(encoded) > 2 else None
    if encoding is None or encoded[1] != len(encoded) - 2 or encoded[1] > 127:
        raise ValueError(_EXPECTED)
    return encoded[2:].decode(encoding)


def name_of(subject: Name) -> DistinguishedName:
    """The name in a certificate; values that are no text are like no other."""
    return tuple(
        frozenset(
            (one.oid.dotted_string, _comparable(one.value) if isinstance(one.value, str) else "")
            for one in relative
        )
        for relative in subject.rdns
    )


def _comparable(value: str) -> str:
    """Prepared for comparison (RFC 4518): one spelling of each letter, small, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())
