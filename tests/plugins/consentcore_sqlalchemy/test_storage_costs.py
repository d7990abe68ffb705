"""What each verb of the protocol may cost: statements and durable commits, as the port says."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import event

from consentcore.api import Consumed, DeliveryState, Grace, Replayed, Rotated, Settlement
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import populate
from tests.support.postgres import storage_at


class Bill:
    """Counts what a verb did."""

    def __init__(self, storage):
        self.counts = Counter()
        storage.listen(lambda kind, _sql: self.counts.update([kind]))

    def of(self, verb):
        self.counts.clear()
        self.answer = verb()
        return self.counts["read"], self.counts["write"], self.counts["commit"]


@pytest.fixture
def bill(storage):
    return Bill(storage)


def exchanged(storage, tokens, family=0):
    """Statements of an exchange: one on PostgreSQL; on SQLite the guard, the family and each token."""
    return 1 + tokens + family if storage._database.is_sqlite else 1


def test_reads_cost_one_statement_and_no_commit(storage, world, bill):
    issued = world.redeem()
    protocol, client_id = storage.protocol, world.client.client_id
    assert bill.of(lambda: protocol.read_authorize(client_id, b"x" * 32, NOW)) == (1, 0, 0)
    assert bill.of(lambda: protocol.read_authorize("nobody", None, NOW)) == (1, 0, 0)
    assert bill.of(lambda: protocol.read_code(client_id, issued.code.code_hash)) == (1, 0, 0)
    assert bill.of(lambda: protocol.find_token(client_id, issued.access)) == (1, 0, 0)
    assert bill.of(lambda: protocol.find_token(client_id, b"?" * 32)) == (1, 0, 0)


def test_look_of_an_idle_worker_costs_one_statement_and_no_commit(storage, bill):
    look = {"lease_ms": 40_000, "notifiers": ("webhook", "smtp")}
    assert bill.of(lambda: storage.outbox.waiting(NOW, **look)) == (1, 0, 0)
    assert bill.answer is False


@pytest.mark.postgres
def test_worker_costs_one_statement_for_each_of_its_steps(postgres_storage):
    """However many notices and deliveries come together, and with no BEGIN and no COMMIT around them."""
    storage = postgres_storage
    world, bill, past_the_verbs = populate(storage), Bill(storage), []
    event.listen(storage._database.engine, "begin", past_the_verbs.append)
    notices = [factories.notice(world.grant) for _ in range(3)]
    with storage.transaction() as uow:
        for one in notices:
            uow.notices.add(one)
    made = {one.notice_id: [factories.delivery(one.notice_id, target=to) for to in "ab"] for one in notices}
    how = {"limit": 10, "lease_ms": 40_000, "notifiers": ("webhook",), "busy": [("webhook", "b")]}
    past_the_verbs.clear()
    assert bill.of(lambda: storage.outbox.unexpanded(10)) == (1, 0, 0)
    assert bill.of(lambda: storage.outbox.expand_all(made, NOW)) == (0, 1, 1)
    assert bill.answer == 3
    assert bill.of(lambda: storage.outbox.claim_deliveries(NOW, **how)) == (0, 1, 1)
    assert [one.target for one in bill.answer] == ["a", "a", "a"]
    settled = [
        Settlement(one.delivery_id, one.lease_token, DeliveryState.DELIVERED, NOW) for one in bill.answer
    ]
    assert bill.of(lambda: storage.outbox.settle_all(settled)) == (0, 1, 1)
    assert past_the_verbs == []


def test_single_writes_cost_one_statement_and_one_commit(storage, world, bill):
    interaction, code = factories.interaction(world.client.client_id), factories.code(world.grant)
    assert bill.of(lambda: storage.protocol.open_interaction(interaction)) == (0, 1, 1)
    assert bill.of(lambda: storage.protocol.issue_code(code)) == (0, 1, 1)
    assert bill.of(lambda: storage.protocol.kill_family(code.family_id, NOW)) == (0, 1, 1)
    assert bill.of(lambda: storage.protocol.kill_family(code.family_id, NOW)) == (0, 1, 0)


def test_what_happens_once_costs_one_statement(storage, bill):
    protocol, pushed = storage.protocol, factories.pushed("client")
    assert bill.of(lambda: protocol.use_once(b"k" * 32, NOW, NOW + 1)) == (0, 1, 1)
    assert bill.of(lambda: protocol.use_once(b"k" * 32, NOW, NOW + 1)) == (0, 1, 0)
    assert bill.of(lambda: protocol.push_request(pushed)) == (0, 1, 1)
    assert bill.of(lambda: protocol.take_pushed(pushed.request_hash, "client", NOW)) == (0, 1, 1)
    assert bill.of(lambda: protocol.take_pushed(pushed.request_hash, "client", NOW)) == (0, 1, 0)


def test_exchange_of_a_code_costs_one_commit(storage, world, bill):
    redemption = factories.redemption(world.issue())
    cost = bill.of(lambda: storage.protocol.consume_code(redemption))
    assert bill.answer == Consumed()
    assert cost == (0, exchanged(storage, tokens=2), 1)


def test_rotation_costs_one_commit(storage, world, bill):
    rotation = world.rotation(world.redeem().refresh)
    cost = bill.of(lambda: storage.protocol.rotate_refresh(rotation))
    assert bill.answer == Rotated()
    assert cost == (0, exchanged(storage, tokens=2, family=1), 1)


def test_refresh_without_rotation_costs_one_commit(storage, world, bill):
    rotation = world.rotation(world.redeem().refresh, rotate=False)
    cost = bill.of(lambda: storage.protocol.rotate_refresh(rotation))
    assert bill.answer == Rotated()
    assert cost == (0, exchanged(storage, tokens=1), 1)


def test_rare_outcomes_commit_nothing(storage, world, bill):
    issued = world.redeem()
    world.rotate(issued.refresh)
    assert bill.of(lambda: storage.protocol.consume_code(factories.redemption(issued.code)))[2] == 0
    assert isinstance(bill.answer, Replayed)
    assert bill.of(lambda: storage.protocol.rotate_refresh(world.rotation(issued.refresh)))[2] == 0
    assert isinstance(bill.answer, Grace)


@pytest.mark.postgres
def test_server_counts_the_same_writing_transactions(postgres_server, postgres_url):
    """The listener is ours; the transaction ids that PostgreSQL gave out are not."""
    storage = storage_at(postgres_url)
    world = populate(storage)
    issued = world.redeem()

    def used():
        row = postgres_server.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        return row[0][0]

    verbs = {
        "consume": lambda: storage.protocol.consume_code(factories.redemption(code)),
        "rotate": lambda: storage.protocol.rotate_refresh(world.rotation(issued.refresh)),
        "kill": lambda: storage.protocol.kill_family(issued.code.family_id, NOW),
        "find": lambda: storage.protocol.find_token(world.client.client_id, issued.access),
        "introspect unknown": lambda: storage.protocol.find_token(world.client.client_id, b"?"),
    }
    code = world.issue()
    spent = {}
    for name, verb in verbs.items():
        before = used()
        verb()
        spent[name] = used() - before
    storage.close()
    assert spent == {"consume": 1, "rotate": 1, "kill": 1, "find": 0, "introspect unknown": 0}


def test_sqlite_runs_exactly_the_statements_that_the_listener_tells(sqlite_storage):
    """SQLite's own trace, for the same reason."""
    world = populate(sqlite_storage)
    rotation = world.rotation(world.redeem().refresh)
    traced = []
    connection = sqlite_storage._database.engine.raw_connection()
    connection.dbapi_connection.set_trace_callback(traced.append)
    connection.close()  # back to the pool, which hands out the last one first
    assert sqlite_storage.protocol.rotate_refresh(rotation) == Rotated()
    words = [statement.split()[0] for statement in traced]
    assert words == ["BEGIN", "UPDATE", "UPDATE", "INSERT", "INSERT", "COMMIT"]
