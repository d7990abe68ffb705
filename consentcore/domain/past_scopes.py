"""What scopes said before, as a process remembers it."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class PinnedScope:
    """What one entry of the catalog said, word for word. Kept for good.

    :ivar version: of the meaning.
    :ivar revision: of the words, from 1.
    :ivar content: canonical JSON (RFC 8785): its texts in every language, and what belongs to its meaning.
    :ivar pinned_at: when this was first in force, in milliseconds since the epoch.
    """

    scope_id: str
    version: str
    revision: int
    content: str
    pinned_at: int
    seal: bytes = field(default=b"", compare=False, repr=False)

    @property
    def reference(self) -> str:
        """The scope pinned to its meaning: ``comfort.read@1``."""
        return f"{self.scope_id}@{self.version}"


class PastScopes(Generic[S]):
    """Earlier words by reference, read once and again when something is asked for that is not there.

    Safe to use from any thread. What another process has pinned meanwhile is found at the next look at it.
    """

    def __init__(self) -> None:
        self._known: dict[str, list[tuple[int, int, S]]] = {}
        self._load: Callable[[], Iterable[tuple[str, int, int, S]]] | None = None
        self._lock = threading.Lock()

    def read_with(self, load: Callable[[], Iterable[tuple[str, int, int, S]]]) -> None:
        """Say how to read them.

        :param load: gives reference, revision, when it was pinned, and the scope; nothing when it is not yet time to
            read again.
        """
        self._load = load

    def put(self, found: Iterable[tuple[str, int, int, S]]) -> None:
        """Remember what was read; nothing is ever forgotten."""
        with self._lock:
            known = {reference: list(said) for reference, said in self._known.items()}
            for reference, revision, pinned_at, scope in found:
                said = [one for one in known.get(reference, []) if one[0] != revision]
                known[reference] = sorted([*said, (revision, pinned_at, scope)], key=lambda one: one[:2])
            self._known = known

    def at(self, reference: str, moment: int | None = None, revision: int | None = None) -> S | None:
        """What a pinned scope said.

        :param moment: in milliseconds since the epoch: the revision in force then, or the first one where that was
            later. None: the latest.
        :param revision: that one, if there is one of that number.
        """
        said = self._known.get(reference)
        if self._load is not None and (
            said is None or (revision and all(one[0] != revision for one in said))
        ):
            self.put(self._load())
            said = self._known.get(reference)
        if not said:
            return None
        exact = next((scope for number, _, scope in said if number == revision), None)
        if exact is not None:
            return exact
        if moment is None:
            return said[-1][2]
        place = bisect_right([pinned_at for _, pinned_at, _ in said], moment)
        return said[max(0, place - 1)][2]
