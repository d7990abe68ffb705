"""What happens once: assertions, and pushed requests."""

from __future__ import annotations

from consentcore.api import PushedRequest
from consentcore_dynamodb.changes import Condition, delete, put
from consentcore_dynamodb.engine import Table
from consentcore_dynamodb.errors import Refused
from consentcore_dynamodb.keys import Key, lifetime, name, purge_at
from consentcore_dynamodb.records import PUSHED_REQUESTS


class DynamoOnce:
    """The verbs of :class:`consentcore.api.ProtocolStorage` for what may be used once."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def use_once(self, key_hash: bytes, now: int, expires_at: int) -> bool:
        key = Key(name("USED", key_hash))
        item = {
            **key.attributes,
            "until": {"N": str(expires_at)},
            **purge_at("USED", key.p, expires_at),
            **lifetime(expires_at),
        }
        free = Condition(
            "attribute_not_exists(#p) OR #until <= :now", ("p", "until"), {":now": {"N": str(now)}}
        )
        try:
            self._table.write([put(item, free)])
        except Refused:
            return False
        return True

    def push_request(self, pushed: PushedRequest) -> None:
        key = _pushed_key(pushed.request_hash)
        item = {
            **PUSHED_REQUESTS.write(pushed),
            **key.attributes,
            **purge_at("PUSHED", key.p, pushed.expires_at),
            **lifetime(pushed.expires_at),
        }
        self._table.write_one(put(item))

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


def _pushed_key(request_hash: bytes) -> Key:
    return Key(name("PUSHED", request_hash))
