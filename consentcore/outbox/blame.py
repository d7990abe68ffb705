"""Naming an exception in the worker's log."""

from __future__ import annotations

import traceback
from pathlib import Path


def described(error: BaseException) -> str:
    """Type and place of an exception: ``KeyError at plugin.py:17 in send``.

    Not its text: exceptions of mail and HTTP libraries quote addresses and answers, which no log may hold.
    """
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return type(error).__name__
    last = frames[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno} in {last.name}"
