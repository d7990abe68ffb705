"""How what a plugin raised is told in one line."""

from __future__ import annotations

import traceback
from pathlib import Path

from consentcore.domain.errors import ConsentcoreError
from consentcore.domain.text import one_line
from consentcore.hooks.calling import Overdue

LONGEST = 500


def cause(error: BaseException) -> str:
    """The last line of an exception, as Python prints it, with file and line where a text is no Python; its type where
    it cannot be printed."""
    try:
        if isinstance(error, SyntaxError) and error.filename and error.lineno:
            return f"{type(error).__name__}: {error.msg} ({error.filename} line {error.lineno})"
        return traceback.format_exception_only(error)[-1].strip()
    except BaseException:  # noqa: BLE001 - an exception whose __str__ raises is one more that plugins can have
        return type(error).__name__


def describe_exception(error: BaseException) -> str:
    """For the log: an error of ours with its text, any other by type and place, ``KeyError at plugin.py:17 in send``.

    Not by its text: exceptions of mail and HTTP libraries quote addresses and answers, which no log may hold. One
    line, and nothing is raised, whatever the exception does when it is asked.
    """
    name = line(type(error).__name__, 100)
    try:
        if isinstance(error, ConsentcoreError | Overdue):
            return line(f"{name}: {error}")
        frames = traceback.extract_tb(error.__traceback__)
    except BaseException:  # noqa: BLE001 - an exception whose __str__ raises is one more that plugins can have
        return name
    if not frames:
        return name
    last = frames[-1]
    return line(f"{name} at {Path(last.filename).name}:{last.lineno} in {last.name}")


def line(text: str, longest: int = LONGEST) -> str:
    """Text from outside as a part of one line of the log."""
    return one_line(text[:longest])
