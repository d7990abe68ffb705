"""PostgreSQL: restarts, timeouts, plans."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import event

from consentcore.api import Rotated, StorageUnavailable
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import populate
from consentcore.testing.storage.feed import tell
from consentcore.testing.threads import together
from tests.support.postgres import OwnServer, storage_at

pytestmark = pytest.mark.postgres


def test_crash_of_the_server_costs_no_request_once_it_is_back(postgres_server, postgres_storage):
    if not isinstance(postgres_server, OwnServer):
        pytest.skip("NOT TESTED: the server that CONSENTCORE_TEST_PG_URL names cannot be restarted from here")
    world = populate(postgres_storage)
    issued = world.redeem()
    pooled = [postgres_storage._database.engine.raw_connection() for _ in range(4)]
    for connection in pooled:
        connection.close()
    postgres_server.stop(signal.SIGQUIT)
    try:
        with pytest.raises(StorageUnavailable, match="cannot be reached"):
            world.look_up(issued.access)
        with pytest.raises(StorageUnavailable), postgres_storage.transaction() as uow:
            uow.clients.list()
        assert "cannot be reached" in postgres_storage.check()[0]
    finally:
        postgres_server.start()
    assert world.is_live(issued.access)
    assert postgres_storage.protocol.rotate_refresh(world.rotation(issued.refresh)) == Rotated()


def test_restart_between_two_requests_is_not_noticed(postgres_server, postgres_storage):
    if not isinstance(postgres_server, OwnServer):
        pytest.skip("NOT TESTED: the server that CONSENTCORE_TEST_PG_URL names cannot be restarted from here")
    world = populate(postgres_storage)
    issued = world.redeem()
    postgres_server.stop(signal.SIGQUIT)
    postgres_server.start()
    assert postgres_storage.protocol.rotate_refresh(world.rotation(issued.refresh)) == Rotated()
    world.end()


def test_transaction_that_was_open_during_a_crash_leaves_nothing(postgres_server, postgres_storage):
    if not isinstance(postgres_server, OwnServer):
        pytest.skip("NOT TESTED: the server that CONSENTCORE_TEST_PG_URL names cannot be restarted from here")
    client = factories.client()

    def crash_within(uow):
        uow.clients.add(client)
        postgres_server.stop(signal.SIGQUIT)
        postgres_server.start()

    with pytest.raises(StorageUnavailable), postgres_storage.transaction() as uow:
        crash_within(uow)
    with postgres_storage.reading() as uow:
        assert uow.clients.get(client.client_id) is None


def test_statement_that_takes_too_long_is_ended(postgres_url):
    storage = storage_at(postgres_url, statement_timeout_s=1)
    with pytest.raises(StorageUnavailable, match="statement timeout"), storage.transaction() as uow:
        uow._work.rows(_sleep())
    populate(storage)
    storage.close()


def _sleep():
    from sqlalchemy import func, select

    return select(func.pg_sleep(60))


def test_exhausted_pool_says_unavailable(postgres_url):
    storage = storage_at(postgres_url, pool_size=1, pool_overflow=0, pool_timeout_s=0.1)
    with storage.transaction() as uow:
        uow.clients.list()
        with pytest.raises(StorageUnavailable, match="in use"):
            storage.protocol.find_token("c", b"t")
    assert storage.protocol.find_token("c", b"t").token is None
    storage.close()


def test_waiting_for_a_locked_grant_ends_in_a_conflict_for_one_of_two(postgres_storage):
    """A deadlock is broken by the server and is worth another try."""
    import threading

    from consentcore.api import StorageConflict

    first, second = populate(postgres_storage), populate(postgres_storage)
    meet, outcomes = threading.Barrier(2), []

    def lock(one, other):
        try:
            with postgres_storage.transaction() as uow:
                uow.grants.get(one.grant.grant_id, lock=True)
                meet.wait(10)
                uow.grants.get(other.grant.grant_id, lock=True)
        except StorageConflict:
            outcomes.append("conflict")
        else:
            outcomes.append("done")

    threads = [threading.Thread(target=lock, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["conflict", "done"]


# --- plans ---


@contextmanager
def prepared_statements(storage, seen):
    """Add the statements that go to the driver past SQLAlchemy, with their parameters, to ``seen``."""
    run = storage._driver._run

    def noting(prepared, values):
        seen.append((prepared.sql, prepared.arguments(values)))
        return run(prepared, values)

    storage._driver._run = noting
    try:
        yield
    finally:
        del storage._driver._run


@pytest.fixture
def plans(postgres_storage):
    """A function that returns how PostgreSQL runs the statements of a call, with many rows in the tables."""
    engine = postgres_storage._database.engine
    with engine.connect() as connection:
        for statement in MANY:
            connection.exec_driver_sql(statement)

    def explained(call):
        seen = []

        def note(_connection, _cursor, statement, parameters, _context, many):
            seen.append((statement, parameters[0] if many else parameters))

        event.listen(engine, "before_cursor_execute", note)
        with prepared_statements(postgres_storage, seen):
            call()
        event.remove(engine, "before_cursor_execute", note)
        with engine.connect() as connection:
            return "\n".join(
                row[0]
                for statement, parameters in seen
                if statement.lstrip().startswith(("SELECT", "UPDATE", "DELETE", "WITH"))
                for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            )

    return explained


MANY = (
    """INSERT INTO notice SELECT 'n' || i, 'consent.granted', 'g', 'c', 'o', '[]', i, '', i
       FROM generate_series(1, 5000) i""",
    """INSERT INTO delivery SELECT 'd' || i, 'n' || i, 'webhook', 't', i, i,
       CASE WHEN mod(i, 100) = 0 THEN 'pending' ELSE 'delivered' END, 0, NULL, '', ''::bytea, '', NULL
       FROM generate_series(1, 5000) i""",
    """INSERT INTO token SELECT sha256(i::text::bytea), 'access', 'f' || i, '[]', i, 10000000 + i
       FROM generate_series(1, 5000) i""",
    """INSERT INTO code (code_hash, family_id, grant_id, client_id, redirect_uri, redirect_uri_given, code_challenge,
       scopes, created_at, expires_at, purge_at, ends_at)
       SELECT sha256(i::text::bytea), 'f' || i, 'g' || i, 'c', '', true, '', '[]', i, i, 10000000 + i, i
       FROM generate_series(1, 5000) i""",
    """INSERT INTO consent_grant SELECT 'g' || i, 'o' || i, 'c' || i, 'active', '[]', i, i, 10000000 + i, '[]', '', 1,
       '', '', '' FROM generate_series(1, 5000) i""",
    """INSERT INTO consent_event SELECT 'e' || i, 'g' || i, 1, 'granted', 'o' || i, 'c', i, '', '', '', '',
       CASE WHEN i < 4990 THEN i END FROM generate_series(1, 5000) i""",
    "ANALYZE",
)


@pytest.mark.parametrize(
    "call",
    [
        lambda storage: storage.outbox.claim_deliveries(NOW, limit=10, lease_ms=1, notifiers=("webhook",)),
        lambda storage: storage.outbox.unexpanded(10),
        lambda storage: storage.delivery_log.deliveries(notice_id="n1"),
        lambda storage: storage.delivery_log.deliveries(limit=10),
        lambda storage: _read(storage, lambda uow: uow.grants.due(1000, 10)),
        lambda storage: _read(storage, lambda uow: uow.grants.of_owner("o1", [])),
        lambda storage: _read(storage, lambda uow: uow.grants.all(after="g2", limit=10)),
        lambda storage: _read(storage, lambda uow: uow.ledger.of_owner("o1", before="e7", limit=10)),
        lambda storage: _read(storage, lambda uow: uow.ledger.leaves(4000, 10)),
        lambda storage: _write(storage, lambda uow: uow.grants.active_of("o1", "c1", lock=True)),
        lambda storage: _write(storage, lambda uow: uow.ledger.sequence_leaves(5)),
    ],
    ids=[
        "claim", "unexpanded", "deliveries of a notice", "newest deliveries", "due grants", "grants of an owner",
        "page of grants", "history", "leaves", "active grant", "sequence leaves",
    ],
)  # fmt: skip
def test_no_scan_of_a_table_that_grows(plans, postgres_storage, call):
    plan = plans(lambda: call(postgres_storage))
    assert plan
    for table in ("delivery", "notice", "consent_grant", "consent_event", "token", "code"):
        assert f"Seq Scan on {table}" not in plan, plan


def test_hot_path_goes_by_keys(plans, postgres_storage):
    protocol = postgres_storage.protocol
    statements = [
        (protocol._find_token, {"client_id": "c1", "token_hash": b"x"}),
        (protocol._read_code, {"client_id": "c1", "code_hash": b"x"}),
        (protocol._read_authorize, {"client_id": "c1", "session_hash": b"x", "now": NOW}),
    ]
    with postgres_storage._database.engine.connect() as connection:
        for prepared, values in statements:
            rows = connection.exec_driver_sql(f"EXPLAIN {prepared.sql}", prepared.arguments(values))
            plan = "\n".join(row[0] for row in rows)
            for table in ("token", "code", "consent_grant"):
                assert f"Seq Scan on {table}" not in plan, plan


def _read(storage, work):
    with storage.reading() as uow:
        return work(uow)


def _write(storage, work):
    with storage.transaction() as uow:
        return work(uow)


BACKLOG = (
    """INSERT INTO notice (notice_id, kind, grant_id, client_id, owner_id, audiences, occurred_at, data, expanded_at)
       SELECT 'n' || i, 'consent.granted', 'g', 'c', 'o', '[]', i, '', i FROM generate_series(1, 100300) i""",
    """INSERT INTO delivery (delivery_id, notice_id, notifier, target, created_at, next_at, state, attempts,
       lease_token, body, last_error)
       SELECT 'd' || i, 'n' || i, 'webhook', CASE WHEN i <= 100000 THEN 'dead' ELSE 'ep_' || mod(i, 6) END, i, i,
       'pending', 0, '', ''::bytea, '' FROM generate_series(1, 100300) i""",
    "ANALYZE",
)


@pytest.mark.parametrize("busy", [(), (("webhook", "dead"),)], ids=["all", "but the dead one"])
def test_backlog_of_100000_does_not_slow_claims(postgres_storage, busy):
    """Judged by the rows that a claim looks at, which no other load on the machine changes."""
    engine = postgres_storage._database.engine
    with engine.connect() as connection:
        for statement in BACKLOG:
            connection.exec_driver_sql(statement)
    seen = []
    claim = {
        "limit": 64,
        "lease_ms": 40_000,
        "notifiers": ("webhook", "smtp"),
        "per_target": 16,
        "busy": busy,
    }
    with prepared_statements(postgres_storage, seen):
        claimed = postgres_storage.outbox.claim_deliveries(NOW, **claim)
    assert len(claimed) == 64
    assert sum(one.target == "dead" for one in claimed) == (0 if busy else 16)
    (statement, parameters) = next(call for call in seen if "UPDATE delivery" in call[0])
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters)
        nodes = list(_nodes(rows.scalar_one()[0]["Plan"]))
    assert not [node for node in nodes if node["Node Type"] == "Seq Scan"]
    looked_at = sum(_rows(node) for node in nodes if node.get("Relation Name") == "delivery")
    assert looked_at < 2500, looked_at


def _nodes(plan):
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _rows(node):
    each = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return each * node["Actual Loops"]


def test_clients_that_ask_for_their_feed_at_once_do_not_collide(postgres_storage):
    storage = postgres_storage
    world = populate(storage)
    for number in range(60):
        tell(storage, replace(world.grant, grant_id=f"g{number}"))

    def ask(_: int) -> int:
        given = 0
        for _ in range(10):
            with storage.transaction() as uow:  # without a second try
                given += uow.feed.enter(world.client.client_id, 3)
        return given

    assert sum(together(6, ask)) == 60
    with storage.reading() as uow:
        assert len(uow.feed.page(world.client.client_id)) == 60
