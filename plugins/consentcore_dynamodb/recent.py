"""What this process wrote a moment ago, which an index may not show yet.

Whoever changes something and then lists it finds it, as long as the same process answers. It is no more than a hint, as
is what the index shows: the items decide.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

from consentcore_dynamodb.changes import Change
from consentcore_dynamodb.keys import INDEXES, SHOWN, Index, Item, Key, key_of

KEPT_S = 3.0
"""How long it is remembered; an index is rarely a tenth of a second late."""

MOST = 5_000
"""Items that are remembered: some megabytes."""

_SHOWN = frozenset(
    {"p", "s", *SHOWN, *(name for index in INDEXES for name in (index.partition, index.place))}
)


class Recent:
    """May be used by any thread.

    :param now: seconds of a clock that only goes on.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._items: OrderedDict[Key, tuple[float, Item]] = OrderedDict()
        self._partitions: dict[str, set[Key]] = {}

    def note(self, changes: Iterable[Change]) -> None:
        """These were written. Of an item that was changed in place it is not known what it is now."""
        with self._lock:
            for change in changes:
                if "Item" in change.parts:
                    self._keep(key_of(change.parts["Item"]), change.parts["Item"])
                elif change.action == "Delete":
                    self._keep(key_of(change.parts["Key"]), {})
                else:
                    self._drop(key_of(change.parts["Key"]))
            self._drop_old()

    def forget(self, changes: Iterable[Change]) -> None:
        """Nobody knows whether these were written."""
        with self._lock:
            for change in changes:
                self._drop(key_of(change.parts.get("Item") or change.parts["Key"]))

    def moved(self, index: Index, hint: Item) -> bool:
        """Whether an index shows an item where it is no more."""
        with self._lock:
            known = self._items.get(key_of(hint))
        return known is not None and known[1].get(index.place) != hint[index.place]

    def among(self, index: Index, partition: str, above: str | None, below: str | None) -> Sequence[Item]:
        """What an index will show of these in a partition, strictly between two places, by place."""
        with self._lock:
            self._drop_old()
            items = [self._items[key][1] for key in self._partitions.get(partition, ())]
        found = [
            item
            for item in items
            if item.get(index.partition) == {"S": partition}
            and (above is None or item[index.place]["S"] > above)
            and (below is None or item[index.place]["S"] < below)
        ]
        return sorted(found, key=lambda item: str(item[index.place]["S"]))

    def _keep(self, key: Key, item: Item) -> None:
        self._drop(key)
        hint = {name: value for name, value in item.items() if name in _SHOWN}
        self._items[key] = (self._now(), hint)
        for partition in _partitions_of(hint):
            self._partitions.setdefault(partition, set()).add(key)

    def _drop(self, key: Key) -> None:
        _, hint = self._items.pop(key, (0.0, {}))
        for partition in _partitions_of(hint):
            keys = self._partitions[partition]
            keys.discard(key)
            if not keys:
                del self._partitions[partition]

    def _drop_old(self) -> None:
        until = self._now() - KEPT_S
        while self._items:
            key, (at, _) = next(iter(self._items.items()))
            if at > until and len(self._items) <= MOST:
                return
            self._drop(key)


def _partitions_of(hint: Item) -> set[str]:
    return {hint[index.partition]["S"] for index in INDEXES if index.partition in hint}
