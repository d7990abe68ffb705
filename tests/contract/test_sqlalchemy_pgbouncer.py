"""The SQL storage through a real PgBouncer in transaction mode, with the settings that operators.md names."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import func, select

from consentcore.api import StorageUnavailable
from consentcore.testing.scenario import populate
from consentcore.testing.storage.base import StorageFixtures
from consentcore.testing.storage.claims import ClaimsGroup
from consentcore.testing.storage.codes import CodeGroup
from consentcore.testing.storage.interleavings import InterleavingGroup
from consentcore.testing.storage.one_time_use import OnceGroup
from consentcore.testing.storage.races import ProcessGroup, RaceGroup
from consentcore.testing.storage.rotation import RotationGroup
from consentcore.testing.storage.tokens import TokenGroup
from consentcore.testing.storage.transactions import TransactionGroup
from consentcore.testing.threads import together
from tests.support.pgbouncer import pgbouncer
from tests.support.postgres import storage_at

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

POOL_SIZE = 4
"""Fewer than the storage has threads, so that transactions of several share a connection."""
DOCUMENTED = {"prepare_threshold": 0, "statement_timeout_s": 0}


@pytest.fixture(scope="module")
def bouncer(postgres_server):
    with pgbouncer(postgres_server.url("postgres"), POOL_SIZE) as url:
        yield url


@pytest.fixture
def through(bouncer, postgres_url):
    return bouncer.format(conninfo_to_dict(postgres_url)["dbname"])


class TestThroughPgBouncer(
    CodeGroup,
    TokenGroup,
    RotationGroup,
    OnceGroup,
    TransactionGroup,
    ClaimsGroup,
    RaceGroup,
    InterleavingGroup,
    ProcessGroup,
    StorageFixtures,
):
    """What runs on the hot path, what commits, and what meets."""

    @pytest.fixture
    def storage(self, through):
        storage = storage_at(through, **DOCUMENTED)
        yield storage
        storage.close()

    @pytest.fixture
    def second_storage(self, through):
        second = storage_at(through, **DOCUMENTED)
        yield second
        second.close()


def test_more_connections_than_the_pool_has_share_it(through, postgres_url):
    storage = storage_at(through, pool_size=3 * POOL_SIZE, pool_overflow=0, **DOCUMENTED)
    world = populate(storage)
    issued = world.redeem()
    together(3 * POOL_SIZE, lambda _: [world.is_live(issued.access) for _ in range(20)])
    assert storage._database.engine.pool.checkedin() > POOL_SIZE
    with psycopg.connect(postgres_url) as connection:
        here = "datname = current_database() AND application_name = 'consentcore'"
        (backends,) = connection.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {here}").fetchone()
    assert 1 <= backends <= POOL_SIZE
    storage.close()


def test_statement_timeout_of_the_role_holds_where_none_can_be_sent(postgres_url, through):
    """As operators.md says it: on the database or the role, because PgBouncer takes no startup option."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET statement_timeout = '500ms'")
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    storage = storage_at(through, **DOCUMENTED)
    with pytest.raises(StorageUnavailable, match="statement timeout"), storage.transaction() as uow:
        uow._work.scalar(select(func.pg_sleep(60)))
    storage.close()


def test_startup_option_that_pgbouncer_refuses_is_named(through):
    storage = storage_at(through)
    with pytest.raises(StorageUnavailable, match="unsupported startup parameter: options"):
        storage.protocol.find_token("c", b"t")
    storage.close()
