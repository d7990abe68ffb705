"""Entry point of the command line: finds the command, and turns errors into messages and exit codes.

The codes stand in :mod:`consentcore.cli.exit_codes`; never a traceback, unless ``--debug`` asks for it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import click

from consentcore import __version__
from consentcore.cli.commands import RootGroup
from consentcore.cli.exit_codes import GOOD
from consentcore.cli.explaining import checked, ended_by, explain
from consentcore.cli.output import harmless, log_to_stderr
from consentcore.cli.state import State
from consentcore.hooks.calling import Interrupted


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
    log_to_stderr()
    with harmless(styled=lambda: state.foreign or state.drawing), _interruptible():
        try:
            code = _run(list(sys.argv[1:] if arguments is None else arguments), state)
        except SystemExit as exit_:
            code = ended_by(exit_)
        except BaseException as error:  # noqa: BLE001 - each ends in a message and an exit code
            code = explain(error, debug=state.debug, as_lines=state.as_lines)
        return _close(state) or code


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end the command also while a plugin is called, whose own errors do not."""
    before = signal.getsignal(signal.SIGINT)
    # Whoever ignores it (nohup, a job in the background) or handles it otherwise means that.
    if before is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise Interrupted


def _run(arguments: list[str], state: State) -> int:
    result = root.main(arguments, prog_name="consentcore", standalone_mode=False, obj=state)
    if sys.stdout is not None:
        sys.stdout.flush()
    # What else a plugin's command returns is its own affair.
    return checked(result) if isinstance(result, int) and not isinstance(result, bool) else GOOD


def _close(state: State) -> int:
    try:
        state.close()
    except BaseException as error:  # noqa: BLE001 - the same
        return explain(error, debug=state.debug, as_lines=state.as_lines)
    return GOOD


if __name__ == "__main__":
    main()
