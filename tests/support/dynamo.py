"""DynamoDB as the tests see it: moto, one request at a time, with indexes that can be late and a service that is busy.

Moto is neither isolated nor quick by itself: it answers in the thread of the caller, and copies the whole table, every
value of it, for each transaction.
"""

from __future__ import annotations

import copy
import threading
from collections import Counter, defaultdict
from contextlib import contextmanager

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

from consentcore_dynamodb import DynamoSettings
from consentcore_dynamodb.storage import DynamoStorage

REGION = "eu-west-1"
TABLE = "consents"
READS = frozenset({"batch_get_item", "get_item", "query"})
WRITES = frozenset({"batch_write_item", "delete_item", "put_item", "transact_write_items", "update_item"})
_ALONE = {"put_item": "Item", "update_item": "Key", "delete_item": "Key"}
_ONE_AT_A_TIME = threading.RLock()


def _copied(table: Table, _memo: object) -> Table:
    """The table with items of its own; their values are never changed, only replaced."""
    twin = copy.copy(table)
    twin.items = defaultdict(dict)
    for partition, places in table.items.items():
        twin.items[partition] = {place: copied_item(item) for place, item in places.items()}
    return twin


def copied_item(item):
    twin = copy.copy(item)
    twin.attrs = type(item.attrs)()
    dict.update(twin.attrs, item.attrs)  # without measuring every value again
    return twin


class Service:
    """What stands between a storage and moto: a client of boto3 for whoever looks at its methods.

    :ivar calls: how often each operation was asked for.
    :ivar asked: what was asked for, as boto3 was given it.
    """

    def __init__(self, client):
        self._client = client
        self._frozen = None
        self._faults = []
        self._refused = []
        self._away = False
        self.calls = Counter()
        self.asked = []

    def __getattr__(self, name):
        def call(**asked):
            with _ONE_AT_A_TIME:
                self.calls[name] += 1
                self.asked.append((name, asked))
                if self._away:
                    raise EndpointConnectionError(endpoint_url="http://dynamodb.test")
                if self._faults:
                    raise self._faults.pop(0)
                if self._refused and name == "transact_write_items":
                    raise self._refused.pop(0)
                return self._answer(name, asked)

        return call

    def _answer(self, name, asked):
        method = getattr(self._client, name)
        if self._frozen is not None and "IndexName" in asked:
            with shown(self._frozen):
                return method(**asked)
        return method(**asked)

    def close(self):
        """It is used on."""

    def spent(self, work):
        """What some work costs: requests that read, items read, items written alone, and in transactions."""
        del self.asked[:]
        work()
        reads = [(name, asked) for name, asked in self.asked if name in READS]
        items = sum(
            len(asked["RequestItems"][TABLE]["Keys"]) if name == "batch_get_item" else 1
            for name, asked in reads
        )
        alone = sum(name in {"put_item", "update_item", "delete_item"} for name, _ in self.asked)
        together = sum(len(asked["TransactItems"]) for name, asked in self.asked if "TransactItems" in asked)
        return len(reads), items, alone, together

    # what goes wrong

    def fail(self, *errors):
        """Answer the next requests with these errors."""
        self._faults += errors

    def fail_writes(self, *errors):
        """Answer the next transactions that write with these."""
        self._refused += errors

    @contextmanager
    def away(self):
        """Answer nothing."""
        self._away = True
        try:
            yield
        finally:
            self._away = False

    @contextmanager
    def late_indexes(self):
        """Indexes show nothing that is written meanwhile."""
        self._frozen = copy.deepcopy(tables()[TABLE])
        try:
            yield
        finally:
            self._frozen = None


def tables():
    """The tables of moto by name."""
    return dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables


@contextmanager
def shown(other):
    """Moto answers from another table."""
    now = tables()[TABLE]
    tables()[TABLE] = other
    try:
        yield
    finally:
        tables()[TABLE] = now


def written_keys(name: str, asked: dict) -> list[tuple[DynamoType, DynamoType]]:
    """Keys of the items that a request writes."""
    if name in _ALONE:
        return [_key(asked[_ALONE[name]])]
    if name == "batch_write_item":
        parts = [part for one in asked["RequestItems"][TABLE] for part in one.values()]
    else:
        each = [next(iter(one.items())) for one in asked.get("TransactItems", ())]
        parts = [part for verb, part in each if verb != "ConditionCheck"]
    return [_key(part.get("Item") or part["Key"]) for part in parts]


def _key(attributes):
    return DynamoType(attributes["p"]), DynamoType(attributes["s"])


def refusal(code: str, *reasons: str, operation: str = "TransactWriteItems") -> ClientError:
    """What boto3 raises when the service says no."""
    answer = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    if reasons:
        answer["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(answer, operation)


def dynamo_storage(service: Service, **settings) -> DynamoStorage:
    """A storage that asks this service."""
    storage = DynamoStorage(DynamoSettings(**{"region": REGION, "table": TABLE, **settings}))
    storage._table._client = service
    return storage


@contextmanager
def migrated_client():
    """A client of moto, in which the table is."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Table, "__deepcopy__", _copied, raising=False)
        client = boto3.session.Session(region_name=REGION).client("dynamodb")
        dynamo_storage(Service(client)).migrate()
        yield client
        client.delete_table(TableName=TABLE)


def empty_service(client) -> Service:
    """The service, with nothing in the table."""
    tables()[TABLE].items = defaultdict(dict)
    return Service(client)
