"""A progress bar, where somebody looks."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

_OFTEN_S = 0.2

if TYPE_CHECKING:
    from consentcore.cli.state import State


@contextmanager
def progress(state: State, label: str, length: int) -> Iterator[Callable[[int], None]]:
    """Give a function that is told how much was done since the last time. Draws on a terminal only, on stderr.

    :param length: how much there is about; what comes beyond it does no harm.
    """
    if state.as_json or not sys.stderr or not sys.stderr.isatty():
        yield lambda _done: None
        return
    with _drawing(state):
        bar = click.progressbar(length=max(length, 1), label=label, file=sys.stderr)
        bar.__enter__()

    def advance(done: int) -> None:
        with _drawing(state):
            bar.update(done)

    try:
        yield advance
    finally:
        with _drawing(state):
            bar.__exit__(None, None, None)


@contextmanager
def counting(state: State, label: str, unit: str) -> Iterator[Callable[[int], None]]:
    """The same for what nobody knows the length of: a number that grows."""
    if state.as_json or not sys.stderr or not sys.stderr.isatty():
        yield lambda _done: None
        return
    total, said_at = 0, 0.0

    def advance(done: int) -> None:
        nonlocal total, said_at
        total += done
        now = time.monotonic()
        if now - said_at >= _OFTEN_S:
            said_at = now
            say()

    def say(end: str = "") -> None:
        with _drawing(state):
            sys.stderr.write(f"\r{label}: {total:,} {unit}{end}")
            sys.stderr.flush()

    try:
        yield advance
    finally:
        say("\n")


@contextmanager
def _drawing(state: State) -> Iterator[None]:
    """Let the terminal have what a bar is made of, and nothing else before and after."""
    state.drawing = True
    try:
        yield
    finally:
        state.drawing = False
