"""What Aurora, CockroachDB and YugabyteDB need: no number that all nodes have to ask one of them for, no lock that only
one of them knows."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Sequence

import consentcore_sqlalchemy
from consentcore_sqlalchemy.tables import metadata

SOURCES = sorted(Path(consentcore_sqlalchemy.__file__).parent.rglob("*.py"))
# https://www.cockroachlabs.com/docs/stable/postgresql-compatibility: advisory locks are no locks there, and sequences
# and places of rows cost a round trip between nodes, or do not exist.
ONE_NODE = re.compile(
    r"pg_(try_)?advisory|nextval|setval|currval|\bSERIAL\b|BIGSERIAL|Identity\(|\bSequence\(\"|"
    r"\bctid\b|\bLISTEN\b|\bNOTIFY\b|LOCK TABLE|UNLOGGED|TEMPORARY|CREATE TRIGGER|CREATE EXTENSION"
)


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_no_column_counts_by_itself(table):
    """A sequence is one place that every node asks, and numbers in order put all new rows on one of them."""
    assert table.autoincrement_column is None
    for column in table.columns:
        assert column.identity is None, column
        assert not isinstance(column.default, Sequence), column
    assert table.primary_key.columns, "without one, such a database would make a hidden counter"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_no_statement_needs_what_one_node_alone_has(source):
    assert ONE_NODE.findall(source.read_text()) == []


@pytest.mark.postgres
def test_migrated_database_has_no_sequence(postgres_url):
    """What migrations make is what counts, not what the tables of this version say."""
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT relname FROM pg_class WHERE relkind = 'S'").fetchall() == []
        counting = (
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        )
        own = " AND (is_identity = 'YES' OR column_default LIKE '%nextval%')"
        assert connection.execute(counting + own).fetchall() == []
