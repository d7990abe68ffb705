"""Grants inside a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from consentcore.api import Client, Grant, GrantState
from consentcore_dynamodb.keys import (
    LISTS,
    OTHERS,
    WORK,
    Item,
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
from consentcore_dynamodb.owners import marked
from consentcore_dynamodb.records import CLIENTS, GRANTS
from consentcore_dynamodb.work import Work

ALL = "GRANTS"
_DUE = "DUE-GRANTS"
GRANT_MARK = "GRANT#"
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
        self._work.put(owner_key(grant.owner_id, GRANT_MARK + grant.grant_id).attributes)
        if grant.state is GrantState.ACTIVE:
            self._make_active(grant)

    def update(self, grant: Grant, *, expected_sequence: int) -> None:
        before = self._work.get(grant_key(grant.grant_id), lock=True)
        known = GRANTS.read_from(before)
        if before is None or known is None or known.sequence != expected_sequence:
            raise self._work.collision(f"grant {grant.grant_id} has changed meanwhile")
        was, will_be = (one.state is GrantState.ACTIVE for one in (known, grant))
        if was and not will_be:
            self._end_active(known)
        if will_be and not was:
            self._make_active(grant)
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
        items = self._work.get_many(map(grant_key, marked(self._work, owner_id, GRANT_MARK))).values()
        rows = [
            row for row in map(GRANTS.read, items) if row.state in wanted and client_id in {"", row.client_id}
        ]
        if after:
            last = self.get(after)
            rows = [row for row in rows if last is not None and _recency(row) < _recency(last)]
        return sorted(rows, key=_recency, reverse=True)[:limit]

    def all(
        self,
        *,
        client_id: str = "",
        states: Iterable[GrantState] | None = None,
        after: str = "",
        limit: int = 500,
    ) -> Sequence[Grant]:
        wanted = frozenset(GrantState if states is None else states)
        index, kind = (OTHERS, _of_client(client_id)) if client_id else (LISTS, ALL)
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

    def _end_active(self, grant: Grant) -> None:
        mark = self._work.get(active_key(grant.owner_id, grant.client_id))
        if mark is not None:
            self._work.drop(mark)

    def _make_active(self, grant: Grant) -> None:
        self._work.add(active_item(grant), "the owner has an active grant for this client already")


def active_item(grant: Grant) -> Item:
    """The item that says that it is the active one of its owner and client."""
    return {
        **active_key(grant.owner_id, grant.client_id).attributes,
        "grant_id": {"S": grant.grant_id},
    }


def grant_item(grant: Grant) -> Item:
    """The item of a grant."""
    grant_id = grant.grant_id
    item = {
        **GRANTS.write(grant),
        **grant_key(grant_id).attributes,
        **indexed(LISTS, shard(ALL, grant_id), grant_id),
        **indexed(OTHERS, shard(_of_client(grant.client_id), grant_id), grant_id),
    }
    if grant.state is GrantState.ACTIVE:
        item.update(indexed(WORK, shard(_DUE, grant_id), place(grant.expires_at, grant_id)))
    return item


def _of_client(client_id: str) -> str:
    return name("GRANTS-OF", client_id)


def _recency(grant: Grant) -> tuple[int, str]:
    return (grant.changed_at, grant.grant_id)
