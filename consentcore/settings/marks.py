"""The operator's mark: a file of their own, so it may be a drawing (SVG); what it is is told by its beginning."""

from __future__ import annotations

import re
from pathlib import Path

MAX_BYTES = 200_000
_BEGINNINGS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?=svg|[?!].{0,2000}<svg)", re.DOTALL), "image/svg+xml"),
)


def read_mark(path: Path) -> tuple[str, bytes]:
    """Its media type and its content.

    :raises ValueError: when it cannot be read, is too large or is no picture.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"expected a file with a picture ({error.strerror}: {path})") from None
    if len(content) > MAX_BYTES:
        raise ValueError(f"expected at most {MAX_BYTES // 1000} kB, {path} has {len(content) // 1000}")
    kind = next((kind for begins, kind in _BEGINNINGS if begins.match(content)), "")
    if not kind:
        raise ValueError(f"expected SVG, PNG, JPEG or WebP, {path} is none of them")
    return kind, content
