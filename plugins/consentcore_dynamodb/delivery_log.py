"""The delivery log: what people see of deliveries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice

from consentcore.api import UNDELIVERED, Attempt, Delivery, DeliveryState, NoticeKind, OutboxStats
from consentcore_dynamodb.delivery_items import (
    DEAD,
    DUE,
    LOG,
    MARK,
    client_log,
    due_again,
    is_leased,
    rewriting,
    target_log,
)
from consentcore_dynamodb.engine import Table
from consentcore_dynamodb.errors import Refused
from consentcore_dynamodb.keys import (
    LISTS,
    OTHERS,
    TARGETS,
    WORK,
    Index,
    Item,
    all_shards,
    delivery_key,
    notice_key,
    place,
)
from consentcore_dynamodb.notices import UNEXPANDED
from consentcore_dynamodb.owners import BEHIND
from consentcore_dynamodb.records import ATTEMPTS, DELIVERIES
from consentcore_dynamodb.work import Work


class DynamoDeliveryLog:
    """:class:`consentcore.api.DeliveryLogStorage` in DynamoDB."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def deliveries(
        self,
        *,
        delivery_id: str = "",
        notice_id: str = "",
        client_id: str = "",
        target: str = "",
        kind: NoticeKind | None = None,
        state: DeliveryState | None = None,
        undelivered: bool = False,
        since: int | None = None,
        until: int | None = None,
        after: str = "",
        limit: int = 100,
    ) -> Sequence[Delivery]:
        last = self._table.get(delivery_key(after)) if after else None
        if after and last is None:
            return []
        below = _newness(DELIVERIES.read(last)) if last is not None else None

        def shown(item: Item) -> bool:
            row = DELIVERIES.read(item)
            return (
                delivery_id in {"", row.delivery_id}
                and notice_id in {"", row.notice_id}
                and client_id in {"", item["client_id"]["S"]}
                and target in {"", row.target}
                and kind in {None, item["kind"]["S"]}
                and state in {None, row.state}
                and (not undelivered or row.state in UNDELIVERED)
                and (since is None or row.created_at >= since)
                and (until is None or row.created_at < until)
                and (below is None or _newness(row) < below)
            )

        if delivery_id or notice_id:
            items = self._named(delivery_id, notice_id)
        else:
            above = None if since is None else place(since)
            ends = [one for one in (below, None if until is None else place(until)) if one]
            items = self._logged(client_id, target, above, min(ends, default=None), limit)
        return [DELIVERIES.read(item) for item in islice(filter(shown, items), limit)]

    def _named(self, delivery_id: str, notice_id: str) -> Iterable[Item]:
        if delivery_id:
            found = self._table.get(delivery_key(delivery_id))
            return [] if found is None else [found]
        marks = self._table.query(notice_key(notice_id).p, above=MARK, below=MARK + BEHIND)
        items = self._table.get_many(delivery_key(mark["delivery_id"]["S"]) for mark in marks)
        return sorted(items.values(), key=lambda item: str(item[LISTS.place]["S"]), reverse=True)

    def _logged(
        self, client_id: str, target: str, above: str | None, below: str | None, limit: int
    ) -> Iterable[Item]:
        index, shards = LISTS, LOG
        if target:
            index, shards = TARGETS, target_log(target)
        elif client_id:
            index, shards = OTHERS, client_log(client_id)
        return self._look().find(
            index, all_shards(shards), above=above, below=below, descending=True, page=min(limit, 100)
        )

    def backlog(self, target: str) -> Mapping[DeliveryState, int]:
        items = self._look().find(TARGETS, all_shards(target_log(target)), page=100)
        return Counter(DeliveryState(item["state"]["S"]) for item in items)

    def attempts_of(self, delivery_ids: Sequence[str]) -> Mapping[str, Sequence[Attempt]]:
        found = {}
        for delivery_id in delivery_ids:
            items = self._table.query(delivery_key(delivery_id).p, above="-")
            attempts = [ATTEMPTS.read(item) for item in items]
            if attempts:
                found[delivery_id] = attempts
        return found

    def requeue(self, delivery_ids: Sequence[str], now: int) -> Sequence[str]:
        items = self._table.get_many(map(delivery_key, delivery_ids))
        return [one for one in delivery_ids if self._requeued(items.get(delivery_key(one)), now)]

    def _requeued(self, item: Item | None, now: int) -> bool:
        delivery = DELIVERIES.read_from(item)
        if item is None or delivery is None or is_leased(delivery.lease_until, now):
            return False
        try:
            self._table.write_one(rewriting(item, due_again(delivery, now)))
        except Refused:
            return False  # somebody has just claimed it
        return True

    def stats(self, now: int, *, notifiers: Collection[str]) -> OutboxStats:
        counts = Counter(item["notifier"]["S"] in notifiers for item in self._hints(WORK, DUE))
        oldest = [self._oldest_due(one, now, notifiers) for one in all_shards(DUE)]
        return OutboxStats(
            pending=counts[True],
            oldest_due_at=min((at for at in oldest if at is not None), default=None),
            dead=sum(1 for _ in self._hints(WORK, DEAD)),
            unexpanded=sum(1 for _ in self._hints(WORK, UNEXPANDED)),
            unnamed=counts[False],
        )

    def _oldest_due(self, partition: str, now: int, notifiers: Collection[str]) -> int | None:
        """When the first of a shard that waits for somebody to send it was due."""
        hints = self._table.hints(WORK, partition, below=place(now + 1), page=100)
        for hint in hints:
            until = int(hint["lease_until"]["N"]) if "lease_until" in hint else None
            if hint["notifier"]["S"] in notifiers and not is_leased(until, now):
                return int(hint[WORK.place]["S"].partition("#")[0])
        return None

    def _hints(self, index: Index, kind: str) -> Iterable[Item]:
        """What an index shows: counted without reading the items, and as late as it is."""
        for one in all_shards(kind):
            yield from self._table.hints(index, one, page=1000)

    def _look(self) -> Work:
        return Work(self._table, writable=False, remembers=False)


def _newness(delivery: Delivery) -> str:
    return place(delivery.created_at, delivery.delivery_id)
