"""What every command writes through, its own words and those of strangers: no terminal obeys anything of it."""

from __future__ import annotations

import json
import logging
import re
import sys
from codecs import lookup
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from math import isfinite
from typing import TYPE_CHECKING, Any, TextIO, cast

from consentcore.domain.visible import escaped_in_json, visible

if TYPE_CHECKING:
    from types import TracebackType

    ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

_LAYOUT = "\n\t"
# What click writes for colours and progress bars: it can neither forge a line nor make a terminal do anything.
_STYLE = re.compile(r"(\x1b\[[0-9;]*m|\x1b\[\?25[hl]|\x1b\[[0-2]?K|\A\r)")


def machine(data: Any, *, indent: int | None = 2) -> str:
    """Data as JSON that any terminal may be shown: control characters of every kind as escapes.

    A number that JSON has no word for (``1e400`` in what a stranger sent) is null.
    """
    try:
        text = json.dumps(data, ensure_ascii=False, indent=indent, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(data), ensure_ascii=False, indent=indent)
    return escaped_in_json(text)


def _finite(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _finite(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return None if isinstance(data, float) and not isfinite(data) else data


class ReaderGone(Exception):
    """Whoever was to read the output has closed it. No OSError: click ends at those with an exit code of its own."""


class Terminal:
    """A text stream that writes control characters out instead of passing them on; all else is the stream's.

    :param styled: asked at each write whether colours and progress bars are let through: a plugin's command may
        have them.
    """

    def __init__(self, stream: TextIO, styled: Callable[[], bool]) -> None:
        self._stream = stream
        self._styled = styled

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write it, harmless; how many characters of ``text`` that were."""
        if not isinstance(text, str):  # click finds out by this that it is no stream of bytes
            raise TypeError(f"expected str, not {type(text).__name__}")
        with _reader_gone():
            self._stream.write(self._harmless(text))
        return len(text)

    def flush(self) -> None:
        """Flush it."""
        with _reader_gone():
            self._stream.flush()

    def writelines(self, lines: Sequence[str]) -> None:
        """Write each."""
        for one in lines:
            self.write(one)

    def _harmless(self, text: str) -> str:
        if not self._styled():
            return visible(text, _LAYOUT)
        parts = _STYLE.split(text)
        parts[::2] = [visible(part, _LAYOUT) for part in parts[::2]]
        return "".join(parts)


@contextmanager
def _reader_gone() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise ReaderGone from None


class Lines(logging.Formatter):
    """Log records, each on one line; what belongs to one is indented, so that nobody can write a line of the log."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        return visible(super().formatMessage(record))

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802 - the name is logging's
        return "\n".join(f"  {visible(line, _LAYOUT)}" for line in super().formatException(ei).split("\n"))


def log_to_stderr() -> None:
    """A command's own messages are for people; what is logged below a warning is for ``serve`` and ``worker``."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines("%(levelname)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)


@contextmanager
def harmless(styled: Callable[[], bool]) -> Iterator[None]:
    """Put a :class:`Terminal` before standard output and standard error while a command runs."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_terminal(stream, styled) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _terminal(stream: TextIO | None, styled: Callable[[], bool]) -> TextIO:
    if stream is None:  # closed by whoever started us: there is nobody to tell anything
        return cast("TextIO", None)
    if isinstance(stream, TextIOWrapper) and stream in {sys.__stdout__, sys.__stderr__}:
        # A locale without a letter is no reason to end. ASCII is what is found where no locale is set at all.
        plain = lookup(stream.encoding).name == "ascii"
        stream.reconfigure(encoding="utf-8" if plain else None, errors="backslashreplace")
    return cast("TextIO", Terminal(stream, styled))
