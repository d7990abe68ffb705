"""Makes a screenshot's PNG smaller: the few colours of a page fit a palette."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def small_png(png: bytes) -> bytes:
    """The same picture with a palette of its 256 most frequent colours.

    Unchanged when it is not 8-bit RGB or RGBA.
    """
    chunks = list(_chunks(png))
    width, height, depth, colour_type = struct.unpack(">IIBB", chunks[0][1][:10])
    size = {2: 3, 6: 4}.get(colour_type)
    if depth != 8 or size is None:
        return png
    raw = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    pixels = [
        row[at : at + 3] for row in _rows(raw, width * size, size, height) for at in range(0, len(row), size)
    ]
    palette, numbers = _palette(pixels)
    lines = b"".join(b"\0" + numbers[start : start + width] for start in range(0, len(numbers), width))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", palette),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    return SIGNATURE + b"".join(_chunk(kind, data) for kind, data in parts)


def _palette(pixels: list[bytes]) -> tuple[bytes, bytes]:
    """The colours, and for each pixel the number of its colour; rare colours become the nearest frequent one."""
    counted = Counter(pixels)
    colours = [pixel for pixel, _ in counted.most_common(256)]
    number = {pixel: index for index, pixel in enumerate(colours)}
    for pixel in counted.keys() - number.keys():
        number[pixel] = min(range(len(colours)), key=lambda index: _distance(colours[index], pixel))
    return b"".join(colours), bytes(number[pixel] for pixel in pixels)


def _distance(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _rows(raw: bytes, width: int, size: int, height: int) -> Iterator[bytes]:
    """Undo the filter of each line (PNG specification, section 9)."""
    above = bytes(width)
    for number in range(height):
        start = number * (width + 1)
        line = bytearray(raw[start + 1 : start + 1 + width])
        kind = raw[start]
        for at in range(width if kind else 0):
            left = line[at - size] if at >= size else 0
            corner = above[at - size] if at >= size else 0
            line[at] = (line[at] + _predicted(kind, left, above[at], corner)) & 255
        above = bytes(line)
        yield above


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind < 4:
        return (0, left, up, (left + up) // 2)[kind]
    guess = left + up - corner
    return min((left, up, corner), key=lambda one: abs(guess - one))
