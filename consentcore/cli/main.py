"""Entry point of the command line: finds the command, and turns errors into messages and exit codes.

0 good, 1 found a problem, 2 wrong use, 78 bad configuration; never a traceback, unless ``--debug`` asks for it.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Sequence

import click

from consentcore import __version__
from consentcore.cli.commands import RootGroup
from consentcore.cli.state import State
from consentcore.domain.errors import (
    ConfigurationError,
    ConsentcoreError,
    InvalidInput,
    KeyUnavailable,
)

FOUND_A_PROBLEM = 1
WRONG_USE = 2
BAD_CONFIGURATION = 78
INTERRUPTED = 130


@click.command(cls=RootGroup, name="consentcore", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="consentcore")
def root() -> None:
    """OAuth 2 authorization server with consent, evidence and notices."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit the process with its exit code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    :param arguments: without the program's name; None takes those of the process.
    :returns: the exit code.
    """
    state = State()
    state.ini = os.environ.get("CONSENTCORE_INI") or None
    # Pyramid 2.1 imports pkg_resources, whose warning tells nobody anything that they could act on.
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated", category=UserWarning)
    # A command's own messages are for people; whatever is logged below a warning is for `serve` and `worker`.
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s: %(message)s")
    try:
        result = root.main(
            list(sys.argv[1:] if arguments is None else arguments),
            prog_name="consentcore",
            standalone_mode=False,
            obj=state,
        )
        sys.stdout.flush()
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else FOUND_A_PROBLEM
    except BaseException as error:
        if state.debug:
            raise
        return _explain(error)
    finally:
        _close(state)
    return result if isinstance(result, int) else 0


def _explain(error: BaseException) -> int:
    """Say on stderr what went wrong; the exit code."""
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, click.Abort | KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        # The reader of our output has gone; the interpreter's own flush at exit must not complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FOUND_A_PROBLEM
    if isinstance(error, ConfigurationError):
        click.echo("the configuration is not in order:", err=True)
        for problem in error.problems:
            click.echo(f"  {problem}", err=True)
        return BAD_CONFIGURATION
    return _explain_other(error)


def _explain_other(error: BaseException) -> int:
    if isinstance(error, InvalidInput):
        click.echo(f"Error: {error}", err=True)
        return WRONG_USE
    if isinstance(error, KeyUnavailable):
        click.echo(f"Error: {error}; consentcore.keys is not the key ring that this was made with", err=True)
        return BAD_CONFIGURATION
    if isinstance(error, OSError) and error.filename and error.strerror:
        click.echo(f"Error: {error.filename}: {error.strerror}", err=True)
        return FOUND_A_PROBLEM
    if isinstance(error, ConsentcoreError | OSError):
        click.echo(f"Error: {error}", err=True)
        return FOUND_A_PROBLEM
    click.echo(f"Error: {type(error).__name__}: {error} (--debug shows where)", err=True)
    return FOUND_A_PROBLEM


def _close(state: State) -> None:
    try:
        state.close()
    except ConsentcoreError as error:
        click.echo(f"Error: {error}", err=True)


if __name__ == "__main__":
    main()
