"""One transaction: what it has read, and what it will write in one commit at its end."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from consentcore.api import StorageError
from consentcore_dynamodb.capabilities import MOST_ITEMS
from consentcore_dynamodb.changes import ABSENT, Change, Condition, check, delete, put, update, version
from consentcore_dynamodb.engine import Table
from consentcore_dynamodb.errors import Collision, Refused
from consentcore_dynamodb.keys import TABLE, Index, Item, Key, key_of

_DROPPED = 60
"""Items of a commit from which on what is dropped is not part of it."""


@dataclass(frozen=True)
class Pending:
    """What will become of an item.

    :ivar item: what it will be; None when it will be gone.
    :ivar condition: what must hold of what is there; None: whatever is there.
    """

    item: Item | None
    condition: Condition | None


class Work:
    """Reads with the writes that are pending laid over them; nobody else sees these before :meth:`commit`.

    :param writable: whether it may write.
    :param remembers: whether an item that was read once is read again from memory, as one transaction sees it.
    """

    def __init__(self, table: Table, *, writable: bool, remembers: bool = True) -> None:
        self._table = table
        self._remembers = remembers
        self.writable = writable
        self._over = False
        self._doomed = False
        self._seen: dict[Key, Item | None] = {}
        self._locked: set[Key] = set()
        self._pending: dict[Key, Pending] = {}
        self._early: dict[Key, Item] = {}
        self._steps: list[Callable[[], None]] = []

    # reading

    def get(self, key: Key, *, lock: bool = False) -> Item | None:
        """The item, or None.

        :param lock: the commit fails when somebody else has changed it by then.
        """
        self._check_open(write=lock)
        if key in self._pending:
            return self._pending[key].item
        if key not in self._seen:
            found = self._table.get(key)
            if not (self._remembers or lock):
                return found
            self._seen[key] = found
        if lock:
            self._locked.add(key)
        return self._seen[key]

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """Those of the named items that there are, in that order."""
        self._check_open()
        wanted = list(dict.fromkeys(keys))
        known = {key: one.item for key, one in self._pending.items()}
        known = {**self._seen, **self._early, **known}
        fetched = self._table.get_many(key for key in wanted if key not in known)
        if self._remembers:
            self._seen.update(fetched)
        found = {key: known[key] if key in known else fetched.get(key) for key in wanted}
        return {key: item for key, item in found.items() if item is not None}

    def partition(
        self,
        partition: str,
        *,
        above: str | None = None,
        below: str | None = None,
        descending: bool = False,
        page: int = 100,
    ) -> Iterator[Item]:
        """Items of a partition by place, strictly between two places; none is missed."""
        self._check_open()
        stored = self._table.query(partition, above=above, below=below, descending=descending, page=page)
        return self._overlaid(TABLE, [stored], {partition}, above, below, descending=descending)

    def find(
        self,
        index: Index,
        partitions: Sequence[str],
        *,
        above: str | None = None,
        below: str | None = None,
        descending: bool = False,
        page: int = 50,
    ) -> Iterator[Item]:
        """Items that an index finds, by place, strictly between two places.

        The index only says where to look, and may be late: what comes is what the items themselves say. One that was
        written a moment ago may be missing.
        """
        self._check_open()
        hints = [
            self._table.query(one, index=index, above=above, below=below, descending=descending, page=page)
            for one in partitions
        ]
        sources = [self._confirmed(index, one, page) for one in hints]
        return self._overlaid(index, sources, set(partitions), above, below, descending=descending)

    def scan(self, after: Item | None, limit: int) -> tuple[list[Item], Item | None]:
        """The next items of the whole table, see :meth:`Table.scan`; what is pending is not among them."""
        self._check_open()
        return self._table.scan(after, limit)

    def _confirmed(self, index: Index, hints: Iterator[Item], page: int) -> Iterator[Item]:
        while batch := list(islice(hints, page)):
            items = self.get_many(map(key_of, batch))
            for hint in batch:
                item = items.get(key_of(hint))
                if item is not None and _where(index, item) == _where(index, hint):
                    yield item

    def _overlaid(
        self,
        index: Index,
        sources: Sequence[Iterator[Item]],
        partitions: set[str],
        above: str | None,
        below: str | None,
        *,
        descending: bool,
    ) -> Iterator[Item]:
        changed = set(self._pending)
        mine = []
        for pending in self._pending.values():
            where = pending.item and _where(index, pending.item)
            if pending.item is None or not where or where[0] not in partitions:
                continue
            if (above is None or where[1] > above) and (below is None or where[1] < below):
                mine.append(pending.item)
        order = _by_place(index)
        mine.sort(key=order, reverse=descending)
        stored = [(item for item in source if key_of(item) not in changed) for source in sources]
        return heapq.merge(*stored, mine, key=order, reverse=descending)

    # writing

    def add(self, item: Item, otherwise: str) -> None:
        """Store an item that must not be there yet.

        :param otherwise: what to say when it is.
        :raises StorageConflict: when it is known to be there; the commit finds the others.
        """
        self._check_open(write=True)
        key = key_of(item)
        known = self._pending[key].item if key in self._pending else self._seen.get(key)
        if known is not None:
            raise self.collision(otherwise)
        before = self._seen.get(key)
        number = 1 if before is None else int(before["v"]["N"]) + 1
        self._stage(key, {**item, "v": {"N": str(number)}}, ABSENT)

    def replace(self, before: Item, item: Item) -> None:
        """Store an item in place of the one that was read; the commit fails when that has changed by then."""
        self._check_open(write=True)
        number = int(before["v"]["N"])
        self._stage(key_of(before), {**item, "v": {"N": str(number + 1)}}, version(number))

    def put(self, item: Item) -> None:
        """Store an item, whatever was there."""
        self._check_open(write=True)
        self._stage(key_of(item), {"v": {"N": "1"}, **item}, None)

    def amend(self, item: Item) -> None:
        """Store an item that this transaction stores anyway with further attributes."""
        self._stage(key_of(item), item, None)

    def drop(self, before: Item) -> None:
        """Remove the item that was read; the commit fails when that has changed by then."""
        self._check_open(write=True)
        self._stage(key_of(before), None, version(int(before["v"]["N"])))

    def discard(self, key: Key) -> None:
        """Remove an item, whatever is there."""
        self._check_open(write=True)
        self._stage(key, None, None)

    def drop_all(self, doomed: Iterable[tuple[Item, Key]]) -> None:
        """Remove items that were read, each with what names it elsewhere.

        What does not fit into this commit is removed at once and stays removed: for what is better gone too early than
        too late.
        """
        self._check_open(write=True)
        for before, mark in doomed:
            if len(self._pending) < _DROPPED:
                self.drop(before)
                self.discard(mark)
            else:
                self._table.remove([key_of(before), mark])
                self._seen[key_of(before)] = None

    def put_early(self, items: Mapping[Key, Item]) -> None:
        """Store items just before the commit, however many; they stay when it fails in a way that nobody knows of."""
        self._check_open(write=True)
        self._early.update(items)

    def before_commit(self, step: Callable[[], None]) -> None:
        """Do something when all else of the transaction is known."""
        self._steps.append(step)

    def _stage(self, key: Key, item: Item | None, condition: Condition | None) -> None:
        first = self._pending.get(key)
        # What is in the table is still what the first change of it met.
        self._pending[key] = Pending(item, condition if first is None else first.condition)

    def collision(self, reason: str) -> Collision:
        """Make the error for a collision; from now on this transaction cannot commit any more."""
        self._doomed = True
        return Collision(reason)

    # the end

    def commit(self) -> None:
        """Write everything at once and end.

        :raises StorageConflict: when something is not as it was read, or it collided before.
        """
        if self._over:
            return
        if self._doomed:
            raise Collision("the transaction collided with another one")
        for step in self._steps:
            step()
        changes = self._changes()
        self._over = True
        if len(changes) > MOST_ITEMS:
            raise StorageError(f"{len(changes)} items in one commit; DynamoDB takes {MOST_ITEMS}")
        try:
            self._table.put_all(self._early.values())
            if changes:
                self._table.write(changes)
        except Refused:
            self._table.remove(self._early)
            raise Collision("what was read has changed meanwhile") from None

    def rollback(self) -> None:
        """End and forget; harmless when it is over."""
        self._over = True

    def _changes(self) -> list[Change]:
        changes = [_change(key, pending) for key, pending in self._pending.items()]
        if not self._pending:
            return []
        held = (key for key in self._locked if key not in self._pending)
        return list(chain(changes, (self._holding(key) for key in held)))

    def _holding(self, key: Key) -> Change:
        """What lets this commit fail when somebody else has locked or changed it, and theirs when they are later."""
        seen = self._seen[key]
        if seen is None:
            return check(key, ABSENT)
        one = {":one": {"N": "1"}}
        return update(key, "ADD #v :one", ["v"], one, version(int(seen["v"]["N"])))

    def _check_open(self, *, write: bool = False) -> None:
        if self._over:
            raise StorageError("the transaction is over")
        if write and not self.writable:
            raise StorageError("the transaction only reads")


def _change(key: Key, pending: Pending) -> Change:
    if pending.item is not None:
        return put(pending.item, pending.condition)
    # Made and removed again: what remains to be true is that nobody else has made it.
    return check(key, ABSENT) if pending.condition is ABSENT else delete(key, pending.condition)


def _where(index: Index, item: Item) -> tuple[str, str] | None:
    if index.partition not in item or index.place not in item:
        return None
    return item[index.partition]["S"], item[index.place]["S"]


def _by_place(index: Index) -> Callable[[Item], str]:
    def order(item: Item) -> str:
        return str(item[index.place]["S"])

    return order
