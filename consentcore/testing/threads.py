"""Running things at the same time, and insisting on them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from consentcore.api import StorageConflict

T = TypeVar("T")

PATIENCE_S = 60.0
"""How long the kit waits for a thread until it calls it stuck."""


def together(count: int, work: Callable[[int], T]) -> list[T]:
    """Run ``work(0) … work(count - 1)`` in threads that start at the same moment; return what they return.

    :raises Exception: the first error that one of them raised.
    :raises AssertionError: when one is still running after :data:`PATIENCE_S`.
    """
    start = threading.Barrier(count)
    results: dict[int, T] = {}
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            start.wait(PATIENCE_S)
            results[number] = work(number)
        except BaseException as error:  # noqa: BLE001 - handed on to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not any(thread.is_alive() for thread in threads), (
        "a thread is stuck: deadlock, or a lock never released"
    )
    if errors:
        raise errors[0]
    return [results[number] for number in range(count)]


def insist(work: Callable[[], T], *, attempts: int = 50) -> T:
    """Run ``work`` until it does not collide: a conflict is a permitted answer that asks for another try."""
    for _ in range(attempts - 1):
        try:
            return work()
        except StorageConflict:
            continue
    return work()
