"""One table: its requests, which are tried again where that may help, and never leave an error of boto3 unwrapped."""

from __future__ import annotations

import heapq
import random
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from consentcore.api import StorageUnavailable
from consentcore_dynamodb.changes import Change, delete, put
from consentcore_dynamodb.errors import Refused, is_refusal, may_pass, storage_error
from consentcore_dynamodb.keys import TABLE, Index, Item, Key, key_of
from consentcore_dynamodb.recent import Recent
from consentcore_dynamodb.settings import DynamoSettings

READ_AT_ONCE = 100
"""Keys that one ``BatchGetItem`` takes."""
WRITTEN_AT_ONCE = 25
"""Items that one ``BatchWriteItem`` takes."""
_SLOWEST_S = 0.8


class Table:
    """The table of a storage. May be used by any thread.

    Reads see whatever was committed before they began, but for those through an index, which may be late with what
    other processes have written.
    """

    def __init__(self, settings: DynamoSettings) -> None:
        self.name = settings.table
        self._settings = settings
        self._lock = threading.Lock()
        self._client: Any = None
        self._recent = Recent()

    @property
    def client(self) -> Any:
        """The client of boto3, made once: it may be used by any thread, making it may not."""
        with self._lock:
            if self._client is None:
                self._client = _connect(self._settings)
            return self._client

    def close(self) -> None:
        """Give connections back; the next request opens new ones."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = None

    def call(self, ask: Callable[[], Any], *, repeatable: bool = True) -> Any:
        """Ask the service, again where it was busy.

        :param repeatable: asking twice does what asking once does; else only what surely was not done is tried again.
        :raises Refused: when a condition does not hold.
        """
        unanswered = 0
        for attempt in range(self._settings.attempts):
            try:
                return ask()
            except (ClientError, BotoCoreError) as error:
                if is_refusal(error):
                    raise Refused from None
                unanswered += not isinstance(error, ClientError)
                last = attempt + 1 >= self._settings.attempts or unanswered > 1
                if last or not may_pass(error, repeatable=repeatable):
                    raise storage_error(error, self.name) from error
            _pause(attempt)
        raise AssertionError("attempts must be 1 or more")

    def get(self, key: Key) -> Item | None:
        """The item, or None."""
        if not key.fits:
            return None
        asked = {"TableName": self.name, "Key": key.attributes, "ConsistentRead": True}
        found: Item | None = self.call(lambda: self.client.get_item(**asked)).get("Item")
        return found

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """Those of the named items that there are."""
        wanted = (key for key in dict.fromkeys(keys) if key.fits)
        found: dict[Key, Item] = {}
        while batch := list(islice(wanted, READ_AT_ONCE)):
            left: list[Item] = [key.attributes for key in batch]
            for attempt in self._until_done():
                items, left = self._batch(left)
                found.update((key_of(item), item) for item in items)
                if not left:
                    break
                _pause(attempt)
        return found

    def _batch(self, keys: Sequence[Item]) -> tuple[list[Item], list[Item]]:
        asked = {self.name: {"Keys": keys, "ConsistentRead": True}}
        answer = self.call(lambda: self.client.batch_get_item(RequestItems=asked))
        left = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
        return answer.get("Responses", {}).get(self.name, []), left

    def query(
        self,
        partition: str,
        *,
        index: Index = TABLE,
        above: str | None = None,
        below: str | None = None,
        descending: bool = False,
        page: int = 100,
    ) -> Iterator[Item]:
        """Items of a partition by place, strictly between two places; of an index only what it shows of them.

        :param page: so many are read at once.
        """
        if not Key(partition).fits:
            return
        asked: dict[str, Any] = {
            "TableName": self.name,
            "ScanIndexForward": not descending,
            "Limit": page,
            **_between(index, partition, above, below),
        }
        if not index.name:
            yield from self._pages({**asked, "ConsistentRead": True}, TABLE, {above, below})
            return
        own = self._recent.among(index, partition, above, below)
        known = {key_of(item): item[index.place] for item in own}
        shown = self._pages({**asked, "IndexName": index.name}, index, {above, below})
        others = (item for item in shown if known.get(key_of(item)) != item[index.place])
        own = own[::-1] if descending else own
        yield from heapq.merge(others, own, key=lambda item: str(item[index.place]["S"]), reverse=descending)

    def hints(self, index: Index, partition: str, *, below: str | None = None, page: int) -> Iterator[Item]:
        """What an index shows, for whoever counts it without reading the items: less what this process has changed."""
        for item in self.query(partition, index=index, below=below, page=page):
            if not self._recent.moved(index, item):
                yield item

    def _pages(self, asked: dict[str, Any], index: Index, ends: Collection[str | None]) -> Iterator[Item]:
        """What a query finds, but for what is at its ends."""
        while True:
            answer = self.call(lambda: self.client.query(**asked))
            yield from (item for item in answer["Items"] if item[index.place]["S"] not in ends)
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def write(self, changes: Collection[Change]) -> None:
        """Commit changes of different items, all or none.

        :raises Refused: when a condition does not hold.
        """
        # The token makes asking again harmless where the answer got lost.
        asked = {
            "TransactItems": [change.request(self.name) for change in changes],
            "ClientRequestToken": str(uuid.uuid4()),
        }
        with self._remembering(changes):
            self.call(lambda: self.client.transact_write_items(**asked))

    @contextmanager
    def _remembering(self, changes: Collection[Change]) -> Iterator[None]:
        """Remember what is written inside the block."""
        try:
            yield
        except Refused:
            raise
        except BaseException:
            self._recent.forget(changes)
            raise
        self._recent.note(changes)

    def write_one(self, change: Change) -> dict[str, Any]:
        """Commit one change at half the price; what it removed is in ``Attributes``.

        :raises Refused: when its condition does not hold.
        """
        asked: Any = change.request(self.name)[change.action]
        verb = {
            "Put": self.client.put_item,
            "Delete": self.client.delete_item,
            "Update": self.client.update_item,
        }
        if change.action == "Delete":
            asked["ReturnValues"] = "ALL_OLD"
        if change.action == "Update":
            asked["ReturnValues"] = "UPDATED_NEW"
        repeatable = change.action == "Put" and change.condition is None
        with self._remembering([change]):
            answer: dict[str, Any] = self.call(lambda: verb[change.action](**asked), repeatable=repeatable)
        return answer

    def scan(self, after: Item | None, limit: int) -> tuple[list[Item], Item | None]:
        """The next items of the whole table.

        :param after: key of the last one that was looked at; None begins.
        :returns: them, and the key of the last one; None behind the end.
        """
        asked: dict[str, Any] = {"TableName": self.name, "Limit": limit, "ConsistentRead": True}
        asked.update({"ExclusiveStartKey": after} if after else {})
        answer = self.call(lambda: self.client.scan(**asked))
        return answer["Items"], answer.get("LastEvaluatedKey")

    def remove(self, keys: Iterable[Key]) -> None:
        """Remove items, one after the other or not."""
        self.write_each(map(delete, keys))

    def put_all(self, items: Iterable[Item]) -> None:
        """Store different items, whatever was there, one after the other or not."""
        self.write_each(map(put, items))

    def write_each(self, changes: Iterable[Change]) -> None:
        """Put and delete different items, one after the other or not, at half the price of a commit.

        :param changes: without conditions.
        """
        wanted = iter(changes)
        while batch := list(islice(wanted, WRITTEN_AT_ONCE)):
            with self._remembering(batch):
                self._write_batch([{f"{change.action}Request": change.parts} for change in batch])

    def _write_batch(self, requests: Sequence[Item]) -> None:
        left: Any = {self.name: requests}
        for attempt in self._until_done():
            left = self._not_written(left)
            if not left:
                return
            _pause(attempt)

    def _not_written(self, wanted: Any) -> Any:
        """Write; what was left over."""
        return self.call(lambda: self.client.batch_write_item(RequestItems=wanted)).get("UnprocessedItems")

    def _until_done(self) -> Iterator[int]:
        """Count the tries of what the service takes in parts.

        :raises StorageUnavailable: when it has not taken all of it.
        """
        yield from range(self._settings.attempts)
        raise StorageUnavailable(f"DynamoDB takes less than is asked of table {self.name!r}")


def _pause(attempt: int) -> None:
    # Chance keeps two that collided from colliding again; nothing secret depends on it.
    time.sleep(random.random() * min(_SLOWEST_S, 0.025 * 2**attempt))  # noqa: S311 - not a secret


def _between(index: Index, partition: str, above: str | None, below: str | None) -> dict[str, Any]:
    values: Item = {":p": {"S": partition}}
    text = "#p = :p"
    names = {"#p": index.partition}
    for sign, at in ((">", above), ("<", below)):
        if at is not None:
            values[f":{'a' if sign == '>' else 'b'}"] = {"S": at}
    if above is not None and below is not None:
        text += " AND #s BETWEEN :a AND :b"
    elif above is not None:
        text += " AND #s > :a"
    elif below is not None:
        text += " AND #s < :b"
    if len(values) > 1:
        names["#s"] = index.place
    return {
        "KeyConditionExpression": text,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _connect(settings: DynamoSettings) -> Any:
    config = Config(
        connect_timeout=settings.connect_timeout_s,
        read_timeout=settings.timeout_s,
        retries={"total_max_attempts": 1},  # :meth:`Table.call` knows what may be repeated
        max_pool_connections=settings.connections,
    )
    session = boto3.session.Session(region_name=settings.region)
    return session.client("dynamodb", config=config, endpoint_url=settings.endpoint_url or None)
