"""The form of a bundle: lines of JSON, each an object with one member that says what the line is."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from consentcore.domain.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = "urn:consentcore:evidence-bundle:1"
BUNDLE, STATEMENT, CONSISTENCY, GRANT = "bundle", "statement", "consistency", "grant"
SNAPSHOT, DISCLOSURE, TOMBSTONE, WITHHELD = "snapshot", "disclosure", "tombstone", "withheld"
EVENT, END = "event", "end"
LONGEST = 16_000_000
"""Bytes of a line: a page with thousands of sites stands in one."""
_GZIP = b"\x1f\x8b"


class TooLarge(Exception):
    """A file has more bytes, unpacked, than somebody wants to read."""


class BadLine(ValueError):
    """A line is none of a bundle; the text says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it was read.

    :ivar number: from 1.
    :ivar raw: its bytes with the newline.
    """

    number: int
    raw: bytes

    @property
    def content(self) -> tuple[str, Any]:
        """What it is, and what it says.

        :raises BadLine: when it is no line of a bundle.
        """
        if not self.raw.endswith(b"\n"):
            raise BadLine("it is cut off, or longer than a line may be")
        try:
            found = json_object(self.raw.decode())
        except ValueError:
            raise BadLine("it is no JSON") from None
        if len(found) != 1:
            raise BadLine("expected an object with one member")
        return next(iter(found.items()))


def json_object(text: str) -> dict[str, Any]:
    """A JSON object.

    :raises ValueError: when the text is something else.
    """
    found = read_json(text)
    if not isinstance(found, dict):
        raise BadLine("expected an object")
    return found


def written(kind: str, content: Mapping[str, object] | str) -> bytes:
    """A line."""
    return json.dumps({kind: content}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def lines_of(stream: BinaryIO, most: int | None = None) -> Iterator[Line]:
    """The lines of a file, one at a time; one that is too long comes cut off.

    :param most: bytes of all of them.
    :raises TooLarge: where there are more.
    """
    number = size = 0
    while raw := stream.readline(LONGEST):
        number += 1
        size += len(raw)
        if most is not None and size > most:
            raise TooLarge
        yield Line(number, raw)


def opened(stream: BinaryIO) -> BinaryIO:
    """A file that can be rewound, unpacked where it is packed (gzip, RFC 1952)."""
    packed = stream.read(2) == _GZIP
    stream.seek(0)
    return cast("BinaryIO", gzip.GzipFile(fileobj=stream)) if packed else stream


def is_bundle(stream: BinaryIO) -> bool:
    """Whether a file that can be rewound begins like a bundle."""
    found = stream.read(len(f'{{"{BUNDLE}":')).lstrip() == f'{{"{BUNDLE}":'.encode()
    stream.seek(0)
    return found
