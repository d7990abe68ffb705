"""SQLite: how it is set up, and what happens when it is locked, full or gone."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

import pytest
import transaction

from consentcore.api import (
    MINUTE,
    Rotated,
    StorageConflict,
    StorageError,
    StorageUnavailable,
    transact,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import populate
from tests.support.postgres import storage_at


@pytest.fixture
def world(sqlite_storage):
    return populate(sqlite_storage)


@pytest.fixture
def other_writer(sqlite_path, sqlite_storage):
    """Another program that writes, and has not committed yet."""
    with closing(sqlite3.connect(sqlite_path, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def test_every_connection_is_durable_and_checks_references(sqlite_storage):
    engine = sqlite_storage._database.engine
    connections = [engine.raw_connection() for _ in range(3)]
    for connection in connections:
        asked = [
            connection.dbapi_connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        ]
        assert asked == ["wal", 2, 1, 1]
        connection.close()


def test_purge_does_not_wait_for_a_reader_and_leaves_the_pool_as_it_was(sqlite_storage):
    world = populate(sqlite_storage)
    world.rotate(world.redeem().refresh)
    with sqlite_storage.reading() as uow:
        assert uow.grants.get(world.grant.grant_id) is not None
        assert sqlite_storage.purge(NOW + 60_000, 1000).counts["nonces"] == 1
    assert sqlite_storage.purge(NOW + 2 * 3_600_000, 1000).counts["tokens"] == 2
    connections = [sqlite_storage._database.engine.raw_connection() for _ in range(3)]
    for connection in connections:
        assert connection.dbapi_connection.execute("PRAGMA busy_timeout").fetchone() == (200,)
        connection.close()


def test_folder_is_made_for_the_owner_only(sqlite_storage, sqlite_path):
    assert sqlite_path.is_file()
    assert sqlite_path.parent.stat().st_mode & 0o777 == 0o700


def test_folder_that_cannot_be_made_is_a_problem_not_a_crash(tmp_path):
    (tmp_path / "file").write_text("")
    storage = storage_at(f"sqlite:///{tmp_path}/file/x.sqlite")
    assert "not migrated" in storage.check()[0]
    with pytest.raises(StorageUnavailable):
        storage.migrate()
    with pytest.raises(StorageUnavailable):
        storage.protocol.find_token("c", b"t")
    storage.close()


def test_file_that_is_no_database_is_a_problem(sqlite_path):
    sqlite_path.parent.mkdir()
    sqlite_path.write_bytes(b"this is no database" * 100)
    storage = storage_at(f"sqlite:///{sqlite_path}")
    (said,) = storage.check()
    assert said == f"storage sqlalchemy: the database cannot be used: {sqlite_path}: file is not a database"
    storage.close()


def test_folder_in_the_place_of_the_file_is_named(sqlite_path):
    sqlite_path.mkdir(parents=True)
    storage = storage_at(f"sqlite:///{sqlite_path}")
    (said,) = storage.check()
    assert said == f"storage sqlalchemy: the database cannot be used: {sqlite_path} is no file"
    storage.close()


def test_file_of_somebody_else_is_named(sqlite_path, monkeypatch):
    sqlite_path.parent.mkdir()
    sqlite_path.touch()
    monkeypatch.setattr("consentcore_sqlalchemy.sqlite_file.os.access", lambda *_: False)
    storage = storage_at(f"sqlite:///{sqlite_path}")
    with pytest.raises(StorageUnavailable, match=f"cannot be used: {sqlite_path}: Permission denied"):
        storage.migrate()
    storage.close()


@pytest.fixture
def moved_away(world, sqlite_path):
    """What ``mv`` leaves: the file and its companions are somewhere else."""
    world.storage.purge(NOW, 1)  # connections are open
    names = [sqlite_path.with_name(sqlite_path.name + end) for end in ("", "-wal", "-shm")]
    pairs = [(path, path.with_name(f"old-{path.name}")) for path in names if path.exists()]
    for path, away in pairs:
        path.rename(away)
    return pairs


def attempts(world):
    """What a web process does: look a token up, change the protocol's tables, open a transaction."""
    yield lambda: world.storage.protocol.find_token(world.client.client_id, b"?")
    yield lambda: world.storage.protocol.open_interaction(factories.interaction(world.client.client_id))
    yield lambda: transact(world.storage, lambda uow: uow.grants.get(world.grant.grant_id))


def test_nothing_is_written_into_a_database_that_was_deleted(world, sqlite_path, moved_away):
    for attempt in attempts(world):
        with pytest.raises(StorageUnavailable, match="cannot be used: there is no"):
            attempt()
    assert not sqlite_path.exists()  # an empty file would be in the way of the copy that comes back


def test_database_that_is_back_is_used_again(world, moved_away):
    with pytest.raises(StorageError):
        world.storage.protocol.find_token(world.client.client_id, b"?")
    for path, away in moved_away:
        away.rename(path)
    for attempt in attempts(world):
        attempt()


def test_copy_in_the_place_of_the_database_is_what_is_used(world, sqlite_path, moved_away):
    storage_at(f"sqlite:///{sqlite_path}").migrate()  # new and empty, as by `consentcore init`
    assert world.storage.protocol.find_token(world.client.client_id, b"?").client is None
    with world.storage.reading() as uow:
        assert uow.grants.get(world.grant.grant_id) is None


