"""What went wrong, as a message on stderr and an exit code: for every command, those of plugins too."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from contextlib import suppress

import click

from consentcore.cli.exit_codes import (
    BAD_CONFIGURATION,
    FOUND_A_PROBLEM,
    INTERRUPTED,
    NOT_NOW,
    READER_GONE,
    WRONG_USE,
)
from consentcore.cli.output import ReaderGone
from consentcore.domain.errors import (
    ConfigurationError,
    ConsentcoreError,
    InvalidInput,
    KeyUnavailable,
    StorageError,
)
from consentcore.domain.visible import visible

log = logging.getLogger("consentcore")

_MANY_LINES = (click.MissingParameter, click.exceptions.NoArgsIsHelpError)


def explain(error: BaseException, *, debug: bool = False, as_lines: bool = False) -> int:
    """Say on stderr what went wrong; the exit code.

    :param debug: say where, too.
    :param as_lines: say it as lines of the log, except what is wrong with the command line itself.
    """
    try:
        if isinstance(error, ReaderGone):
            return READER_GONE
        if debug and not isinstance(error, click.ClickException):
            traceback.print_exception(error)
        return _said(error, as_lines=as_lines)
    except ReaderGone:
        return READER_GONE
    except OSError:  # nobody can be told, the exit code still says it
        return NOT_NOW
    finally:
        _flush()


def ended_by(exit_: SystemExit) -> int:
    """The exit code of a ``sys.exit`` in a command, with its message said (as the interpreter would)."""
    if exit_.code is None:
        return 0
    if isinstance(exit_.code, int):
        return checked(exit_.code)
    click.echo(str(exit_.code), err=True)
    return FOUND_A_PROBLEM


def checked(code: int) -> int:
    """An exit code that the system does not turn into another one: it keeps eight bits, so that 256 would be good."""
    return code if 0 <= code <= 255 else FOUND_A_PROBLEM


def _said(error: BaseException, *, as_lines: bool) -> int:
    if isinstance(error, click.ClickException):
        _show(error)
        return checked(error.exit_code)
    if isinstance(error, click.Abort | KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    if isinstance(error, ConfigurationError):
        if as_lines:
            for problem in error.problems:
                log.critical("the configuration is not in order: %s", problem)
            return BAD_CONFIGURATION
        click.echo("the configuration is not in order:", err=True)
        for problem in error.problems:
            click.echo(f"  {visible(problem)}", err=True)
        return BAD_CONFIGURATION
    text, code = _judged(error)
    if as_lines:
        log.critical("%s", text)
    else:
        click.echo(f"Error: {visible(text)}", err=True)
    return code


def _show(error: click.ClickException) -> None:
    """Let click say it, on one line where it quotes what was typed."""
    one_line = isinstance(error, click.UsageError) and not isinstance(error, _MANY_LINES)
    text = visible(error.format_message(), "" if one_line else "\n\t")
    error.format_message = lambda: text  # type: ignore[method-assign]
    error.show(sys.stderr)


def _judged(error: BaseException) -> tuple[str, int]:
    if isinstance(error, InvalidInput):
        return str(error), WRONG_USE
    if isinstance(error, KeyUnavailable):
        return f"{error}; consentcore.keys is not the key ring that this was made with", BAD_CONFIGURATION
    if isinstance(error, StorageError):
        return str(error), NOT_NOW
    if isinstance(error, ConsentcoreError):
        return str(error), FOUND_A_PROBLEM
    if isinstance(error, OSError):
        # With a name it is a file that was looked for or written; without, a connection, or the output itself.
        if isinstance(error.filename, str | bytes):
            return f"{os.fsdecode(error.filename)}: {error.strerror or error}", FOUND_A_PROBLEM
        return error.strerror or str(error), NOT_NOW
    # Not FOUND_A_PROBLEM: a fault of a program must not be taken for one of what it looked at.
    return f"{type(error).__name__}: {error} ({_place(error)}--debug shows where)", NOT_NOW


def _place(error: BaseException) -> str:
    """File and line that raised it, which tells a plugin from the product."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename} line {frames[-1].lineno}, " if frames else ""


def _flush() -> None:
    """Write what is still to be written, or nowhere: the interpreter's own flush at exit must not complain again."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ReaderGone):
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
