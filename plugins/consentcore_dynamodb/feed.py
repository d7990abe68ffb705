"""The feeds of clients.

A place is found through an index that may be late, but places have no gaps: where one is missing, the page ends, and
the next one begins there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from consentcore.api import NotFound, Notice
from consentcore_dynamodb.capabilities import CAPABILITIES
from consentcore_dynamodb.keys import (
    LISTS,
    OTHERS,
    Item,
    Key,
    all_shards,
    event_key,
    indexed,
    name,
    notice_key,
    number,
    without,
)
from consentcore_dynamodb.notices import without_place
from consentcore_dynamodb.records import NOTICES
from consentcore_dynamodb.work import Work


class DynamoFeed:
    """:class:`consentcore.api.FeedRepository` in DynamoDB."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def enter(self, client_id: str, limit: int) -> int:
        key = feed_key(client_id)
        counted = self._work.get(key, lock=True)
        taken = 0 if counted is None else int(counted["places"]["N"])
        waiting = list(islice(self._waiting(client_id), CAPABILITIES.fits(limit)))
        for at, before in enumerate(waiting, start=taken + 1):
            self._work.replace(before, {**without(before, OTHERS), **placed(client_id, at)})
        if waiting:
            after = {**key.attributes, "places": {"N": str(taken + len(waiting))}}
            if counted is None:
                self._work.add(after, "somebody else gives places in this feed")
            else:
                self._work.replace(counted, after)
        return len(waiting)

    def page(self, client_id: str, *, after: str = "", limit: int = 100) -> Sequence[Notice]:
        start = 0
        if after:
            last = self._work.get(notice_key(after))
            if last is None or "place" not in last or last["client_id"]["S"] != client_id:
                raise NotFound("event", after)
            start = int(last["place"]["N"])
        found = self._work.find(LISTS, [name("FEED", client_id)], above=number(start), page=min(limit, 100))
        whole = enumerate(islice(found, limit), start=start + 1)
        page = []
        for at, item in whole:
            if int(item["place"]["N"]) != at:
                break
            page.append(NOTICES.read(item))
        return page

    def _waiting(self, client_id: str) -> Iterator[Item]:
        """Notices of events without a place, those of a grant by their chain, whatever the index shows of it."""
        shards = all_shards(without_place(client_id))
        hints = self._work.find(OTHERS, shards)
        seen: set[Key] = set()
        while batch := list(islice(hints, 50)):
            events = self._work.get_many(event_key(item["notice_id"]["S"]) for item in batch)
            for item in batch:
                event = events.get(event_key(item["notice_id"]["S"]))
                if event is None:
                    continue  # a test of an endpoint
                for one in [*self._earlier(event, client_id), item]:
                    key = notice_key(one["notice_id"]["S"])
                    if key not in seen:
                        seen.add(key)
                        yield one

    def _earlier(self, event: Item, client_id: str) -> Iterable[Item]:
        """Notices of earlier events of the same grant that have no place either."""
        sequence = int(event["sequence"]["N"])
        if sequence == 1:
            return []
        chain = self._work.partition(name("CHAIN", event["grant_id"]["S"]), below=number(sequence))
        notices = self._work.get_many(notice_key(item["event_id"]["S"]) for item in chain)
        return [
            item
            for item in notices.values()
            if OTHERS.partition in item and item["client_id"]["S"] == client_id
        ]


def feed_key(client_id: str) -> Key:
    """What counts the places in the feed of a client."""
    return Key(name("FEED", client_id))


def placed(client_id: str, at: int) -> Item:
    """What gives a notice a place in a feed."""
    return {"place": {"N": str(at)}, **indexed(LISTS, feed_key(client_id).p, number(at))}
