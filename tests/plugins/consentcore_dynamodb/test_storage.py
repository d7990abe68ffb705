"""What the DynamoDB storage does that the kit does not ask: its table, its price, and the whole story on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import (
    Actor,
    ActorType,
    ConfigurationError,
    Consumed,
    DeliveryState,
    GrantState,
    PluginKind,
    Rotated,
    StorageError,
    StorageNotMigrated,
    transact,
)
from consentcore.consent.checkpoint import advance
from consentcore.consent.verify import verify_all
from consentcore.domain.secret import digest
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario, populate
from consentcore.testing.storage.deliveries import LEASE, Box
from consentcore_dynamodb import DynamoSettings, consentcore_plugin, consentcore_storage
from consentcore_dynamodb.capabilities import CAPABILITIES
from tests.support.dynamo import Service, dynamo_storage


@pytest.fixture
def storage(dynamo):
    return dynamo_storage(dynamo)


@pytest.fixture
def world(storage):
    return populate(storage)


@pytest.mark.parametrize("made_up", ["x" * 2049, "é" * 1025])
def test_a_name_that_is_longer_than_a_key_names_nothing_and_is_not_asked_for(storage, dynamo, made_up):
    """DynamoDB calls it an error, and anybody may write such a client_id into a header."""
    del dynamo.asked[:]
    assert storage.protocol.read_authorize(made_up, None, NOW).client is None
    assert storage.protocol.find_token(made_up, digest("none")).client is None
    assert not storage.delivery_log.deliveries(delivery_id=made_up)
    assert not storage.delivery_log.deliveries(target=made_up)
    with storage.reading() as uow:
        assert uow.grants.get(made_up) is None
        assert uow.clients.endpoint(made_up) is None
        assert not uow.notices.several([made_up])
    assert made_up not in repr(dynamo.asked)


class TestTable:
    @pytest.fixture
    def elsewhere(self, dynamo_client):
        def make(**settings):
            return dynamo_storage(Service(dynamo_client), table="elsewhere", **settings)

        yield make
        if "elsewhere" in dynamo_client.list_tables()["TableNames"]:
            dynamo_client.delete_table(TableName="elsewhere")

    def test_init_makes_the_table_once(self, elsewhere, dynamo_client):
        storage = elsewhere()
        assert storage.check() == ["DynamoDB has no table 'elsewhere': run consentcore init"]
        with pytest.raises(StorageNotMigrated, match="consentcore init"):
            storage.counters.count("a", NOW, 1000)
        assert storage.migrate() == [
            "table elsewhere made",
            "what has run out is removed by DynamoDB (ttl)",
        ]
        assert storage.migrate() == []
        assert storage.check() == []
        made = dynamo_client.describe_table(TableName="elsewhere")["Table"]
        assert made["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        assert len(made["GlobalSecondaryIndexes"]) == 4

    def test_provisioned_table_begins_small(self, elsewhere, dynamo_client):
        elsewhere(billing_mode="provisioned").migrate()
        made = dynamo_client.describe_table(TableName="elsewhere")["Table"]
        assert made["ProvisionedThroughput"]["WriteCapacityUnits"] == 5

    def test_init_that_may_not_make_a_table_says_so(self, elsewhere):
        with pytest.raises(StorageNotMigrated, match="create_table is off"):
            elsewhere(create_table=False).migrate()

    def test_index_that_is_missing_is_named_and_made(self, elsewhere, dynamo_client):
        storage = elsewhere()
        storage.migrate()
        dynamo_client.update_table(
            TableName="elsewhere", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "targets"}}]
        )
        assert storage.check() == ["table 'elsewhere' lacks indexes: targets: run consentcore init"]
        assert storage.migrate() == ["index targets made"]
        assert storage.check() == []

    def test_plugin_says_what_it_is(self):
        info = consentcore_plugin()
        assert (info.name, info.kind) == ("dynamodb", PluginKind.STORAGE)
        assert info.capabilities == {"atomic_batches=30", "multi_process"} == CAPABILITIES.words

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("region", "the moon"),
            ("table", "a b"),
            ("endpoint_url", "localhost:8000"),
            ("endpoint_url", "http://["),
        ],
    )
    def test_setting_that_cannot_be_right_stops_the_start(self, name, value):
        settings = replace(DynamoSettings(region="eu-west-1"), **{name: value})
        with pytest.raises(ConfigurationError, match=f"plugin.dynamodb.{name}: expected"):
            consentcore_storage(settings, None, None)

    def test_without_boto3_the_start_says_what_to_install(self, monkeypatch):
        monkeypatch.setattr("consentcore_dynamodb.settings.find_spec", lambda _name: None)
        with pytest.raises(ConfigurationError, match=r"pip install 'consentcore\[aws\]'"):
            consentcore_storage(DynamoSettings(region="eu-west-1"), None, None)


class TestCommits:
    def test_more_than_one_commit_takes_is_refused_and_nothing_is_written(self, storage):
        clients = [factories.client() for _ in range(101)]

        def add_all(uow):
            for client in clients:
                uow.clients.add(client)

        with pytest.raises(StorageError, match="101 items"):
            transact(storage, add_all)
        with storage.reading() as uow:
            assert list(uow.clients.list()) == []

    def test_no_write_of_a_token_touches_what_tokens_of_a_client_share(self, dynamo, world):
        del dynamo.asked[:]
        issued = world.redeem()
        world.rotate(issued.refresh)
        world.storage.protocol.kill_family(issued.code.family_id, NOW)
        written = [
            next(iter(part.values())) for _, asked in dynamo.asked for part in asked.get("TransactItems", ())
        ]
        partitions = [(part.get("Key") or part["Item"])["p"]["S"] for part in written]
        assert len(partitions) > 10
        assert [one for one in partitions if world.client.client_id in one] == []

    def test_long_texts_are_kept_compressed(self, dynamo, storage):
        snapshot = factories.snapshot(content="May we? " * 50_000)
        transact(storage, lambda uow: uow.ledger.put_snapshot(snapshot))
        (put,) = [
            asked["TransactItems"][0]["Put"] for name, asked in dynamo.asked if "TransactItems" in asked
        ]
        assert len(put["Item"]["content"]["B"]) < 5000
        with storage.reading() as uow:
            assert uow.ledger.snapshot(snapshot.snapshot_hash) == snapshot


class TestPrice:
    """The table in docs/dynamodb.md: requests that read, items read, items written alone, items in transactions."""

    def test_tokens(self, dynamo, world):
        protocol, client_id = world.storage.protocol, world.client.client_id
        code, interaction = factories.code(world.grant), factories.interaction(client_id)
        session = factories.session(world.owner.owner_id)
        transact(world.storage, lambda uow: uow.owners.add_session(session))
        assert dynamo.spent(lambda: protocol.read_authorize(client_id, session.session_hash, NOW)) == (
            3,
            4,
            0,
            0,
        )
        assert dynamo.spent(lambda: protocol.open_interaction(interaction)) == (0, 0, 1, 0)
        assert dynamo.spent(lambda: protocol.issue_code(code)) == (1, 2, 0, 3)
        redemption = factories.redemption(code)
        assert dynamo.spent(lambda: protocol.consume_code(redemption)) == (2, 4, 0, 5)
        token, refresh = redemption.access.token_hash, redemption.refresh.token_hash
        assert dynamo.spent(lambda: protocol.find_token(client_id, token)) == (2, 5, 0, 0)
        assert dynamo.spent(lambda: protocol.rotate_refresh(world.rotation(refresh))) == (2, 4, 0, 5)
        assert dynamo.spent(lambda: protocol.kill_family(code.family_id, NOW)) == (1, 1, 0, 1)
        assert dynamo.spent(lambda: protocol.use_once(bytes(32), NOW, NOW + 1)) == (0, 0, 0, 1)
        assert dynamo.spent(lambda: world.storage.counters.hit("a", NOW, 1000)) == (0, 0, 1, 0)

    def test_consents(self, dynamo, storage):
        scenario = Scenario.begin(storage)
        spent = dynamo.spent(lambda: scenario.allow("comfort.read"))
        assert spent == (6, 7, 1, 11)
        (grant,) = _active(storage, scenario)
        owner = Actor(ActorType.OWNER, scenario.owner.owner_id)
        assert dynamo.spent(lambda: scenario.revoke(grant.grant_id, owner)) == (6, 7, 0, 8)

    def test_deliveries(self, dynamo, world):
        box = Box(world)
        notice = box.add_notice()
        delivery = factories.delivery(notice.notice_id)
        assert dynamo.spent(box.waiting) == (5, 5, 0, 0)
        made = {notice.notice_id: [delivery]}
        assert dynamo.spent(lambda: box.outbox.expand_all(made, NOW)) == (2, 2, 0, 3)
        claimed = []
        assert dynamo.spent(lambda: claimed.extend(box.claim())) == (5, 5, 1, 0)
        attempt = factories.attempt(delivery.delivery_id)
        settle = lambda: box.settle(claimed[0], DeliveryState.DELIVERED, attempt=attempt)  # noqa: E731
        assert dynamo.spent(settle) == (1, 1, 0, 2)
        assert dynamo.spent(lambda: box.waiting(NOW + 2 * LEASE)) == (8, 8, 0, 0)

    def test_page_of_an_owners_past_costs_what_it_shows(self, dynamo, world):
        owner_id, limit = world.owner.owner_id, 10
        past = [
            factories.grant(
                owner_id,
                world.client.client_id,
                state=GrantState.DENIED if number % 2 else GrantState.WITHDRAWN,
                changed_at=NOW + number // 3,
            )
            for number in range(80)
        ]
        for some in (past[:40], past[40:]):
            transact(world.storage, lambda uow, some=some: [uow.grants.add(one) for one in some])
        expected = sorted(past, key=lambda one: (one.changed_at, one.grant_id), reverse=True)
        denied = [one for one in expected if one.state is GrantState.DENIED]

        def page(states, after=""):
            shown = []
            with world.storage.reading() as uow:
                of_owner = uow.grants.of_owner
                spent = dynamo.spent(
                    lambda: shown.extend(of_owner(owner_id, states, after=after, limit=limit))
                )
            return shown, spent

        everything = set(GrantState) - {GrantState.ACTIVE}
        first, spent = page(everything)
        assert (first, spent) == (expected[:limit], (2, limit + 1, 0, 0))
        assert page(everything, first[-1].grant_id)[0] == expected[limit : 2 * limit]
        shown, spent = page({GrantState.DENIED}, denied[limit - 1].grant_id)
        assert shown == denied[limit : 2 * limit]
        assert spent[1] <= 1 + 3 + limit, "the last one shown, the marks in a few pages, the grants"


def _active(storage, scenario):
    with storage.reading() as uow:
        found = uow.grants.active_of(scenario.owner.owner_id, scenario.client.client_id)
    return [found] if found else []


def test_story_leaves_evidence_intact(storage):
    scenario = Scenario.begin(storage)
    approval = scenario.approve("comfort.read")
    now, found = scenario.clock.now(), storage.protocol.read_code
    code = found(scenario.client.client_id, digest(approval.code)).code
    redemption = factories.redemption(code, now=now)
    assert storage.protocol.consume_code(redemption) == Consumed()
    rotation = scenario.rotation(redemption.refresh.token_hash, now=scenario.clock.now())
    assert storage.protocol.rotate_refresh(rotation) == Rotated()
    assert scenario.is_live(rotation.access.token_hash, scenario.clock.now())
    owner = Actor(ActorType.OWNER, scenario.owner.owner_id)
    scenario.revoke(approval.grant.grant_id, owner)
    assert not scenario.is_live(rotation.access.token_hash, scenario.clock.now())
    told = list(storage.outbox.unexpanded(10))
    assert len(told) == 2
    made = {one.notice_id: [factories.delivery(one.notice_id)] for one in told}
    assert storage.outbox.expand_all(made, scenario.clock.now()) == 2
    assert len(Box(scenario).claim(scenario.clock.now())) == 2
    advance(storage, scenario.keys, scenario.clock, {})
    report = verify_all(storage, scenario.keys)
    assert report.problems == ()
