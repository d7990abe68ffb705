"""Grants inside a transaction.

Those of an owner are named in the owner's partition, where whoever reads sees them at once: the active ones by client,
the ended ones by when they ended, so that a page of them costs what it shows however many there are.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

from consentcore.api import Client, Grant, GrantState
from consentcore_dynamodb.keys import (
    LISTS,
    OTHERS,
    WORK,
    Item,
    Key,
    active_key,
    all_shards,
    client_key,
    grant_key,
    indexed,
    name,
    owner_key,
    place,
    shard,
)
from consentcore_dynamodb.owners import BEHIND
from consentcore_dynamodb.records import CLIENTS, GRANTS
from consentcore_dynamodb.work import Work

ALL = "GRANTS"
_DUE = "DUE-GRANTS"
_ACTIVE = "ACTIVE#"
_ENDED = "ENDED#"
LOOKS = 3
"""How often the active grant of two is looked for: between two reads one may end and another follow."""


class DynamoGrants:
    """:class:`consentcore.api.GrantRepository` in DynamoDB."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, grant_id: str, *, lock: bool = False) -> Grant | None:
        return GRANTS.read_from(self._work.get(grant_key(grant_id), lock=lock))

    def active_of(self, owner_id: str, client_id: str, *, lock: bool = False) -> Grant | None:
        for _ in range(LOOKS):
            mark = self._work.get(active_key(owner_id, client_id), lock=lock)
            found = None if mark is None else self.get(mark["grant_id"]["S"], lock=lock)
            if found is None or found.state is GrantState.ACTIVE:
                return found
        if lock:
            raise self._work.collision("the grant has ended meanwhile")
        return None

    def asked(self, owner_id: str, client_id: str) -> tuple[Client | None, Grant | None]:
        client = CLIENTS.read_from(self._work.get(client_key(client_id)))
        return client, self.active_of(owner_id, client_id)

    def add(self, grant: Grant) -> None:
        self._work.add(grant_item(grant), f"there is a grant {grant.grant_id!r} already")
        self._list(grant)

    def update(self, grant: Grant, *, expected_sequence: int) -> None:
        before = self._work.get(grant_key(grant.grant_id), lock=True)
        known = GRANTS.read_from(before)
        if before is None or known is None or known.sequence != expected_sequence:
            raise self._work.collision(f"grant {grant.grant_id} has changed meanwhile")
        if not known.state is grant.state is GrantState.ACTIVE:
            self._unlist(known)
            self._list(grant)
        self._work.replace(before, grant_item(grant))

    def of_owner(
        self,
        owner_id: str,
        states: Iterable[GrantState],
        *,
        client_id: str = "",
        after: str = "",
        limit: int = 100,
    ) -> Sequence[Grant]:
        wanted = frozenset(states)
        last = self.get(after) if after else None
        if after and last is None:
            return []
        below = None if last is None else _recency(last)
        # In this order: one that ends meanwhile is found where it has gone.
        active = self._active(owner_id, client_id, below) if GrantState.ACTIVE in wanted else []
        ended = self._ended(owner_id, client_id, below, wanted, min(limit, 100))
        shown = {row.grant_id for row in active}
        others = (row for row in ended if row.grant_id not in shown)
        return list(islice(heapq.merge(active, others, key=_recency, reverse=True), limit))

    def _active(self, owner_id: str, client_id: str, below: tuple[int, str] | None) -> Sequence[Grant]:
        """The active ones, changed last first; an owner has at most one for each client."""
        if client_id:
            found = self.active_of(owner_id, client_id)
            rows = [] if found is None else [found]
        else:
            marks = self._work.partition(owner_key(owner_id).p, above=_ACTIVE, below=_ACTIVE + BEHIND)
            items = self._work.get_many(grant_key(mark["grant_id"]["S"]) for mark in marks)
            rows = [row for row in map(GRANTS.read, items.values()) if row.state is GrantState.ACTIVE]
        return sorted(
            (row for row in rows if below is None or _recency(row) < below), key=_recency, reverse=True
        )

    def _ended(
        self,
        owner_id: str,
        client_id: str,
        below: tuple[int, str] | None,
        states: Collection[GrantState],
        page: int,
    ) -> Iterator[Grant]:
        """The others, ended last first; what is not wanted is passed over without reading its grant."""
        if not set(states) - {GrantState.ACTIVE}:
            return
        marks = self._work.partition(
            owner_key(owner_id).p,
            above=_ENDED,
            below=_ENDED + (BEHIND if below is None else place(*below)),
            descending=True,
            page=page,
        )
        wanted = (
            grant_key(mark["grant_id"]["S"])
            for mark in marks
            if GrantState(mark["state"]["S"]) in states and client_id in {"", mark["client_id"]["S"]}
        )
        while batch := list(islice(wanted, page)):
            yield from map(GRANTS.read, self._work.get_many(batch).values())

    def active_of_owners(self, owner_ids: Collection[str]) -> Sequence[Grant]:
        active = (GrantState.ACTIVE,)
        return [row for owner_id in owner_ids for row in self.of_owner(owner_id, active, limit=1000)]

    def all(
        self,
        *,
        client_id: str = "",
        states: Iterable[GrantState] | None = None,
        after: str = "",
        limit: int = 500,
    ) -> Sequence[Grant]:
        wanted = frozenset(GrantState if states is None else states)
        index, kind = (OTHERS, of_client(client_id)) if client_id else (LISTS, ALL)
        items = self._work.find(index, all_shards(kind), above=after or None, page=min(limit, 100))
        return list(islice((row for row in map(GRANTS.read, items) if row.state in wanted), limit))

    def ending(self, behind: tuple[int, str], until: int, limit: int) -> Sequence[Grant]:
        found = self._work.find(
            WORK, all_shards(_DUE), above=place(*behind), below=place(until + 1), page=min(limit, 100)
        )
        return [GRANTS.read(item) for item in islice(found, limit)]

    def due(self, now: int, limit: int) -> Sequence[Grant]:
        found = self._work.find(WORK, all_shards(_DUE), below=place(now + 1), page=min(limit, 100))
        return [GRANTS.read(item) for item in islice(found, limit)]

    def _list(self, grant: Grant) -> None:
        """Let it be found among its owner's."""
        if grant.state is GrantState.ACTIVE:
            self._work.add(listed_item(grant), "the owner has an active grant for this client already")
        else:
            self._work.put(listed_item(grant))

    def _unlist(self, grant: Grant) -> None:
        if grant.state is not GrantState.ACTIVE:
            self._work.discard(_ended_key(grant))
        elif mark := self._work.get(active_key(grant.owner_id, grant.client_id)):
            self._work.drop(mark)


