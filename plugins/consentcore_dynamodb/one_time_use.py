"""What happens once: assertions, and pushed requests."""

from __future__ import annotations

from consentcore.api import OneUse, PushedRequest
from consentcore_dynamodb.changes import ABSENT, Change, Condition, delete, put
from consentcore_dynamodb.engine import Table
from consentcore_dynamodb.errors import Refused
from consentcore_dynamodb.keys import Item, Key, lifetime, name, purge_at
from consentcore_dynamodb.records import PUSHED_REQUESTS


class DynamoOnce:
    """The verbs of :class:`consentcore.api.ProtocolStorage` for what may be used once."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def use_once(self, key_hash: bytes, now: int, expires_at: int) -> bool:
        free = Condition(
            "attribute_not_exists(#p) OR #until <= :now", ("p", "until"), {":now": {"N": str(now)}}
        )
        try:
            self._table.write([put(used_item(key_hash, expires_at), free)])
        except Refused:
            return False
        return True

    def push_request(self, pushed: PushedRequest, one_use: OneUse | None = None) -> bool:
        item = pushed_item(pushed)
        if one_use is None:
            self._table.write_one(put(item))
            return True
        try:
            self._table.write([put(item), *noting(one_use)])
        except Refused:
            if self._used_before(one_use):
                return False
            raise
        return True

    def _used_before(self, one_use: OneUse | None) -> bool:
        return one_use is not None and self._table.get(_use_key(one_use.key_hash)) is not None

    def take_pushed(self, request_hash: bytes, client_id: str, now: int) -> PushedRequest | None:
        theirs = Condition(
            "#client_id = :client AND #expires_at > :now",
            ("client_id", "expires_at"),
            {":client": {"S": client_id}, ":now": {"N": str(now)}},
        )
        try:
            taken = self._table.write_one(delete(_pushed_key(request_hash), theirs))
        except Refused:
            return None
        return PUSHED_REQUESTS.read(taken["Attributes"])


def noting(one_use: OneUse | None) -> list[Change]:
    """What notes that something is used, as a part of a write that nobody else does with it."""
    return [] if one_use is None else [put(used_item(one_use.key_hash, one_use.expires_at), ABSENT)]


def _use_key(key_hash: bytes) -> Key:
    return Key(name("USED", key_hash))


def used_item(key_hash: bytes, expires_at: int) -> Item:
    """The item of what was used up."""
    key = _use_key(key_hash)
    return {
        **key.attributes,
        "until": {"N": str(expires_at)},
        **purge_at("USED", key.p, expires_at),
        **lifetime(expires_at),
    }


def pushed_item(pushed: PushedRequest) -> Item:
    """The item of a pushed request."""
    key = _pushed_key(pushed.request_hash)
    return {
        **PUSHED_REQUESTS.write(pushed),
        **key.attributes,
        **purge_at("PUSHED", key.p, pushed.expires_at),
        **lifetime(pushed.expires_at),
    }


def _pushed_key(request_hash: bytes) -> Key:
    return Key(name("PUSHED", request_hash))
