"""Reading the Cookie header: other applications of the same host put anything into it.

WebOb takes the header apart by one expression and decodes all of it, so a foreign cookie with a byte that is not
UTF-8 would make every page fail, and one with an odd quotation mark would hide ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from webob.cookies import parse_cookie

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def cookie_pairs(environ: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names and values in the order of the header, as browsers write it (RFC 6265 section 5.4): semicolons
    separate, whatever stands between them."""
    for part in environ.get("HTTP_COOKIE", "").split(";"):
        name, equals, value = part.partition("=")
        if equals and name.strip():
            yield _text(name.strip()), _value(value.strip())


def cookie_values(environ: Mapping[str, Any], name: str) -> list[str]:
    """Every value of a cookie: the last one has the shortest path, which is where ours stand."""
    return [value for known, value in cookie_pairs(environ) if known == name]


def _value(raw: str) -> str:
    if len(raw) > 1 and raw[0] == raw[-1] == '"':  # as WebOb writes what needs quotation marks
        for _, unquoted in parse_cookie(f"x={raw}"):
            return _text(unquoted.decode("latin-1"))
    return _text(raw)


def _text(raw: str) -> str:
    """Latin-1 of PEP 3333 as UTF-8 where it is that."""
    if raw.isascii():
        return raw
    try:
        return raw.encode("latin-1").decode()
    except UnicodeDecodeError:
        return raw
