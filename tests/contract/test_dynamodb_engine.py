"""The kit on an engine that answers over the wire: DynamoDB itself, DynamoDB Local, or whatever speaks like them.

Moto is called in the tests' own process and takes what the service would not; this is the second opinion.
"""

from __future__ import annotations

import os
import uuid

import boto3
import pytest

from consentcore.testing import StorageConformance
from consentcore_dynamodb import DynamoSettings
from consentcore_dynamodb.storage import DynamoStorage
from tests.support.dynamo_costs import Consumed, Prices, documented, table_of

URL = os.environ.get("CONSENTCORE_TEST_DYNAMODB_URL", "")
REGION = os.environ.get("AWS_DEFAULT_REGION", "eu-west-1")

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(
        not URL, reason="NO ENGINE, NOT TESTED: CONSENTCORE_TEST_DYNAMODB_URL (make dynamodb)"
    ),
]


class TestDynamoEngine(StorageConformance):
    capabilities = frozenset({"dump"})

    @pytest.fixture
    def client(self, monkeypatch):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, os.environ.get(name, "testing"))
        return boto3.client("dynamodb", REGION, endpoint_url=URL)

    @pytest.fixture
    def settings(self, client):
        made = DynamoSettings(region=REGION, table=f"consents-{uuid.uuid4()}", endpoint_url=URL, attempts=10)
        yield made
        client.delete_table(TableName=made.table)

    @pytest.fixture
    def storage(self, settings):
        made = DynamoStorage(settings)
        made.migrate()
        yield made
        made.close()

    @pytest.fixture
    def second_storage(self, storage, settings):
        made = DynamoStorage(settings)
        yield made
        made.close()

    @pytest.fixture
    def dump(self, client, settings):
        def everything():
            pages = client.get_paginator("scan").paginate(TableName=settings.table)
            return repr([page["Items"] for page in pages]).encode()

        return everything

    def test_table_of_costs_is_what_the_engine_counts(self, storage):
        meter = Consumed(storage._table.client).meter
        assert table_of(Prices(storage, meter).all()) == documented()