def test_what_was_sealed_for_the_grace_is_forgotten_after_it(world, sqlite_path):
    rotation = world.rotate(world.redeem().refresh, sealed_access=b"sealed for the grace")
    for now, kept in ((rotation.now + 9_999, b"sealed for the grace"), (rotation.now + 10_000, None)):
        world.storage.purge(now, 100)
        with closing(sqlite3.connect(sqlite_path)) as connection:
            assert connection.execute("SELECT sealed_access FROM code").fetchall() == [(kept,)]


def test_readers_do_not_mind_a_writer(world, other_writer):
    issued = world.storage.protocol.find_token(world.client.client_id, b"?")
    assert issued.client == world.client
    with world.storage.reading() as uow:
        assert uow.grants.get(world.grant.grant_id) == world.grant


def test_waiting_for_a_writer_is_bounded_and_leaves_nothing(world, other_writer):
    interaction = factories.interaction(world.client.client_id)
    with pytest.raises(StorageUnavailable) as raised:
        world.storage.protocol.open_interaction(interaction)
    assert isinstance(raised.value, StorageConflict), "a locked database is worth another try"
    other_writer.execute("ROLLBACK")
    world.storage.protocol.open_interaction(interaction)
    issued = world.redeem()
    other_writer.execute("BEGIN IMMEDIATE")
    rotation = world.rotation(issued.refresh)
    with pytest.raises(StorageUnavailable):
        world.storage.protocol.rotate_refresh(rotation)
    with pytest.raises(StorageUnavailable):
        world.end()
    other_writer.execute("ROLLBACK")
    assert world.storage.protocol.rotate_refresh(rotation) == Rotated()


def test_writer_that_ends_in_time_is_waited_for(sqlite_path, sqlite_storage, other_writer):
    patient = storage_at(f"sqlite:///{sqlite_path}", busy_timeout_s=20)
    timer = threading.Timer(0.3, other_writer.execute, ["ROLLBACK"])
    timer.start()
    populate(patient)
    timer.join()
    patient.close()


def test_full_disk_says_unavailable_and_leaves_nothing(world):
    engine = world.storage._database.engine
    issued = world.redeem()
    rotation = world.rotation(issued.refresh)
    connection = engine.raw_connection()
    raw = connection.dbapi_connection
    pages = raw.execute("PRAGMA page_count").fetchone()[0]
    raw.execute(f"PRAGMA max_page_count = {pages}")
    connection.close()
    with pytest.raises(StorageUnavailable, match="full"), world.storage.transaction() as uow:
        uow.clients.add(factories.client(name="x" * 100_000))
    with pytest.raises(StorageUnavailable, match="full"):
        fill(world)
    raw.execute("PRAGMA max_page_count = 1000000")
    assert world.storage.protocol.rotate_refresh(rotation) == Rotated()
    assert populate(world.storage).redeem()


def fill(world):
    for _ in range(1000):
        world.storage.protocol.open_interaction(factories.interaction(world.client.client_id))


def test_29_failure_in_the_middle_of_an_exchange_leaves_nothing(world, monkeypatch):
    """The second token cannot be stored: the refresh token must not be spent."""
    issued = world.redeem()
    rotation = world.rotation(issued.refresh)
    taken = world.rotation(issued.refresh, refresh=factories.refresh(token_hash=issued.access))
    with pytest.raises(StorageConflict):
        world.storage.protocol.rotate_refresh(taken)
    assert world.look_up(taken.access.token_hash).token is None
    assert world.storage.protocol.rotate_refresh(rotation) == Rotated()


def test_failed_login_is_counted_while_the_request_is_open(world):
    """Reading does not make a request the writer, so what it does elsewhere is not locked out by itself."""
    tm = transaction.TransactionManager(explicit=True)
    tm.begin()
    uow = world.storage.join(tm, write=True)
    assert uow.owners.get(world.owner.owner_id) == world.owner
    assert world.storage.counters.hit("login", NOW, MINUTE) == 1
    uow.owners.add_session(factories.session(world.owner.owner_id))
    tm.commit()
    assert world.storage.counters.count("login", NOW, MINUTE) == 1


def test_request_that_only_read_may_still_write(world):
    tm = transaction.TransactionManager(explicit=True)
    with tm:
        assert world.storage.join(tm, write=False).clients.get(world.client.client_id) == world.client
        session = factories.session(world.owner.owner_id)
        world.storage.join(tm, write=True).owners.add_session(session)
    with world.storage.reading() as uow:
        assert uow.owners.session(session.session_hash, NOW) == session


def test_request_that_promised_to_read_is_held_to_it(world):
    tm = transaction.TransactionManager(explicit=True)
    with tm, pytest.raises(StorageError, match="only reads"):
        world.storage.join(tm, write=False).clients.add(factories.client())


def test_transaction_is_over_when_it_is_over(world):
    with world.storage.transaction() as uow:
        pass
    with pytest.raises(StorageError, match="over"):
        uow.clients.list()
    tm = transaction.TransactionManager(explicit=True)
    with tm:
        joined = world.storage.join(tm, write=True)
    with pytest.raises(StorageError, match="over"):
        joined.clients.add(factories.client())


def test_every_connection_comes_back(world):
    """Errors of every kind, more often than there are connections."""
    pool = world.storage._database.engine.pool
    for _ in range(20):
        with pytest.raises(StorageConflict), world.storage.transaction() as uow:
            uow.clients.add(world.client)
        with pytest.raises(ZeroDivisionError):
            transact(world.storage, lambda uow: uow.clients.list()[0] and 1 / 0)
    assert pool.checkedout() == 0
