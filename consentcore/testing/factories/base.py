"""What all factories share."""

from __future__ import annotations

import secrets
from typing import Any, TypeVar

NOW = 1_795_000_000_000
"""The instant at which the factories make things: 2026-11-18T10:26:40Z."""

DETAILS = (
    '{"detail":{"actions":["read"],"note":"Zoë 💡","type":"meter_readings"},"kinds":["site"],"version":"1"}',
    '{"detail":{"amount":{"value":"1.50"},"type":"https://api.example/payment"},"kinds":[],"version":"2"}',
)
"""Authorization details as they are kept."""
SCOPES = ("comfort.read", "energy.read")
"""What the factories ask for and grant."""

REDIRECT_URI = "https://app.example/callback"
"""Where the applications of the records send people."""

T = TypeVar("T")


def unique(word: str) -> str:
    """Return an id that was not there before: ``client-3f9a…``."""
    return f"{word}-{secrets.token_hex(8)}"


def random_hash() -> bytes:
    """Return 32 bytes that stand for a SHA-256."""
    return secrets.token_bytes(32)


def made(kind: type[T], defaults: dict[str, Any], overrides: dict[str, Any]) -> T:
    """Make a record of a kind; what was overridden wins over the defaults."""
    return kind(**{**defaults, **overrides})
