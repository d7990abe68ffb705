"""Deliveries: the worker's end of the outbox."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice

from consentcore.api import Delivery, Notice, Settlement
from consentcore_dynamodb.capabilities import MOST_ITEMS
from consentcore_dynamodb.changes import ABSENT, Change, put, version
from consentcore_dynamodb.claims import Claim
from consentcore_dynamodb.delivery_items import MARK, mark_key, new_delivery_item, rewriting, settled
from consentcore_dynamodb.engine import Table
from consentcore_dynamodb.errors import Collision, Refused
from consentcore_dynamodb.keys import WORK, Item, Key, all_shards, delivery_key, notice_key, number, without
from consentcore_dynamodb.notices import UNEXPANDED
from consentcore_dynamodb.owners import BEHIND
from consentcore_dynamodb.records import ATTEMPTS, DELIVERIES, NOTICES
from consentcore_dynamodb.work import Work

TRIES = 8
"""How often a write looks again after it was refused."""


class DynamoOutbox:
    """:class:`consentcore.api.OutboxStorage` in DynamoDB."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def waiting(self, now: int, *, lease_ms: int, notifiers: Sequence[str]) -> bool:
        if any(self._unexpanded(page=1)):
            return True
        return any(Claim(self._table, now, lease_ms, notifiers).candidates(page=1))

    def unexpanded(self, limit: int, skip: int = 0) -> Sequence[Notice]:
        found = self._unexpanded(page=min(limit + skip, 100))
        return [NOTICES.read(item) for item in islice(found, skip, skip + limit)]

    def _unexpanded(self, page: int) -> Iterable[Item]:
        work = Work(self._table, writable=False, remembers=False)
        return work.find(WORK, all_shards(UNEXPANDED), page=page)

    def expand_all(
        self, deliveries: Mapping[str, Sequence[Delivery]], now: int, *, again: bool = False
    ) -> int:
        wanted = {notice_id: list(theirs) for notice_id, theirs in deliveries.items()}
        for _ in range(TRIES):
            try:
                return self._expand(wanted, now, again=again)
            except Refused:
                continue
        raise Collision("others expand the same notices at the same time")

    def _expand(self, wanted: Mapping[str, Sequence[Delivery]], now: int, *, again: bool) -> int:
        notices = self._table.get_many(map(notice_key, wanted))
        marks: list[Change] = []
        made: list[list[Change]] = []
        for notice_id, theirs in wanted.items():
            notice = notices.get(notice_key(notice_id))
            if notice is None or ("expanded_at" in notice and not again):
                continue
            made += self._lacking(notice, theirs)
            if "expanded_at" not in notice:
                marks.append(_marking(notice, now))
        while 2 * len(made) + len(marks) > MOST_ITEMS:
            # More than one commit takes: the notice counts as expanded when it has the last of them.
            self._table.write([change for pair in made[: MOST_ITEMS // 2] for change in pair])
            made = made[MOST_ITEMS // 2 :]
        if made or marks:
            self._table.write([*(change for pair in made for change in pair), *marks])
        return len(marks)

    def _lacking(self, notice: Item, theirs: Iterable[Delivery]) -> list[list[Change]]:
        """What stores those deliveries of a notice that are not there."""
        if not theirs:
            return []
        there = {Key(item["p"]["S"], item["s"]["S"]) for item in self._marks(notice["p"]["S"])}
        made = []
        for delivery in theirs:
            mark = mark_key(delivery)
            if mark not in there:
                there.add(mark)
                named = {**mark.attributes, "delivery_id": {"S": delivery.delivery_id}}
                made.append([put(named, ABSENT), put(new_delivery_item(delivery, notice), ABSENT)])
        return made

    def _marks(self, partition: str) -> Iterable[Item]:
        return self._table.query(partition, above=MARK, below=MARK + BEHIND)

    def claim_deliveries(
        self,
        now: int,
        *,
        limit: int,
        lease_ms: int,
        notifiers: Sequence[str],
        per_target: int | None = None,
        busy: Collection[tuple[str, str]] = (),
    ) -> Sequence[Delivery]:
        claim = Claim(self._table, now, lease_ms, notifiers, per_target=per_target, busy=busy)
        return list(islice(claim.deliveries(limit), limit))

    def settle_all(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        wanted = list(settlements)
        for _ in range(TRIES):
            try:
                return self._settle(wanted)
            except Refused:
                continue
        raise Collision("others settle the same deliveries at the same time")

    def _settle(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        items = self._table.get_many(delivery_key(one.delivery_id) for one in settlements)
        changes: list[Change] = []
        done = []
        for one in settlements:
            before = items.get(delivery_key(one.delivery_id))
            delivery = DELIVERIES.read_from(before)
            if before is None or delivery is None or not _holds(delivery, one):
                done.append(False)
                continue
            done.append(True)
            changes.append(rewriting(before, settled(delivery, one)))
            if one.attempt is not None:
                key = Key(delivery_key(one.delivery_id).p, number(one.attempt.number))
                changes.append(put({**ATTEMPTS.write(one.attempt), **key.attributes}))
        if changes:
            self._table.write(changes)
        return done


def _holds(delivery: Delivery, settlement: Settlement) -> bool:
    return delivery.lease_token != "" and delivery.lease_token == settlement.lease_token


def _marking(notice: Item, now: int) -> Change:
    """What notes that a notice has its deliveries."""
    seen = int(notice["v"]["N"])
    expanded = {"expanded_at": {"N": str(now)}, "v": {"N": str(seen + 1)}}
    return put({**without(notice, WORK), **expanded}, version(seen))
