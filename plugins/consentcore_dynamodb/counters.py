"""Counters in fixed windows. Each verb is a write of its own, outside any request's transaction."""

from __future__ import annotations

from consentcore_dynamodb.changes import update
from consentcore_dynamodb.engine import Table
from consentcore_dynamodb.keys import Key, digest, key_of, lifetime, name, place, purge_at


class DynamoCounters:
    """:class:`consentcore.api.CounterStorage` in DynamoDB.

    Where an answer gets lost a hit may be counted that its caller never heard of: too many, never too few.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def hit(self, key: str, now: int, window_ms: int) -> int:
        at = _window(key, now, window_ms)
        end = now - now % window_ms + window_ms
        kept = {**purge_at("COUNTER", at.p + at.s, end), **lifetime(end)}
        counting = update(
            at,
            f"SET {', '.join(f'#{name} = :{name}' for name in kept)} ADD #hits :one",
            [*kept, "hits"],
            {":one": {"N": "1"}, **{f":{name}": value for name, value in kept.items()}},
        )
        return int(self._table.write_one(counting)["Attributes"]["hits"]["N"])

    def count(self, key: str, now: int, window_ms: int) -> int:
        found = self._table.get(_window(key, now, window_ms))
        return 0 if found is None else int(found["hits"]["N"])

    def reset(self, key: str) -> None:
        self._table.remove(map(key_of, self._table.query(_partition(key))))


def _partition(key: str) -> str:
    return name("COUNTER", digest(key))


def _window(key: str, now: int, window_ms: int) -> Key:
    return Key(_partition(key), place(window_ms, now - now % window_ms))
