"""Several hosts in one URL: whichever of them is the primary is asked, and no replica."""

from __future__ import annotations

import signal

import psycopg
import pytest

from consentcore.api import ConfigurationError, Rotated, StorageUnavailable
from consentcore.testing.scenario import populate
from consentcore_sqlalchemy.postgres_url import names_several, parse
from tests.support.patience import eventually
from tests.support.postgres import storage_at
from tests.support.postgres_server import Server, Unavailable, programs


@pytest.mark.parametrize(
    ("text", "hosts", "ports"),
    [
        ("postgresql://u:p%40@a,b:5433/d?sslmode=require", "a,b", "5432,5433"),
        ("postgresql://a,b", "a,b", "5432,5432"),
        ("postgres://u@[::1]:1,[fe80::1],c/d", "::1,fe80::1,c", "1,5432,5432"),
    ],
)
def test_several_hosts_are_named_as_libpq_has_it(text, hosts, ports):
    """PostgreSQL manual, section 34.1.1.3."""
    url = parse(text, "setting")
    assert (url.query["host"], url.query["port"]) == (hosts, ports)
    assert names_several(url)


@pytest.mark.parametrize(
    "text", ["postgresql://a/d", "postgresql:///d?host=/run/a", "postgresql://u:p,q@a/d"]
)
def test_one_host_is_not_several(text):
    assert not names_several(parse(text, "setting"))


@pytest.mark.parametrize(
    "text", ["postgresql://u:hu@sh@a/d", "postgresql://u:hush@@a/d", "postgresql://u:hu@sh@a,b/d"]
)
def test_at_sign_in_a_password_is_refused_without_a_part_of_it(text):
    """Else what cannot be resolved, and so is told, is the rest of the password."""
    with pytest.raises(
        ConfigurationError, match="setting: an @ in user or password is written %40"
    ) as caught:
        parse(text, "setting")
    assert "sh@" not in str(caught.value).replace("password@host", "")


def test_socket_without_a_file_is_a_host():
    assert parse("postgresql:///d?host=@consent", "setting").query["host"] == "@consent"


def test_option_that_there_is_none_of_is_said_before_anybody_connects():
    for known in (
        "sslmode=require",
        "options=-csearch_path%3Da",
        "prepare_threshold=0",
        "target_session_attrs=any",
    ):
        parse(f"postgresql://a/d?{known}", "setting")
    with pytest.raises(
        ConfigurationError, match="setting: 'sslmod' is no option of a connection to PostgreSQL"
    ):
        parse("postgresql://a/d?sslmod=require", "setting")


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A primary and its hot standby."""
    try:
        primary = Server(programs(), ("fsync=off", "max_wal_senders=4"))
    except Unavailable as reason:
        pytest.skip(f"NOT TESTED: {reason}")
    standby = Server(programs(), ("fsync=off",))
    try:
        primary.initialise()
        primary.start()
        standby.follow(primary)
        standby.start()
        yield primary, standby
    finally:
        standby.remove()
        primary.remove()


def asked(server, statement):
    with psycopg.connect(server.url.format("postgres"), autocommit=True) as connection:
        return connection.execute(statement).fetchone()[0]


def folder_of(storage):
    with storage._database.transactions.connect() as connection:
        return connection.exec_driver_sql("SHOW data_directory").scalar()


@pytest.mark.postgres
@pytest.mark.slow
def test_primary_is_asked_whatever_its_place_and_the_next_one_after_a_failover(pair):
    primary, standby = pair
    url = f"postgresql://postgres@/postgres?host={standby.folder}&host={primary.folder}"
    storage = storage_at(url)
    try:
        storage.migrate()
        world = populate(storage)
        issued = world.redeem()
        assert folder_of(storage) == str(primary.folder / "data")
        written = asked(primary, "SELECT pg_current_wal_lsn()")
        eventually(lambda: asked(standby, f"SELECT pg_last_wal_replay_lsn() >= '{written}'::pg_lsn"))
        alone = storage_at(standby.url.format("postgres"))
        with pytest.raises(StorageUnavailable, match="read-only"):  # by itself it is no place to write
            populate(alone)
        alone.close()

        primary.stop(signal.SIGQUIT)
        asked(standby, "SELECT pg_promote(true, 60)")
        assert world.is_live(issued.access)
        assert storage.protocol.rotate_refresh(world.rotation(issued.refresh)) == Rotated()
        assert folder_of(storage) == str(standby.folder / "data")
        world.end()
        assert not world.is_live(issued.access)
    finally:
        storage.close()


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.parametrize("way", ["statement", "transaction"])
def test_former_primary_that_goes_on_reading_is_left_at_its_first_refusal(postgres_url, way):
    """A demotion need not end the connections; whoever has one must not read there what was revoked elsewhere."""
    storage = storage_at(postgres_url, pool_size=3)
    world = populate(storage)
    issued = [world.redeem() for _ in range(3)]
    held = [storage._database.engine.raw_connection() for _ in range(3)]
    for connection in held:
        connection.cursor().execute("SET default_transaction_read_only = on")
        connection.close()
    ways = {
        "statement": lambda: storage.protocol.rotate_refresh(world.rotation(issued[0].refresh)),
        "transaction": world.end,
    }
    with pytest.raises(StorageUnavailable, match="read-only"):
        ways[way]()
    # every other pooled connection was to the same server, so none is tried again
    for one in issued:
        assert storage.protocol.rotate_refresh(world.rotation(one.refresh)) == Rotated()
    world.end()
    storage.close()
