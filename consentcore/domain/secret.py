"""Bearer secrets: how codes, tokens and client secrets are made, recognised and hashed.

A secret is ``<prefix>_<43 characters><6 characters>``: 256 random bits and a CRC-32 of everything before,
both in base64url. The prefix lets secret scanners find it, the checksum lets them (and us, before any
look-up) tell a real one from noise. Only its SHA-256 is ever stored: at 256 bits of entropy a slow hash
would add cost and no strength (RFC 6749 section 10.10, RFC 9700 section 2).
"""

from __future__ import annotations

import hashlib
import os
import re
from binascii import b2a_base64, crc32

ACCESS = "cca"
REFRESH = "ccr"
CODE = "ccc"
CLIENT_SECRET = "ccs"
SESSION = "ccb"
INTERACTION = "cci"
TICKET = "cct"
REQUEST = "ccp"
REGISTRATION = "ccg"

_BODY = 43
_CHECK = 6
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_SHAPE = re.compile(r"(cc[abcgiprst])_[A-Za-z0-9_-]{49}", re.ASCII)


def mint(prefix: str) -> str:
    """Make a new secret of 256 random bits under one of the prefixes of this module."""
    return shape(prefix, os.urandom(32))


def shape(prefix: str, entropy: bytes) -> str:
    """Write 32 bytes as a secret. Used by :func:`mint` and for refresh successors, which are derived.

    :raises ValueError: for any other number of bytes.
    """
    if len(entropy) != 32:
        raise ValueError(f"a secret carries 32 bytes, not {len(entropy)}")
    body = b"%b_%b" % (prefix.encode(), _base64(entropy)[:_BODY])
    return (body + _checksum(body)).decode()


def looks_like(prefix: str, text: str) -> bool:
    """Tell whether ``text`` has the prefix, the length, the alphabet and the checksum of a secret."""
    match = _SHAPE.fullmatch(text)
    if match is None or match[1] != prefix:
        return False
    raw = text.encode()
    return _checksum(raw[:-_CHECK]) == raw[-_CHECK:]


def digest(text: str) -> bytes:
    """Return the 32 bytes under which a secret is stored."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _checksum(body: bytes) -> bytes:
    return _base64(crc32(body).to_bytes(4, "big"))[:_CHECK]


def _base64(raw: bytes) -> bytes:
    return b2a_base64(raw, newline=False).translate(_URL_SAFE)
