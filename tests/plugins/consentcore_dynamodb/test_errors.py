"""A service that is busy, says no, or does not answer: what moto never does."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from botocore.stub import ANY, Stubber

from consentcore.api import (
    Consumed,
    Rotated,
    StorageConflict,
    StorageError,
    StorageNotMigrated,
    StorageUnavailable,
    Unknown,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import populate
from consentcore_dynamodb import DynamoSettings
from consentcore_dynamodb.changes import ABSENT, put
from consentcore_dynamodb.engine import Table
from consentcore_dynamodb.errors import Refused
from consentcore_dynamodb.keys import Key
from tests.support.dynamo import REGION, TABLE, dynamo_storage, refusal
from tests.support.dynamo_unreliable import Unreliable

ITEM = Key("A", "B").attributes


@pytest.fixture
def client():
    return boto3.client("dynamodb", REGION, aws_access_key_id="none", aws_secret_access_key="none")


@pytest.fixture
def stub(client):
    with Stubber(client) as stubber:
        yield stubber


@pytest.fixture
def table(client, monkeypatch):
    monkeypatch.setattr("consentcore_dynamodb.engine.time.sleep", lambda _: None)
    table = Table(DynamoSettings(region=REGION, table=TABLE, attempts=3))
    table._client = client
    return table


def canceled(stub, *reasons: str) -> None:
    """Answer a transaction with the reason for each of its parts."""
    stub.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        modeled_fields={"CancellationReasons": [{"Code": reason} for reason in reasons]},
        response_meta={},
    )


class TestAnswers:
    @pytest.mark.parametrize(
        "reasons", [("ConditionalCheckFailed",), ("None", "ConditionalCheckFailed", "None")]
    )
    def test_condition_that_does_not_hold_is_for_the_caller_to_judge(self, stub, table, reasons):
        canceled(stub, *reasons)
        with pytest.raises(Refused):
            table.write([put(ITEM, ABSENT)])

    @pytest.mark.parametrize(
        "reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]
    )
    def test_what_passes_is_tried_again_under_the_same_token(self, stub, table, reason):
        tokens = []
        stub.client.meta.events.register(
            "provide-client-params.dynamodb.TransactWriteItems",
            lambda params, **_: tokens.append(params["ClientRequestToken"]),
        )
        canceled(stub, "None", reason)
        canceled(stub, reason, "ConditionalCheckFailed")
        stub.add_response("transact_write_items", {})
        table.write([put(ITEM, ABSENT)])
        assert len(tokens) == 3
        assert len(set(tokens)) == 1

    def test_others_that_write_the_same_all_the_time_are_a_conflict(self, stub, table):
        for _ in range(3):
            canceled(stub, "None", "TransactionConflict")
        with pytest.raises(StorageConflict):
            table.write([put(ITEM, ABSENT)])

    @pytest.mark.parametrize("code", ["ThrottlingException", "RequestLimitExceeded", "InternalServerError"])
    def test_service_that_stays_busy_is_unavailable(self, stub, table, code):
        for _ in range(3):
            stub.add_client_error("get_item", code)
        with pytest.raises(StorageUnavailable, match=code):
            table.get(Key("A"))
        stub.assert_no_pending_responses()

    def test_what_is_too_large_is_an_error_that_no_retry_helps(self, stub, table):
        canceled(stub, "ValidationError")
        with pytest.raises(StorageError) as caught:
            table.write([put(ITEM)])
        assert not isinstance(caught.value, StorageUnavailable | StorageConflict)

    def test_role_that_may_not_is_unavailable_and_named(self, stub, table):
        stub.add_client_error("get_item", "AccessDeniedException")
        with pytest.raises(StorageUnavailable, match="AccessDenied"):
            table.get(Key("A"))

    def test_table_that_is_not_there_is_not_migrated(self, stub, table):
        stub.add_client_error("query", "ResourceNotFoundException")
        with pytest.raises(StorageNotMigrated, match="consentcore init"):
            list(table.query("A"))

    def test_keys_that_were_not_read_are_asked_for_again(self, stub, table):
        left = {TABLE: {"Keys": [Key("B").attributes], "ConsistentRead": True}}
        first = {"Responses": {TABLE: [Key("A").attributes]}, "UnprocessedKeys": left}
        stub.add_response("batch_get_item", first, {"RequestItems": ANY})
        stub.add_response(
            "batch_get_item",
            {"Responses": {TABLE: [Key("B").attributes]}, "UnprocessedKeys": {}},
            {"RequestItems": left},
        )
        assert set(table.get_many([Key("A"), Key("B")])) == {Key("A"), Key("B")}

    def test_keys_that_are_never_read_are_unavailable_and_not_absent(self, stub, table):
        left = {TABLE: {"Keys": [Key("A").attributes], "ConsistentRead": True}}
        for _ in range(3):
            stub.add_response("batch_get_item", {"Responses": {TABLE: []}, "UnprocessedKeys": left})
        with pytest.raises(StorageUnavailable, match="less than"):
            table.get_many([Key("A")])

    def test_what_was_not_removed_is_removed_again(self, stub, table):
        left = {TABLE: [{"DeleteRequest": {"Key": Key("A").attributes}}]}
        stub.add_response("batch_write_item", {"UnprocessedItems": left})
        stub.add_response("batch_write_item", {"UnprocessedItems": {}}, {"RequestItems": left})
        table.remove([Key("A"), Key("B")])
        stub.assert_no_pending_responses()


class TestLostAnswers:
    @pytest.fixture
    def storage(self, dynamo, monkeypatch):
        monkeypatch.setattr("consentcore_dynamodb.engine.time.sleep", lambda _: None)
        return dynamo_storage(dynamo)

    def test_exchange_goes_on_when_an_answer_got_lost(self, dynamo, storage):
        world = populate(storage)
        issued = world.redeem()
        dynamo.fail(ReadTimeoutError(endpoint_url="x"), refusal("TransactionInProgressException"))
        assert storage.protocol.rotate_refresh(world.rotation(issued.refresh)) == Rotated()

    def test_what_was_done_before_its_answer_got_lost_is_done_once(self, dynamo_client, storage):
        """Sent again under the same token it is no replay of a code and no reuse of a refresh token."""
        service = Unreliable(dynamo_client, busy=0, lost=1)
        storage = dynamo_storage(service)
        world = populate(storage)
        code = world.issue()
        redemption = factories.redemption(code)
        assert storage.protocol.consume_code(redemption) == Consumed()
        rotation = world.rotation(redemption.refresh.token_hash)
        assert storage.protocol.rotate_refresh(rotation) == Rotated()
        assert storage.protocol.kill_family(code.family_id, NOW) is True
        assert service.met["lost"] == service.met["sent twice"] >= 5

    def test_answer_that_gets_lost_behind_a_busy_moment_is_asked_for_again(self, dynamo, storage):
        world = populate(storage)
        code = world.issue()
        busy = refusal("TransactionCanceledException", "None", "ThrottlingError")
        dynamo.fail_writes(busy, ReadTimeoutError(endpoint_url="x"), busy)
        assert storage.protocol.consume_code(factories.redemption(code)) == Consumed()
        tokens = [
            asked["ClientRequestToken"] for name, asked in dynamo.asked if name == "transact_write_items"
        ]
        assert len(set(tokens[-4:])) == 1

    def test_set_up_waits_for_a_service_that_is_busy(self, dynamo, storage):
        for look in (storage.check, storage.migrate):
            dynamo.fail(refusal("ThrottlingException", operation="DescribeTable"))
            assert look() == []

    def test_conditional_write_of_one_item_is_not_made_twice(self, dynamo, storage):
        dynamo.fail(ReadTimeoutError(endpoint_url="x"))
        with pytest.raises(StorageUnavailable):
            storage.counters.hit("login", NOW, 1000)
        assert dynamo.calls["update_item"] == 1

    @pytest.mark.parametrize("error", [NoCredentialsError(), EndpointConnectionError(endpoint_url="x")])
    def test_no_error_of_the_library_leaves_the_plugin(self, dynamo, storage, error):
        dynamo.fail(error, error, error)
        with pytest.raises(StorageUnavailable, match=type(error).__name__):
            storage.counters.count("login", NOW, 1000)

    def test_code_under_a_grant_that_ends_meanwhile_gives_nothing(self, dynamo, storage):
        """The condition on the grant fails at the commit; the second look says why."""
        world = populate(storage)
        code = world.issue()
        written = storage._table.write

        def end_first(changes):
            storage._table.write = written
            world.end()
            written(changes)

        storage._table.write = end_first
        assert storage.protocol.consume_code(factories.redemption(code)) == Unknown()

    def test_two_tries_are_enough_where_a_condition_failed_by_chance(self, dynamo, storage):
        world = populate(storage)
        code = world.issue()
        transact = dynamo.calls["transact_write_items"]
        dynamo.fail_writes(refusal("TransactionCanceledException", "ConditionalCheckFailed"))
        assert storage.protocol.consume_code(factories.redemption(code)) == Consumed()
        assert dynamo.calls["transact_write_items"] == transact + 2
