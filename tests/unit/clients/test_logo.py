"""Which pictures may stand beside the name of an application."""

from __future__ import annotations

import base64
import struct
import zlib

import pytest

from consentcore.api import InvalidInput
from consentcore.clients.logo import MAX_BYTES, check_logo, fetch_logo
from consentcore.egress import EgressError, EgressResponse

URL = "https://coolsite.example/logo.png"


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int = 1, height: int = 1, *more: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0" + b"\0" * 3 * width))
    return b"".join((b"\x89PNG\r\n\x1a\n", head, *more, pixels, chunk(b"IEND")))


def riff(form: bytes, body: bytes) -> bytes:
    content = b"WEBP" + form + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(content)) + content


def extended(flags: int, width: int, height: int) -> bytes:
    sizes = b"".join((side - 1).to_bytes(3, "little") for side in (width, height))
    return riff(b"VP8X", bytes((flags, 0, 0, 0)) + sizes + b"\0" * 8)


JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////"
    "////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA//9k="
)
LOSSLESS = riff(b"VP8L", b"\x2f" + (9 | 19 << 14).to_bytes(4, "little") + b"\0" * 8)
LOSSY = riff(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 64, 48) + b"\0" * 8)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (png(), "image/png"),
        (png(1024, 1024), "image/png"),
        (JPEG, "image/jpeg"),
        (LOSSLESS, "image/webp"),
        (LOSSY, "image/webp"),
        (extended(0x10, 256, 128), "image/webp"),
    ],
    ids=["png", "large png", "jpeg", "lossless webp", "lossy webp", "extended webp"],
)
def test_the_first_bytes_say_what_it_is(content, kind):
    assert check_logo(content) == kind


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "a whole PNG, JPEG or WebP"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "a whole PNG"),
        (b"<html>no such page</html>", "a whole PNG"),
        (b"GIF89a" + b"\0" * 40, "a whole PNG"),
        (png()[:-20], "a whole PNG"),
        (JPEG[:-2], "a whole PNG"),
        (LOSSLESS[:-4], "a whole PNG"),
        (png(1, 1, chunk(b"acTL", b"\0" * 8)), "does not move"),
        (extended(0x02, 256, 128), "does not move"),
        (png(1025, 1), "at most 1024 by 1024 pixels, not 1025 by 1"),
        (png(1, 0), "at most 1024 by 1024 pixels, not 1 by 0"),
        (extended(0, 16_000, 16_000), "not 16000 by 16000"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * MAX_BYTES, "at most 60 kB"),
    ],
)
def test_whatever_else_is_refused_and_says_why(content, said):
    with pytest.raises(InvalidInput, match=said) as refusal:
        check_logo(content)
    assert refusal.value.field == "logo_url"


@pytest.mark.parametrize("length", range(0, len(JPEG), 7))
def test_what_is_cut_off_is_a_refusal_and_no_error(length):
    for whole in (JPEG, LOSSLESS, LOSSY, png()):
        with pytest.raises(InvalidInput):
            check_logo(whole[: min(length, len(whole) - 1)])


class Site:
    """Answers in place of the guard of outgoing requests."""

    def __init__(self, status: int = 200, body: bytes = b"") -> None:
        self.answer = EgressResponse(status, {"content-type": "text/html"}, body, 1)

    def get(self, url, _headers):
        assert url == URL
        if self.answer.status == 0:
            raise EgressError("blocked_address")
        return self.answer


def test_what_a_server_calls_it_does_not_count():
    logo = fetch_logo(Site(body=png()), URL, "coolsite", 7)
    assert (logo.client_id, logo.content_type, logo.content, logo.fetched_at) == (
        "coolsite",
        "image/png",
        png(),
        7,
    )


@pytest.mark.parametrize(
    ("status", "said"), [(404, "the answer was 404"), (302, "302"), (0, "blocked_address")]
)
def test_an_address_without_a_picture_says_what_came(status, said):
    with pytest.raises(InvalidInput, match=said):
        fetch_logo(Site(status, png()), URL, "coolsite", 7)
