"""Waiting for what has to come. The machine may be busy: how long it took is nobody's fault, that it never came is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 120.0
"""How long a test waits until it says that something never comes. What works comes long before."""


def eventually(
    look: Callable[[], T],
    told: Callable[[], object] = lambda: "it never came",
    *,
    despite: type[Exception] | tuple[type[Exception], ...] = (),
) -> T:
    """Look again and again until there is something to see (a true value), and return it.

    :param told: what else is known, for the message of the failure.
    :param despite: errors of ``look`` that mean "not yet".
    :raises AssertionError: when nothing was seen within :data:`PATIENCE_S`.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            if found := look():
                return found
        except despite:
            pass
        assert time.monotonic() < deadline, told()
        time.sleep(0.02)
