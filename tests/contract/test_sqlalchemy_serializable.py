"""The SQL storage where every transaction is SERIALIZABLE, as CockroachDB and YugabyteDB run it or can: conflicts come
as SQLSTATE 40001 at any statement, and are repeated. On PostgreSQL, whose SERIALIZABLE is real."""

from __future__ import annotations

from dataclasses import replace
from threading import Barrier

import psycopg
import pytest

from consentcore.api import StorageConflict, transact
from consentcore.testing import factories
from consentcore.testing.scenario import populate
from consentcore.testing.storage.base import StorageFixtures
from consentcore.testing.storage.claims import ClaimsGroup
from consentcore.testing.storage.codes import CodeGroup
from consentcore.testing.storage.counters import CounterGroup
from consentcore.testing.storage.disclosures import DisclosureGroup
from consentcore.testing.storage.feed import FeedGroup
from consentcore.testing.storage.grant_lists import GrantListGroup
from consentcore.testing.storage.grants import GrantGroup
from consentcore.testing.storage.interleavings import InterleavingGroup
from consentcore.testing.storage.ledger import LedgerGroup
from consentcore.testing.storage.one_time_use import OnceGroup
from consentcore.testing.storage.one_use import OneUseGroup
from consentcore.testing.storage.races import ProcessGroup, RaceGroup
from consentcore.testing.storage.request_transactions import JoinGroup
from consentcore.testing.storage.rotation import RotationGroup
from consentcore.testing.storage.tokens import TokenGroup
from consentcore.testing.storage.transactions import TransactionGroup
from consentcore.testing.threads import together
from tests.support.patience import PATIENCE_S
from tests.support.postgres import storage_at

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture
def serializable_url(postgres_url):
    return f"{postgres_url}&options=-c%20default_transaction_isolation%3Dserializable"


@pytest.fixture
def storage(serializable_url):
    storage = storage_at(serializable_url)
    yield storage
    storage.close()


class TestSerializableStorage(
    CodeGroup,
    TokenGroup,
    RotationGroup,
    OnceGroup,
    OneUseGroup,
    GrantGroup,
    GrantListGroup,
    LedgerGroup,
    DisclosureGroup,
    TransactionGroup,
    JoinGroup,
    ClaimsGroup,
    FeedGroup,
    CounterGroup,
    RaceGroup,
    InterleavingGroup,
    ProcessGroup,
    StorageFixtures,
):
    """What runs on the hot path, what commits, and what meets."""

    @pytest.fixture
    def storage(self, serializable_url):
        storage = storage_at(serializable_url)
        yield storage
        storage.close()

    @pytest.fixture
    def second_storage(self, serializable_url):
        second = storage_at(serializable_url)
        yield second
        second.close()


def test_every_transaction_is_serializable(storage, postgres_url):
    seen = []
    with storage.transaction() as uow:
        seen.append(_level(uow))
    with storage._database.engine.connect() as connection:  # the verbs of the hot path
        seen.append(connection.exec_driver_sql("SHOW transaction_isolation").scalar())
    assert seen == ["serializable", "serializable"]
    plain = storage_at(postgres_url)
    with plain.transaction() as uow:
        assert _level(uow) == "read committed"
    plain.close()


def _level(uow):
    return uow._work._connect().exec_driver_sql("SHOW transaction_isolation").scalar()


def test_forced_conflict_is_a_conflict_of_the_port_and_is_repeated(storage):
    """Two that read what the other writes: either alone is right, both together are not (write skew)."""
    worlds = [populate(storage) for _ in range(2)]
    meet, tries = Barrier(2), [0, 0]

    def work(number):
        mine, others = worlds[number].client, worlds[1 - number].client

        def once(uow):
            tries[number] += 1
            seen = uow.clients.get(others.client_id)
            if tries[number] == 1:
                meet.wait(PATIENCE_S)
            uow.clients.update(_renamed(uow.clients.get(mine.client_id), seen.name))

        return once

    together(2, lambda number: transact(storage, work(number)))
    assert sorted(tries) == [1, 2], "one of the two was told of the conflict, and done again"


def _renamed(client, name):
    return replace(client, name=f"{name}+")


def test_conflict_of_another_writer_comes_as_conflict_and_leaves_nothing(storage, postgres_url):
    world = populate(storage)
    client = factories.client()

    def overtaken(uow):
        found = uow.clients.get(world.client.client_id)
        with psycopg.connect(postgres_url) as other:
            other.execute("UPDATE client SET name = 'Other' WHERE client_id = %s", [found.client_id])
        uow.clients.add(client)
        uow.clients.update(_renamed(found, found.name))

    with pytest.raises(StorageConflict):
        transact(storage, overtaken, attempts=1)
    with storage.reading() as uow:
        assert uow.clients.get(client.client_id) is None
        assert uow.clients.get(world.client.client_id).name == "Other"
