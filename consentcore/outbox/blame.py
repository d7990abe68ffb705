"""Naming an exception in the worker's log."""

from __future__ import annotations

import traceback
from pathlib import Path

from consentcore.domain.errors import ConsentcoreError


def described(error: BaseException) -> str:
    """An error of ours with its text, any other by type and place: ``KeyError at plugin.py:17 in send``.

    Not by its text: exceptions of mail and HTTP libraries quote addresses and answers, which no log may hold.
    """
    if isinstance(error, ConsentcoreError):
        return f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    last = frames[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno} in {last.name}"
