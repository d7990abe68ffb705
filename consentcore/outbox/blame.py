"""Naming an exception of a plugin."""

from __future__ import annotations

import traceback
from pathlib import Path

from consentcore.domain.errors import ConsentcoreError
from consentcore.domain.notice import Retry


def described(error: BaseException) -> str:
    """For the log: an error of ours with its text, any other by type and place, ``KeyError at plugin.py:17 in send``.

    Not by its text: exceptions of mail and HTTP libraries quote addresses and answers, which no log may hold.
    """
    if isinstance(error, ConsentcoreError):
        return f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    last = frames[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno} in {last.name}"


def raised(error: Exception) -> Retry:
    """What a try came to that ended with an exception: not now, and nobody outside is to blame."""
    return Retry(f"{type(error).__name__} was raised", error="exception")
