"""Log lines as text: one record is one line, whatever a stranger has put into it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from consentcore.domain.visible import visible

if TYPE_CHECKING:
    from types import TracebackType

    ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

WITH_TIME = "%(asctime)s %(levelname)s %(name)s %(message)s"


class Lines(logging.Formatter):
    """Writes control characters out, and indents what follows a line, so that nobody can write a line of the log."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        return visible(super().formatMessage(record))

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802 - the name is logging's
        return indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - the name is logging's
        return indented(super().formatStack(stack_info))


def to_stderr(form: str, level: int = logging.NOTSET, *, force: bool = False) -> None:
    """Send the log of this process to standard error, unless it goes somewhere already.

    :param form: of ``logging``, with percent signs.
    :param level: below which nothing is written; NOTSET leaves the level as it is.
    :param force: in place of where it went.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(Lines(form))
    logging.basicConfig(handlers=[handler], level=level or None, force=force)


def indented(text: str) -> str:
    """Several lines, none of which can be taken for a line of the log."""
    return "\n".join(f"  {visible(line, chr(9))}" for line in text.split("\n"))
