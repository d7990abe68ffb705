"""Removing what has no more use. Evidence and notices are not among what is named here.

What DynamoDB has removed by itself, because its attribute ``ttl`` said so, is not found here any more and does not
count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from consentcore.api import DELIVERY_LOG_MS, DeliveryState
from consentcore_dynamodb.changes import delete, put, version
from consentcore_dynamodb.delivery_items import LOG, mark_key
from consentcore_dynamodb.disclosures import settle_early
from consentcore_dynamodb.engine import Table
from consentcore_dynamodb.errors import Refused
from consentcore_dynamodb.keys import (
    LISTS,
    OTHERS,
    TOKEN_SHARDS,
    WORK,
    Index,
    Item,
    all_shards,
    family_key,
    key_of,
    owner_key,
    place,
    purge_at,
    without,
)
from consentcore_dynamodb.records import DELIVERIES
from consentcore_dynamodb.token_items import NONCES
from consentcore_dynamodb.work import Work

KINDS = {
    "sessions": "SESSION",
    "tickets": "TICKET",
    "registration_tokens": "REGISTRATION",
    "pushed": "PUSHED",
    "used_once": "USED",
    "counters": "COUNTER",
}
"""What is over when its time is over, by the name in the report."""


class Purge:
    """One call.

    :param limit: most items of each kind.
    """

    def __init__(self, table: Table, now: int, limit: int) -> None:
        self._table = table
        self._now = now
        self._limit = limit

    def counts(self) -> dict[str, int]:
        """Remove; how many of each kind."""
        counts = {
            "nonces": self._each(self._found(OTHERS, NONCES, TOKEN_SHARDS), self._forget_nonce),
            "tokens": self._each(self._over("TOKEN", TOKEN_SHARDS), self._remove),
            "codes": self._each(self._over("CODE", TOKEN_SHARDS), self._remove_code),
            "families": self._each(self._over("FAMILY", TOKEN_SHARDS), self._remove_family),
            "deliveries": self._each(self._old_deliveries(), self._remove_delivery),
        }
        for word, kind in KINDS.items():
            counts[word] = self._each(self._over(kind), self._remove)
        settle_early(self._table, self._limit)
        return counts

    def _each(self, items: Iterator[Item], remove: Callable[[Item], bool]) -> int:
        return sum(1 for _ in islice(filter(remove, items), self._limit))

    def _over(self, kind: str, shards: int | None = None) -> Iterator[Item]:
        return self._found(WORK, f"PURGE#{kind}", shards)

    def _found(self, index: Index, kind: str, shards: int | None = None) -> Iterator[Item]:
        work = Work(self._table, writable=False, remembers=False)
        partitions = all_shards(kind) if shards is None else all_shards(kind, shards=shards)
        return work.find(index, partitions, below=place(self._now + 1), page=min(self._limit, 100))

    def _remove(self, item: Item) -> bool:
        """Remove it, unless somebody has changed it meanwhile."""
        seen = version(int(item["v"]["N"])) if "v" in item else None
        try:
            self._table.write_one(delete(key_of(item), seen))
        except Refused:
            return False
        if "owner_id" in item and "#" in item["p"]["S"]:
            self._table.remove([owner_key(item["owner_id"]["S"], item["p"]["S"])])
        return True

    def _forget_nonce(self, item: Item) -> bool:
        seen = int(item["v"]["N"])
        bare = {name: value for name, value in without(item, OTHERS).items() if name != "nonce"}
        bare.update(nonce_key_id={"S": ""}, sealed_access={"B": b""}, v={"N": str(seen + 1)})
        return self._written(bare, seen)

    def _remove_code(self, item: Item) -> bool:
        """A used one is kept as long as its replay endangers a token."""
        family = self._table.get(family_key(item["family_id"]["S"]))
        ends_at = int(family["ends_at"]["N"]) if family is not None and "used_at" in item else 0
        if ends_at <= self._now:
            return self._remove(item)
        self._later(item, purge_at("CODE", item["code_hash"]["B"].hex(), ends_at, shards=TOKEN_SHARDS))
        return False

    def _remove_family(self, item: Item) -> bool:
        ends_at = int(item["ends_at"]["N"])
        if ends_at <= self._now:
            return self._remove(item)
        family_id = item["p"]["S"].partition("#")[2]
        self._later(item, purge_at("FAMILY", family_id, ends_at, shards=TOKEN_SHARDS))
        return False

    def _later(self, item: Item, listed: Item) -> None:
        seen = int(item["v"]["N"])
        self._written({**item, **listed, "v": {"N": str(seen + 1)}}, seen)

    def _written(self, item: Item, seen: int) -> bool:
        try:
            self._table.write_one(put(item, version(seen)))
        except Refused:
            return False
        return True

    def _old_deliveries(self) -> Iterator[Item]:
        work = Work(self._table, writable=False, remembers=False)
        before = place(self._now - DELIVERY_LOG_MS + 1)
        found = work.find(LISTS, all_shards(LOG), below=before, page=min(self._limit, 100))
        return (item for item in found if item["state"]["S"] != DeliveryState.PENDING)

    def _remove_delivery(self, item: Item) -> bool:
        if not self._remove(item):
            return False
        attempts = map(key_of, self._table.query(item["p"]["S"], above="-"))
        self._table.remove([mark_key(DELIVERIES.read(item)), *attempts])
        return True
