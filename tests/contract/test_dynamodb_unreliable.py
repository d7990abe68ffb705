"""The kit against DynamoDB on a bad day: indexes late by some requests, a service that throttles, cancels transactions,
takes batches in part and loses answers. Everything that is promised holds all the same.

A part of it on every change, all of it in ``make dynamodb``.
"""

from __future__ import annotations

import pytest

from consentcore.testing import StorageConformance
from consentcore.testing.storage.base import StorageFixtures
from consentcore.testing.storage.claims import ClaimsGroup
from consentcore.testing.storage.clients import ClientGroup
from consentcore.testing.storage.endpoints import EndpointGroup
from consentcore.testing.storage.feed import FeedGroup
from consentcore.testing.storage.rotation import RotationGroup
from tests.contract.test_dynamodb import OnDynamo
from tests.support.dynamo import dynamo_storage
from tests.support.dynamo_unreliable import Unreliable


class OnABadDay(OnDynamo):
    @pytest.fixture
    def service(self, dynamo, dynamo_client, monkeypatch):
        monkeypatch.setattr("consentcore_dynamodb.engine.time.sleep", lambda _: None)
        return Unreliable(dynamo_client)

    @pytest.fixture
    def storage(self, service):
        return dynamo_storage(service, attempts=12)

    @pytest.fixture
    def second_storage(self, storage, service, dynamo_client):
        return dynamo_storage(Unreliable(dynamo_client, seed=2, late=service.late), attempts=12)

    @pytest.fixture
    def break_backend(self, service):
        return service.away


class TestSomeOfABadDay(
    OnABadDay, ClaimsGroup, ClientGroup, EndpointGroup, FeedGroup, RotationGroup, StorageFixtures
):
    """What goes through indexes, and what is written by everybody at once."""


@pytest.mark.nightly
class TestABadDay(OnABadDay, StorageConformance):
    """All of it."""


def test_a_bad_day_is_one(dynamo, dynamo_client, monkeypatch):
    """Every kind of fault was met, and none was noticed."""
    from consentcore.testing.scenario import populate

    monkeypatch.setattr("consentcore_dynamodb.engine.time.sleep", lambda _: None)
    service = Unreliable(dynamo_client, busy=0.2, lost=0.2)
    storage = dynamo_storage(service, attempts=20)
    for _ in range(12):
        world = populate(storage)
        issued = world.redeem()
        world.rotate(issued.refresh)
        with storage.reading() as uow:
            assert [one.grant_id for one in uow.grants.all(client_id=world.client.client_id)] == [
                world.grant.grant_id
            ]
        storage.purge(10**15, 100)
    expected = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "busy", "lost"}
    assert set(service.met) == expected | {"sent twice", "part of a batch"}
