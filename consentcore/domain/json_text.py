"""JSON of strangers: whatever it holds, it is read or refused, and nothing else happens."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

DEEPEST = 100
"""How deep arrays and objects may stand in each other; beyond it a reader of ours, or Python's, would give up."""
_LONGEST_INTEGER = 40
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[{\]}]', re.DOTALL)
"""A text as a whole, so that brackets in it are passed over; or a bracket."""

Pairs = list[tuple[str, Any]]


def read_json(text: str | bytes, object_of: Callable[[Pairs], object] | None = None) -> Any:
    """What a JSON text says (RFC 8259).

    ``NaN`` and ``Infinity`` are no JSON. A number beyond what Python turns into an integer in good time comes as a
    float, which may be infinite: whoever uses a number checks its bounds. So does whoever uses a text: JSON can name
    half a surrogate pair, see :func:`is_unicode`.

    :param object_of: makes an object of its members; a dict when not given.
    :raises ValueError: when it is no JSON, no UTF-8, or deeper than :data:`DEEPEST`.
    """
    # RFC 8259 section 8.1: a reader may pass over a byte order mark.
    document = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    _check_depth(document)
    return json.loads(document, object_pairs_hook=object_of, parse_constant=_no_number, parse_int=_integer)


def is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8 at all: a lone surrogate (U+D800 to U+DFFF) cannot."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


def _check_depth(document: str) -> None:
    if document.count("[") + document.count("{") <= DEEPEST:
        return
    depth = 0
    for match in _BRACKET.finditer(document):
        if match[0] in "[{":
            depth += 1
            if depth > DEEPEST:
                raise ValueError("nested too deep")
        elif match[0] in "]}":
            depth -= 1
