"""Standard base64 (RFC 4648 section 4), read as strictly as it is written."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as BinasciiError

from consentcore.tlog.errors import BadNote

HASH_BYTES = 32


def encoded(data: bytes) -> str:
    """Write base64 with padding."""
    return b64encode(data).decode()


def decoded(text: str) -> bytes:
    """Read base64 that has one spelling only.

    :raises BadNote: for other alphabets, blanks, missing padding and bits that count for nothing.
    """
    try:
        data = b64decode(text.encode("ascii"), validate=True)
    except (BinasciiError, UnicodeEncodeError):
        raise BadNote("expected base64") from None
    if encoded(data) != text:
        raise BadNote("expected base64 in its one spelling")
    return data


def decoded_hash(text: str) -> bytes:
    """Read the base64 of a SHA-256 hash.

    :raises BadNote: when it is none.
    """
    data = decoded(text)
    if len(data) != HASH_BYTES:
        raise BadNote(f"expected a hash of {HASH_BYTES} bytes, not {len(data)}")
    return data


def decimal(text: str) -> int:
    """Read a number of ASCII digits without leading zeros, below 2^63.

    :raises BadNote: when it is none.
    """
    if not (text.isascii() and text.isdigit()) or (text[0] == "0" and text != "0") or len(text) > 19:
        raise BadNote("expected a decimal number without leading zeros")
    number = int(text)
    if number >= 1 << 63:
        raise BadNote("expected a number below 2^63")
    return number
