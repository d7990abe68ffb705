"""Every hot operation finds what it asks for by an index, with PostgreSQL's own choice of plans."""

from __future__ import annotations

import random

import psycopg
import pytest

from bench.growth import disk, filling, plans
from bench.growth.operations import OPERATIONS, SEED, House
from consentcore.testing.factories import NOW
from consentcore_sqlalchemy import nonces
from tests.support.postgres import storage_at

pytestmark = pytest.mark.postgres

SIZE = filling.Size(tokens=60_000, grants=6_000, events=30_000)
CALLS = 8
"""From the sixth on the driver and the server keep a plan."""


@pytest.fixture(scope="module")
def house(postgres_server):
    """A filled database, and a connection beside the storage's."""
    name = postgres_server.create()
    url = postgres_server.url(name)
    storage = storage_at(url)
    storage.migrate()
    with psycopg.connect(url, autocommit=True) as connection:
        filling.fill(storage, connection, SIZE, lambda _line: None)
        yield House(name, storage, SIZE), connection
    storage.close()
    postgres_server.drop(name)


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_large_table_is_gone_through(house, name):
    filled, connection = house
    # A refresh finds none of the families that were revoked, whichever of the two is called first.
    calls = OPERATIONS[name](filled, random.Random(f"{SEED} {name}"))

    def some():
        for _ in range(CALLS):
            next(calls)()

    assert plans.read_through(connection, some, filled.storage.close) == []
    with plans.recorded(filled.storage) as statements:
        next(calls)()
    assert statements
    assert [table for one in statements for table in plans.scans(connection, one)] == []


def test_a_statement_without_an_index_would_be_found(house):
    """What the test above has to notice: the server's own count of it, and the plan."""
    filled, connection = house
    statement = plans.Statement("SELECT count(*) FROM token WHERE created_at = %s", (NOW,))
    assert plans.scans(connection, statement) == ["token"]

    def look():
        connection.execute(statement.text, statement.parameters)

    assert plans.read_through(connection, look, filled.storage.close) == ["token"]


def test_a_purge_goes_through_no_table(house, monkeypatch):
    """Of families it looks at a stretch, for nonces that are to be erased: an index would cost every refresh more.
    Here one would be most of the table, so it is made shorter."""
    monkeypatch.setattr(nonces, "STRETCH", 20)
    filled, connection = house

    def purge():
        filled.storage.purge(NOW + 1, 100)

    assert plans.read_through(connection, purge, filled.storage.close) == []


def test_rows_cost_about_what_the_documentation_says(house):
    _, connection = house
    cost = disk.costs(connection, SIZE)
    assert 200 < cost["token"] < 450
    assert 400 < cost["grant"] < 900
