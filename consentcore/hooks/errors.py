"""How what a plugin raised is told in one line."""

from __future__ import annotations

import traceback


def cause(error: BaseException) -> str:
    """The last line of an exception, as Python prints it."""
    return traceback.format_exception_only(error)[-1].strip()
