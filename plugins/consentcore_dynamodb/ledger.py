"""The ledger inside a transaction.

Chains and leaves are read from the table itself, which shows whatever is committed. Only the question which events have
no leaf yet, and the list of an owner's, go through indexes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from consentcore.api import Checkpoint, ConsentEvent, Disclosure, NoticeSnapshot, Tombstone
from consentcore_dynamodb.capabilities import CAPABILITIES
from consentcore_dynamodb.disclosures import Disclosures, disclosure_key
from consentcore_dynamodb.keys import (
    LISTS,
    WORK,
    Item,
    Key,
    all_shards,
    chained_key,
    event_key,
    grant_key,
    indexed,
    name,
    number,
    place,
    shard,
)
from consentcore_dynamodb.records import CHECKPOINTS, EVENTS, SNAPSHOTS, TOMBSTONES
from consentcore_dynamodb.work import Work

_WAITING = "NO-LEAF"
BUCKET = 10_000
"""Leaves in one partition."""
COUNT = Key("LEAVES")
CHECKPOINT_LIST = "CHECKPOINTS"


class DynamoLedger:
    """:class:`consentcore.api.LedgerRepository` in DynamoDB."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._disclosures = Disclosures(work)
        self._numbered_from: int | None = None
        self._made: set[int] = set()

    def append(self, event: ConsentEvent) -> None:
        said = f"grant {event.grant_id} has an event {event.sequence} already"
        mark = {**event_key(event.event_id).attributes, **event_pointer(event)}
        self._work.add(waiting_event_item(event), said)
        self._work.add(mark, said)

    def of_grant(self, grant_id: str) -> Sequence[ConsentEvent]:
        return [EVENTS.read(item) for item in self._chain(grant_id)]

    def of_grants(self, grant_ids: Collection[str]) -> Sequence[ConsentEvent]:
        return [event for grant_id in sorted(set(grant_ids)) for event in self.of_grant(grant_id)]

    def of_owner(self, owner_id: str, *, before: str = "", limit: int = 100) -> Sequence[ConsentEvent]:
        last = self.get(before) if before else None
        if before and last is None:
            return []
        found = self._work.find(
            LISTS,
            [name("EVENTS-OF", owner_id)],
            below=None if last is None else _age(last),
            descending=True,
            page=min(limit, 100),
        )
        return [EVENTS.read(item) for item in islice(found, limit)]

    def get(self, event_id: str) -> ConsentEvent | None:
        mark = self._work.get(event_key(event_id))
        return None if mark is None else EVENTS.read_from(self._work.get(_pointed_at(mark)))

    def orphans(self, limit: int) -> Sequence[ConsentEvent]:
        found: list[ConsentEvent] = []
        known: dict[str, bool] = {}
        pointers = self._pointers()
        while len(found) < limit and (batch := list(islice(pointers, 100))):
            self._look_up(known, (item["grant_id"]["S"] for item in batch))
            lost = [_pointed_at(item) for item in batch if not known[item["grant_id"]["S"]]]
            found += map(EVENTS.read, self._work.get_many(lost).values())
        return found[:limit]

    def _pointers(self) -> Iterator[Item]:
        """Where each event stands: those with a leaf, then the others."""
        size = _size(self._work.get(COUNT))
        for bucket in range(0, size, BUCKET):
            yield from self._work.partition(leaf_bucket(bucket), page=1000)
        yield from self._work.find(WORK, all_shards(_WAITING))

    def _look_up(self, known: dict[str, bool], grant_ids: Iterable[str]) -> None:
        new = {grant_id for grant_id in grant_ids if grant_id not in known}
        there = self._work.get_many(map(grant_key, new))
        known.update((grant_id, grant_key(grant_id) in there) for grant_id in new)

    def put_snapshot(self, snapshot: NoticeSnapshot) -> None:
        key = snapshot_key(snapshot.snapshot_hash)
        if self._work.get(key) is None:
            self._work.add({**SNAPSHOTS.write(snapshot), **key.attributes}, "the snapshot was just stored")

    def snapshot(self, snapshot_hash: str) -> NoticeSnapshot | None:
        return SNAPSHOTS.read_from(self._work.get(snapshot_key(snapshot_hash)))

    def put_disclosures(self, disclosures: Sequence[Disclosure]) -> None:
        self._disclosures.put(disclosures)

    def disclosures(self, digests: Collection[str]) -> Mapping[str, Disclosure]:
        return self._disclosures.several(digests)

    def forget(self, tombstones: Sequence[Tombstone]) -> None:
        known = self.tombstones([one.subject for one in tombstones])
        for one in tombstones:
            self._work.discard(disclosure_key(one.subject))
            self._work.discard(snapshot_key(one.subject))
            if one.subject not in known:
                item = {**TOMBSTONES.write(one), **tombstone_key(one.subject).attributes}
                self._work.add(item, "it was just forgotten")

    def tombstones(self, subjects: Collection[str]) -> Mapping[str, Tombstone]:
        found = self._work.get_many(map(tombstone_key, subjects))
        return {one.subject: one for one in map(TOMBSTONES.read, found.values())}

    def sequence_leaves(self, limit: int, *, start: int = 0) -> int:
        counted = self._work.get(COUNT, lock=True)
        size = max(start, _size(counted))
        waiting = list(islice(self._waiting(), CAPABILITIES.fits(limit)))
        for index, before in enumerate(waiting, start=size):
            event = replace(EVENTS.read(before), leaf_index=index)
            leaf = leaf_key(index)
            self._work.replace(before, event_item(event))
            self._work.add({**leaf.attributes, **event_pointer(event)}, f"there is a leaf {index} already")
        if waiting:
            self._numbered_from = size if self._numbered_from is None else self._numbered_from
            self._count(counted, size + len(waiting))
        return len(waiting)

    def _count(self, before: Item | None, size: int) -> None:
        after = {**COUNT.attributes, "size": {"N": str(size)}}
        if before is None:
            self._work.add(after, "somebody else has begun to number leaves")
        else:
            self._work.replace(before, after)

    def _waiting(self) -> Iterator[Item]:
        """Events without a leaf, those of a grant by their chain, whatever the index shows of it."""
        seen = set()
        for hint in self._work.find(WORK, all_shards(_WAITING)):
            grant_id = hint["grant_id"]["S"]
            if grant_id not in seen:
                seen.add(grant_id)
                yield from (item for item in list(self._chain(grant_id)) if "leaf_index" not in item)

    def leaves(self, start: int, limit: int) -> Sequence[ConsentEvent]:
        first = max(start, 0)
        last = min(start + limit, _size(self._work.get(COUNT)))
        pointers: list[Item] = []
        for bucket in range(first - first % BUCKET, last, BUCKET):
            above, below = number(first - 1) if first else None, number(last)
            pointers += self._work.partition(leaf_bucket(bucket), above=above, below=below, page=1000)
        events = self._work.get_many(map(_pointed_at, pointers))
        return [EVENTS.read(events[at]) for at in map(_pointed_at, pointers) if at in events]

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        key = checkpoint_key(checkpoint.size)
        self._made.add(checkpoint.size)
        self._work.add(
            {**CHECKPOINTS.write(checkpoint), **key.attributes},
            f"there is a checkpoint of size {checkpoint.size} already",
        )

    def checkpoints(self, *, after: int = 0, limit: int | None = None) -> Sequence[Checkpoint]:
        items = self._work.partition(CHECKPOINT_LIST, above=number(after), page=min(limit or 100, 100))
        return self._of_one_view([CHECKPOINTS.read(item) for item in islice(items, limit)])

    def newest_checkpoint(self) -> Checkpoint | None:
        items = self._work.partition(CHECKPOINT_LIST, page=1, descending=True)
        return next(iter(self._of_one_view([CHECKPOINTS.read(item) for item in islice(items, 1)])), None)

    def _of_one_view(self, found: Sequence[Checkpoint]) -> Sequence[Checkpoint]:
        known = self._numbered_from
        if known is not None and any(known < one.size for one in found if one.size not in self._made):
            # Reads are not of one moment: this one shows what the leaves that were read do not.
            raise self._work.collision("somebody else has numbered leaves meanwhile")
        return found

    def _chain(self, grant_id: str) -> Iterator[Item]:
        return self._work.partition(name("CHAIN", grant_id))


