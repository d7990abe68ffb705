"""Calling a plugin: it can do anything but end or hold a thread of ours.

``SystemExit``, ``KeyboardInterrupt`` and ``GeneratorExit`` out of a plugin are errors like any other: signals are the
process's own business, and no plugin is asked whether a thread should end. What a person at the terminal says goes
through as :class:`Interrupted`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

LONGEST_S = 30.0
"""How long a plugin may take for one call of the worker."""

T = TypeVar("T")


class Overdue(Exception):
    """A call has not come back in time; the thread that it was made in is left to itself."""


class Interrupted(KeyboardInterrupt):
    """A person has pressed Ctrl-C; no plugin has raised it, whatever was being called in that moment."""


class Called(Generic[T]):
    """How a call of a plugin ended.

    :ivar error: what it raised, :class:`Overdue` included; None when it has answered.
    """

    def __init__(self, answer: T | None, error: BaseException | None) -> None:
        self._answer = answer
        self.error = error

    @property
    def answer(self) -> T:
        """What it answered.

        :raises BaseException: what it raised.
        """
        if self.error is not None:
            raise self.error
        return self._answer  # type: ignore[return-value]  # None is what it answered then


def call(work: Callable[[], T]) -> Called[T]:
    """Call a plugin in this thread.

    :raises Interrupted: a person wants the process to end. Nothing else is raised.
    """
    try:
        return Called(work(), None)
    except Interrupted:
        raise
    except BaseException as error:  # noqa: BLE001 - see above
        return Called(None, error)


class Leash:
    """Calls plugins in threads of their own, each for a time only, and not again while an earlier call still hangs:
    one that hangs costs one thread. Safe to use from any thread."""

    def __init__(self, seconds: float = LONGEST_S) -> None:
        self._seconds = seconds
        self._hanging: dict[str, threading.Thread] = {}

    def call(self, name: str, work: Callable[[], T]) -> Called[T]:
        """Call the plugin of that name. Raises nothing."""
        hanging = self._hanging.get(name)
        if hanging is not None and hanging.is_alive():
            return Called(None, Overdue("an earlier call has not come back yet"))
        answers: SimpleQueue[Called[T]] = SimpleQueue()
        thread = threading.Thread(
            target=lambda: answers.put(call(work)), name=f"consentcore-plugin-{name}", daemon=True
        )
        try:
            thread.start()
            return answers.get(timeout=self._seconds)
        except Empty:
            self._hanging[name] = thread
            return Called(None, Overdue(f"no answer for {self._seconds:g} s"))
        except RuntimeError as error:  # no more threads
            return Called(None, error)
