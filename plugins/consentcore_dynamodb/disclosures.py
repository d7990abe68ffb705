"""Personal values beside the ledger, however many one consent comes with.

A few are part of the commit. Many are more than one commit takes: they are written just before it, under a mark that
the commit makes. Without its mark none of them is there, so that they come and vanish with the rest; a purge removes
what was left behind by a commit that failed.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from itertools import islice

from consentcore.api import Disclosure
from consentcore_dynamodb.changes import delete, put
from consentcore_dynamodb.engine import Table
from consentcore_dynamodb.keys import (
    OTHERS,
    Item,
    Key,
    all_shards,
    indexed,
    key_of,
    name,
    place,
    shard,
    without,
)
from consentcore_dynamodb.records import DISCLOSURES
from consentcore_dynamodb.work import Work

FEW = 25
"""That are part of a commit; with all else that a consent is they stay below what it takes."""

EARLY = "DISCLOSED-EARLY"
LEFT_MS = 86_400_000
"""After so long a commit has come or will never come."""


class Disclosures:
    """Those of one transaction."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._few = 0

    def put(self, disclosures: Sequence[Disclosure]) -> None:
        """Store them; of the same digest the first is kept."""
        new = {one.digest: one for one in reversed(disclosures)}
        there = self._work.get_many(map(disclosure_key, new))
        known = self._committed(there)
        items = {
            disclosure_key(digest): {**DISCLOSURES.write(one), **disclosure_key(digest).attributes}
            for digest, one in new.items()
            if digest not in known
        }
        if len(items) + self._few > FEW:
            self._put_early(items)
            return
        self._few += len(items)
        for key, item in items.items():
            if key in there:
                self._work.put(item)  # left behind by a commit that failed
            else:
                self._work.add(item, "the disclosure was just stored")

    def _put_early(self, items: Mapping[Key, Item]) -> None:
        batch = str(uuid.uuid4())
        self._work.put(_mark(batch).attributes)
        early = {"batch": {"S": batch}, **indexed(OTHERS, shard(EARLY, batch), place(_wall_clock(), batch))}
        self._work.put_early({key: {**item, **early} for key, item in items.items()})

    def several(self, digests: Collection[str]) -> Mapping[str, Disclosure]:
        """Those of these digests that there are, by digest."""
        return self._committed(self._work.get_many(map(disclosure_key, digests)))

    def _committed(self, items: Mapping[Key, Item]) -> Mapping[str, Disclosure]:
        marks = {mark for item in items.values() if (mark := mark_of(item)) is not None}
        made = self._work.get_many(marks) if marks else {}
        sure = [item for item in items.values() if (mark := mark_of(item)) is None or mark in made]
        return {one.digest: one for one in map(DISCLOSURES.read, sure)}


def disclosure_key(digest: str) -> Key:
    """A personal value that stands apart."""
    return Key(name("DISCLOSURE", digest))


def mark_of(item: Item) -> Key | None:
    """What has to be there for an item to be; None where it was part of a commit."""
    return _mark(item["batch"]["S"]) if "batch" in item else None


def _mark(batch: str) -> Key:
    return Key(name("DISCLOSED", batch))


def settle_early(table: Table, limit: int) -> None:
    """Make those that were written early long ago like others, or remove what no commit came for."""
    work = Work(table, writable=False, remembers=False)
    before = place(_wall_clock() - LEFT_MS)
    found = list(islice(work.find(OTHERS, all_shards(EARLY), below=before), limit))
    made = table.get_many({_mark(item["batch"]["S"]) for item in found})
    table.write_each(
        put(_settled(item)) if _mark(item["batch"]["S"]) in made else delete(key_of(item)) for item in found
    )


def _settled(item: Item) -> Item:
    return {name: value for name, value in without(item, OTHERS).items() if name != "batch"}


def _wall_clock() -> int:
    """Not the clock of consents: this is between writes of the same minute."""
    return time.time_ns() // 1_000_000
