"""What was concluded of things lately."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")
V = TypeVar("V")


class Remembered(Generic[T, V]):
    """Keeps a conclusion about an object, for as long as somebody comes with the very same object.

    A storage that finds the same rows again may give the same value again; one that makes a new value each time only
    never finds anything here. Nothing is compared, so a value that says something else is another one. Safe to share
    between threads.

    :param most: conclusions that are kept; beyond that all are dropped, and who is asked for is soon back.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[int, tuple[T, V]] = {}

    def of(self, thing: T) -> V | None:
        """The conclusion about ``thing``; None when there is none."""
        kept = self._kept.get(id(thing))
        return kept[1] if kept is not None and kept[0] is thing else None

    def keep(self, thing: T, conclusion: V) -> None:
        """Keep a conclusion, and the thing with it: its id is nobody else's then."""
        if len(self._kept) >= self._most:
            self._kept = {}
        self._kept[id(thing)] = (thing, conclusion)
