"""The table: making it, and saying what is wrong with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import ClientError

from consentcore.api import StorageNotMigrated, StorageUnavailable
from consentcore_dynamodb.engine import Table
from consentcore_dynamodb.errors import codes_of
from consentcore_dynamodb.keys import INDEXES, SHOWN, WORK, Index
from consentcore_dynamodb.settings import DynamoSettings

_IN_USE = "ResourceInUseException"
_IS_ON = "TimeToLive is already enabled"
_UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
WAIT_S = 300.0
"""Longest wait for a table or an index that is being made."""


def check(table: Table) -> Sequence[str]:
    """What keeps the table from serving, one line each."""
    try:
        found = _describe(table)
    except StorageUnavailable as error:
        return [str(error)]
    if found is None:
        return [f"DynamoDB has no table {table.name!r}: run consentcore init"]
    if found["TableStatus"] not in {"ACTIVE", "UPDATING"}:
        return [f"table {table.name!r} is {found['TableStatus']}"]
    lacking = ", ".join(index.name for index in _lacking(found))
    return [f"table {table.name!r} lacks indexes: {lacking}: run consentcore init"] if lacking else []


def migrate(table: Table, settings: DynamoSettings) -> Sequence[str]:
    """Make the table, or the indexes that it lacks.

    :raises StorageNotMigrated: when something is missing and the settings do not allow to make it.
    """
    done = []
    found = _describe(table)
    if found is None:
        _allow(settings, f"DynamoDB has no table {table.name!r}")
        if _create(table, settings):
            done.append(f"table {table.name} made")
        found = _wait(table)
    for index in _lacking(found):
        _allow(settings, f"table {table.name!r} lacks the index {index.name}")
        _add_index(table, settings, index)
        found = _wait(table)
        done.append(f"index {index.name} made")
    if settings.create_table and _let_expire(table):
        done.append("what has run out is removed by DynamoDB (ttl)")
    return done


def _allow(settings: DynamoSettings, lack: str) -> None:
    if not settings.create_table:
        raise StorageNotMigrated(
            f"{lack}, and consentcore.plugin.dynamodb.create_table is off: see docs/dynamodb.md"
        )


def _describe(table: Table) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = table.call(lambda: table.client.describe_table(TableName=table.name))["Table"]
    except StorageNotMigrated:
        return None
    return found


def _lacking(found: dict[str, Any]) -> list[Index]:
    there = {one["IndexName"] for one in found.get("GlobalSecondaryIndexes", ())}
    return [index for index in INDEXES if index.name not in there]


def _create(table: Table, settings: DynamoSettings) -> bool:
    names = ["p", "s", *(name for index in INDEXES for name in (index.partition, index.place))]
    request = {
        "TableName": table.name,
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in names],
        "KeySchema": _key_schema("p", "s"),
        "GlobalSecondaryIndexes": [{**_index(index), **_throughput(settings)} for index in INDEXES],
        **_billing(settings),
    }
    return _done(table, lambda: table.client.create_table(**request))


def _add_index(table: Table, settings: DynamoSettings, index: Index) -> None:
    request = {
        "TableName": table.name,
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"} for name in (index.partition, index.place)
        ],
        "GlobalSecondaryIndexUpdates": [{"Create": {**_index(index), **_throughput(settings)}}],
    }
    _done(table, lambda: table.client.update_table(**request))


def _let_expire(table: Table) -> bool:
    said = table.call(lambda: table.client.describe_time_to_live(TableName=table.name))
    if said["TimeToLiveDescription"].get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}:
        return False
    wanted = {"Enabled": True, "AttributeName": "ttl"}
    return _done(
        table, lambda: table.client.update_time_to_live(TableName=table.name, TimeToLiveSpecification=wanted)
    )


def _done(table: Table, ask: Callable[[], Any]) -> bool:
    """Whether it was this call that did it, and not somebody else at the same time."""

    def asked() -> bool:
        try:
            ask()
        except ClientError as error:
            if _IN_USE in codes_of(error) or _IS_ON in str(error):
                return False
            raise
        return True

    done: bool = table.call(asked)
    return done


def _wait(table: Table) -> dict[str, Any]:
    """Wait until the table and its indexes are there."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        found = _describe(table)
        if found is not None and found["TableStatus"] == "ACTIVE":
            indexes = found.get("GlobalSecondaryIndexes", ())
            if all(one.get("IndexStatus", "ACTIVE") == "ACTIVE" for one in indexes):
                return found
        time.sleep(0.5)
    raise StorageUnavailable(
        f"table {table.name!r} was not ready after {WAIT_S:g} s: run consentcore init again"
    )


def _index(index: Index) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": "KEYS_ONLY"}
    if index is WORK:
        projection = {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(SHOWN)}
    return {
        "IndexName": index.name,
        "KeySchema": _key_schema(index.partition, index.place),
        "Projection": projection,
    }


def _key_schema(partition: str, place: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": place, "KeyType": "RANGE"},
    ]


def _billing(settings: DynamoSettings) -> dict[str, Any]:
    if settings.billing_mode == "on_demand":
        return {"BillingMode": "PAY_PER_REQUEST"}
    return {"BillingMode": "PROVISIONED", **_throughput(settings)}


def _throughput(settings: DynamoSettings) -> dict[str, Any]:
    return {} if settings.billing_mode == "on_demand" else {"ProvisionedThroughput": _UNITS}
