"""The objects of the transparency log inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice

from consentcore.api import LogObject
from consentcore_dynamodb.keys import Item, Key, name
from consentcore_dynamodb.records import LOG_OBJECTS
from consentcore_dynamodb.work import Work


class DynamoTlog:
    """:class:`consentcore.api.TlogRepository` in DynamoDB: a partition for each folder."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, path: str, *, lock: bool = False) -> LogObject | None:
        return LOG_OBJECTS.read_from(self._work.get(object_key(path), lock=lock))

    def put(self, new: LogObject) -> None:
        key = object_key(new.path)
        item: Item = {**LOG_OBJECTS.write(new), **key.attributes}
        before = self._work.get(key)
        if before is None:
            self._work.add(item, f"somebody else has just stored {new.path}")
        else:
            self._work.replace(before, item)

    def list(self, folder: str, *, after: str = "", limit: int = 100) -> Sequence[LogObject]:
        items = self._work.partition(name("LOG", folder), above=after or None, page=min(limit, 100))
        return [LOG_OBJECTS.read(item) for item in islice(items, limit)]

    def remove(self, paths: Collection[str]) -> None:
        for path in paths:
            if self._work.get(object_key(path)) is not None:
                self._work.discard(object_key(path))


def object_key(path: str) -> Key:
    """An object of the log."""
    return Key(name("LOG", path.partition("/")[0]), path)
