"""The table in docs/dynamodb.md of what operations cost."""

from __future__ import annotations

from tests.support.dynamo import dynamo_storage
from tests.support.dynamo_costs import Metered, Prices, documented, table_of


def test_table_of_costs_is_what_is_counted(dynamo_client, dynamo):
    service = Metered(dynamo_client)
    found = table_of(Prices(dynamo_storage(service), service.meter).all())
    assert documented() == found, f"the table in docs/dynamodb.md should be:\n{found}"