def event_item(event: ConsentEvent) -> Item:
    """The item of an event in its chain."""
    key = chained_key(event.grant_id, event.sequence)
    listed = indexed(LISTS, name("EVENTS-OF", event.owner_id), _age(event))
    return {**EVENTS.write(event), **key.attributes, **listed}


def waiting_event_item(event: ConsentEvent) -> Item:
    """The item of an event that has no leaf yet."""
    at = place(event.occurred_at, event.event_id)
    return {**event_item(event), **indexed(WORK, shard(_WAITING, event.grant_id), at)}


def _age(event: ConsentEvent) -> str:
    return place(event.occurred_at, event.sequence, event.event_id)


def event_pointer(event: ConsentEvent) -> Item:
    """What says in which chain an event stands, and where."""
    return {"grant_id": {"S": event.grant_id}, "sequence": {"N": str(event.sequence)}}


def _pointed_at(pointer: Item) -> Key:
    return chained_key(pointer["grant_id"]["S"], int(pointer["sequence"]["N"]))


def _size(counted: Item | None) -> int:
    return 0 if counted is None else int(counted["size"]["N"])


def leaf_key(index: int) -> Key:
    """A leaf."""
    return Key(leaf_bucket(index), number(index))


def leaf_bucket(index: int) -> str:
    """The partition of a leaf."""
    return name("LEAF", number(index // BUCKET))


def snapshot_key(snapshot_hash: str) -> Key:
    """A snapshot."""
    return Key(name("SNAPSHOT", snapshot_hash))


def tombstone_key(subject: str) -> Key:
    """A tombstone."""
    return Key(name("TOMBSTONE", subject))


def checkpoint_key(size: int) -> Key:
    """A checkpoint."""
    return Key(CHECKPOINT_LIST, number(size))
