"""What every kind of row shares: types, and lists as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

Row = Sequence[Any]
Values = dict[str, Any]


def to_json(value: object) -> str:
    """Write compact JSON."""
    return json.dumps(value, separators=(",", ":"))


@lru_cache(maxsize=2048)
def texts(stored: str) -> tuple[str, ...]:
    """Read a list of strings. Scope lists repeat endlessly, hence the cache."""
    return tuple(json.loads(stored))


def texts_json(values: Iterable[str]) -> str:
    """Write a list of strings."""
    return _texts_json(tuple(map(str, values)))


@lru_cache(maxsize=2048)
def _texts_json(values: tuple[str, ...]) -> str:
    return to_json(values)
