"""Values in the lines of a bundle: of the kind that ``docs/evidence.md`` says, or refused."""

from __future__ import annotations

import re
from typing import Any

from consentcore.consent.bundle.lines import BadLine
from consentcore.domain.json_text import is_unicode
from consentcore.tlog.base64 import decoded_hash

MOST_HASHES = 64
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_HEX_HASH = re.compile("[0-9a-f]{64}")


def number(value: object) -> int:
    """A whole number from 0 to 2^53 - 1, however JSON spells it: ``1``, ``1.0`` and ``1e0`` are one to many readers.

    :raises BadLine: when it is none. ``true`` is none, though Python counts it as 1.
    """
    found = int(value) if isinstance(value, float) and value.is_integer() else value
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < 1 << 53:
        raise BadLine("expected a whole number")
    return found


def text(value: object) -> str:
    """A text that has a form in UTF-8: JSON can name half a surrogate pair.

    :raises BadLine: when it is none.
    """
    if not isinstance(value, str) or not is_unicode(value):
        raise BadLine("expected a text")
    return value


def time(value: object) -> str:
    """A date and time of RFC 3339, in its upper-case spelling.

    :raises BadLine: when it is none.
    """
    if not _TIME.fullmatch(text(value)):
        raise BadLine("expected a time with an offset, such as 2026-05-03T10:00:00Z")
    return text(value)


def array(value: object) -> list[Any]:
    """An array: neither a text nor an object, which Python would run through as well.

    :raises BadLine: when it is none.
    """
    if not isinstance(value, list):
        raise BadLine("expected an array")
    return value


def members(value: object) -> dict[str, Any]:
    """An object.

    :raises BadLine: when it is none.
    """
    if not isinstance(value, dict):
        raise BadLine("expected an object")
    return value


def boolean(value: object) -> bool:
    """True or false.

    :raises BadLine: when it is neither.
    """
    if not isinstance(value, bool):
        raise BadLine("expected true or false")
    return value


def hex_hash(value: object) -> bytes:
    """32 bytes, written as 64 hexadecimal digits in lower case.

    :raises BadLine: when it is something else.
    """
    if not _HEX_HASH.fullmatch(text(value)):
        raise BadLine("expected a hash in hexadecimal digits")
    return bytes.fromhex(text(value))


def hashes(proof: object) -> list[bytes]:
    """The hashes of a proof.

    :raises BadLine, BadNote: when it is none.
    """
    if len(array(proof)) > MOST_HASHES:
        raise BadLine("expected a proof: a list of at most 64 hashes in base64")
    return [decoded_hash(text(one)) for one in array(proof)]