def _ended_key(grant: Grant) -> Key:
    return owner_key(grant.owner_id, _ENDED + place(*_recency(grant)))


def listed_item(grant: Grant) -> Item:
    """The item by which it is found among its owner's: as the active one of the client, or by when it ended."""
    named = {"grant_id": {"S": grant.grant_id}}
    if grant.state is GrantState.ACTIVE:
        return {**active_key(grant.owner_id, grant.client_id).attributes, **named}
    about = {"client_id": {"S": grant.client_id}, "state": {"S": grant.state.value}}
    return {**_ended_key(grant).attributes, **named, **about}


def grant_item(grant: Grant) -> Item:
    """The item of a grant."""
    grant_id = grant.grant_id
    item = {
        **GRANTS.write(grant),
        **grant_key(grant_id).attributes,
        **indexed(LISTS, shard(ALL, grant_id), grant_id),
        **indexed(OTHERS, shard(of_client(grant.client_id), grant_id), grant_id),
    }
    if grant.state is GrantState.ACTIVE:
        item.update(indexed(WORK, shard(_DUE, grant_id), place(grant.expires_at, grant_id)))
    return item


def of_client(client_id: str) -> str:
    """The partition of a client's grants, before its shard."""
    return name("GRANTS-OF", client_id)


def _recency(grant: Grant) -> tuple[int, str]:
    return (grant.changed_at, grant.grant_id)
