"""The conformance kit against the DynamoDB storage, on moto, which takes its time: a part of it on every change."""

from __future__ import annotations

import pytest

from consentcore.testing import StorageConformance
from consentcore.testing.storage.base import StorageFixtures
from consentcore.testing.storage.codes import CodeGroup
from consentcore.testing.storage.deliveries import OutboxGroup
from consentcore.testing.storage.disclosures import DisclosureGroup
from consentcore.testing.storage.grant_lists import GrantListGroup
from consentcore.testing.storage.grants import GrantGroup
from consentcore.testing.storage.ledger import LedgerGroup
from consentcore.testing.storage.port_methods import PortGroup
from consentcore.testing.storage.rotation import RotationGroup
from consentcore.testing.storage.storage import AbsenceGroup, FaultGroup
from tests.support.dynamo import TABLE, Service, dynamo_storage, tables


class OnDynamo:
    capabilities = frozenset({"dump", "fault_injection"})

    @pytest.fixture
    def storage(self, dynamo):
        return dynamo_storage(dynamo)

    @pytest.fixture
    def second_storage(self, storage, dynamo_client):
        return dynamo_storage(Service(dynamo_client))

    @pytest.fixture
    def break_backend(self, dynamo):
        return dynamo.away

    @pytest.fixture
    def dump(self):
        def everything():
            items = [one.to_json() for places in tables()[TABLE].items.values() for one in places.values()]
            return repr(items).encode()

        return everything


class TestSomeOfDynamo(
    OnDynamo,
    PortGroup,
    AbsenceGroup,
    GrantGroup,
    GrantListGroup,
    LedgerGroup,
    DisclosureGroup,
    CodeGroup,
    RotationGroup,
    OutboxGroup,
    FaultGroup,
    StorageFixtures,
):
    """What most changes concern."""


@pytest.mark.slow
class TestDynamoStorage(OnDynamo, StorageConformance):
    """All of it."""
