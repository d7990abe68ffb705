"""Naming an exception of a plugin."""

from __future__ import annotations

from consentcore.domain.notice import Retry
from consentcore.hooks.errors import described, line

__all__ = ["described", "line", "raised"]


def raised(error: BaseException) -> Retry:
    """What a try came to that ended with an exception: not now, and nobody outside is to blame."""
    return Retry(f"{line(type(error).__name__, 100)} was raised", error="exception")
