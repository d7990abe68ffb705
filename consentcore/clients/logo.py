"""The logo of an application: fetched once when it is registered, looked at, and served by us ever after.

Pages show it beside words that a person has to trust, so nothing of it is drawn by our server and nothing of it moves
or runs: three formats of pixels, told by their first bytes and not by what a server says, and none of SVG, which is a
document with scripts.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

from consentcore.domain.client import ClientLogo
from consentcore.domain.errors import InvalidInput
from consentcore.egress import EgressError

if TYPE_CHECKING:
    from consentcore.egress import EgressPolicy

MAX_BYTES = 60_000
"""Largest logo; less than what the guard of outgoing requests reads of an answer, so that none is cut off unseen."""
MAX_PIXELS = 1024
"""Longest side: a picture of 60 kB can claim to be as large as a wall, and a browser believes it."""
_END = b"\0\0\0\0IEND\xaeB`\x82"
"""The last chunk of PNG: a picture that was cut off lacks it."""
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers of JPEG whose segment holds the size (ITU-T T.81, table B.1)."""


def fetch_logo(egress: EgressPolicy, url: str, client_id: str, now: int) -> ClientLogo:
    """Fetch a logo and look at it. Never in a transaction: it asks a stranger's server.

    :param now: milliseconds since the epoch.
    :raises InvalidInput: field ``logo_url``, when it cannot be had or is no logo.
    """
    try:
        answer = egress.get(url, {"Accept": "image/png, image/webp, image/jpeg", "Connection": "close"})
    except EgressError as error:
        raise InvalidInput(
            "logo_url", f"expected a picture there, it could not be fetched: {error.error_class}"
        ) from None
    if answer.status != 200:
        raise InvalidInput("logo_url", f"expected a picture there, the answer was {answer.status}")
    return ClientLogo(client_id, check_logo(answer.body), answer.body, now)


def check_logo(content: bytes) -> str:
    """The media type of a picture that may be shown.

    :raises InvalidInput: field ``logo_url``, when it is none of PNG, JPEG and WebP, moves, or is too large.
    """
    if len(content) > MAX_BYTES:
        raise InvalidInput("logo_url", "expected at most 60 kB")
    found = _png(content) or _webp(content) or _jpeg(content)
    if found is None:
        raise InvalidInput("logo_url", "expected a whole PNG, JPEG or WebP picture that does not move")
    kind, width, height = found
    if not (0 < width <= MAX_PIXELS and 0 < height <= MAX_PIXELS):
        raise InvalidInput(
            "logo_url", f"expected at most {MAX_PIXELS} by {MAX_PIXELS} pixels, not {width} by {height}"
        )
    return kind


def logo_digest(content: bytes) -> str:
    """What stands in :class:`~consentcore.domain.client.Client` and in the address of the logo."""
    return hashlib.sha256(content).hexdigest()[:16]


def _png(content: bytes) -> tuple[str, int, int] | None:
    """PNG specification, 5.2 and 11.2.2; its animation is a chunk acTL before the pixels."""
    if not content.startswith(_PNG) or content[12:16] != b"IHDR" or not content.endswith(_END):
        return None
    if b"acTL" in content.partition(b"IDAT")[0]:
        return None
    return "image/png", *struct.unpack(">II", content[16:24])


def _webp(content: bytes) -> tuple[str, int, int] | None:
    """RFC 9649, 2.4 to 2.7."""
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP" or len(content) < 30:
        return None
    if struct.unpack("<I", content[4:8])[0] + 8 > len(content):
        return None
    form, body = content[12:16], content[20:]
    if form == b"VP8X" and not body[0] & 0x02:
        width, height = (int.from_bytes(body[at : at + 3], "little") + 1 for at in (4, 7))
    elif form == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif form == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    else:
        return None
    return "image/webp", width, height


def _jpeg(content: bytes) -> tuple[str, int, int] | None:
    """ITU-T T.81, B.1.1 and B.2.2: segments, one of which is the head of the frame."""
    if not content.startswith(_JPEG) or not content.rstrip(b"\0").endswith(b"\xff\xd9"):
        return None
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if marker in _FRAMES:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return "image/jpeg", width, height
        at += 2 + max(length, 2)
    return None
