"""Claiming deliveries: by the index of what is due, each by a write of its own that only one worker can win."""

from __future__ import annotations

import heapq
import secrets
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import islice

from consentcore.api import Delivery, DeliveryState
from consentcore_dynamodb.delivery_items import DUE, rewriting
from consentcore_dynamodb.engine import Table
from consentcore_dynamodb.errors import Refused
from consentcore_dynamodb.keys import WORK, Item, all_shards, key_of, place
from consentcore_dynamodb.records import DELIVERIES

Address = tuple[str, str]
"""Notifier and target."""

PAGE = 200


class Claim:
    """One call of a worker.

    :param per_target: at most so many of one target.
    :param busy: targets to leave out.
    """

    def __init__(
        self,
        table: Table,
        now: int,
        lease_ms: int,
        notifiers: Collection[str],
        *,
        per_target: int | None = None,
        busy: Collection[Address] = (),
    ) -> None:
        self._table = table
        self._now = now
        self._lease_ms = lease_ms
        self._notifiers = frozenset(notifiers)
        self._per_target = per_target
        self._busy = frozenset(busy)
        self._taken: Counter[Address] = Counter()

    def candidates(self, page: int = PAGE) -> Iterator[Item]:
        """What the index shows of deliveries that can be claimed, earliest due first."""
        shards = (
            self._table.query(one, index=WORK, below=place(self._now + 1), page=page)
            for one in all_shards(DUE)
        )
        return filter(self._is_wanted, heapq.merge(*shards, key=lambda hint: hint[WORK.place]["S"]))

    def deliveries(self, limit: int) -> Iterator[Delivery]:
        """Those that were won, as they are now."""
        hints = self.candidates(page=min(PAGE, 2 * limit))
        while batch := list(islice(hints, limit)):
            items = self._table.get_many(map(key_of, batch))
            for hint in batch:
                won = self._won(items.get(key_of(hint)))
                if won is not None:
                    yield won

    def _won(self, item: Item | None) -> Delivery | None:
        if item is None or not self._is_wanted(item):
            return None
        delivery = DELIVERIES.read(item)
        if delivery.state is not DeliveryState.PENDING or delivery.next_at > self._now:
            return None
        claimed = replace(
            delivery,
            lease_until=self._now + self._lease_ms,
            lease_token=secrets.token_hex(16),
            attempts=delivery.attempts + 1,
        )
        try:
            self._table.write_one(rewriting(item, claimed))
        except Refused:
            return None
        self._taken[_address(item)] += 1
        return claimed

    def _is_wanted(self, item: Item) -> bool:
        address = _address(item)
        if address[0] not in self._notifiers or address in self._busy or self._is_leased(item):
            return False
        return self._per_target is None or self._taken[address] < self._per_target

    def _is_leased(self, item: Item) -> bool:
        """A lease that ends too late was given by a clock that was wrong, and does not count."""
        until = int(item["lease_until"]["N"]) if "lease_until" in item else None
        return until is not None and self._now < until <= self._now + 2 * self._lease_ms


def _address(item: Item) -> Address:
    return (item["notifier"]["S"], item["target"]["S"])
