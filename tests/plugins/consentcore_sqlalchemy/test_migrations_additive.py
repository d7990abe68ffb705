"""Expand, migrate, contract: a migration only adds, so that what the version before says goes on working on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Boolean, LargeBinary, MetaData, Numeric, event, inspect, select
from sqlalchemy.types import Integer

from consentcore_sqlalchemy.migrate import FOLDER, configuration
from consentcore_sqlalchemy.schema import VERSION_TABLE
from tests.support.postgres import storage_at

MIGRATIONS = [step.revision for step in ScriptDirectory(str(FOLDER)).walk_revisions()][::-1]
PAIRS = list(pairwise(MIGRATIONS))
NOT_ADDITIVE = {
    "0002": "the place in a client's feed is unique: nothing that was there has one",
    "0014": "words of scopes are pinned again when a process starts, with a seal that they did not have",
}
"""Migrations that do more than add, with the reason. None of them takes away what the version before reads."""

pytestmark = pytest.mark.postgres


@dataclass
class Steps:
    """One migration after the other.

    :ivar before: the tables of the version before.
    :ivar after: those of now.
    :ivar said: the statements of all.
    """

    connection: object
    before: MetaData = field(default_factory=MetaData)
    after: MetaData = field(default_factory=MetaData)
    said: list[str] = field(default_factory=list)

    def to(self, revision):
        command.upgrade(configuration(self.connection), revision)
        made = MetaData()
        made.reflect(self.connection)
        self.before, self.after = self.after, made
        inspect(self.connection).clear_cache()


@pytest.fixture
def steps(empty_postgres_url):
    storage = storage_at(empty_postgres_url)
    with storage._database.transactions.connect() as connection, connection.begin():
        made = Steps(connection)
        event.listen(connection, "before_cursor_execute", lambda *seen: made.said.append(seen[2]))
        yield made
    storage.close()


def tables(found):
    return {table.name: table for table in found.sorted_tables if table.name != VERSION_TABLE}


def unique(table):
    names = {frozenset(column.name for column in one.columns) for one in table.indexes if one.unique}
    constraints = (one for one in table.constraints if hasattr(one, "columns"))
    return names | {frozenset(one.columns.keys()) for one in constraints if "Unique" in type(one).__name__}


def demands(before, after):
    """What is in the way of somebody who knows ``before`` only."""
    for name, old in tables(before).items():
        new = tables(after).get(name)
        if new is None:
            yield f"table {name} is gone"
            continue
        for column in old.columns:
            now = new.columns.get(column.name)
            if now is None or str(now.type) != str(column.type) or (column.nullable and not now.nullable):
                yield f"{name}.{column.name} is not as it was"
        for column in new.columns:
            added = column.name not in old.columns
            if added and not (column.nullable or column.server_default is not None):
                yield f"{name}.{column.name} has to be given"
        yield from (f"{name}: {sorted(one)} has become unique" for one in unique(new) - unique(old))


def rewrites(said):
    """Statements that change or remove what is stored."""
    return [one for one in said if one.lstrip().upper().startswith(("DELETE", "DROP TABLE", "TRUNCATE"))]


def test_every_migration_only_adds_or_says_why_not(steps):
    steps.to(MIGRATIONS[0])
    found = {}
    for revision in MIGRATIONS[1:]:
        steps.said.clear()
        steps.to(revision)
        wrong = [*demands(steps.before, steps.after), *rewrites(steps.said)]
        if wrong:
            found[revision] = wrong
    assert set(found) == set(NOT_ADDITIVE), found


@pytest.mark.parametrize(("old", "new"), PAIRS, ids=[new for _, new in PAIRS])
def test_version_before_writes_and_reads_by_its_own_columns(steps, old, new):
    """On the tables after the migration: with every column that it knows, and none that it does not."""
    steps.to(old)
    steps.to(new)
    for table in steps.before.sorted_tables:  # those that are pointed at come first
        if table.name == VERSION_TABLE:
            continue
        row = {column.name: value_of(column.type) for column in table.columns}
        steps.connection.execute(table.insert().values(row))
        found = steps.connection.execute(select(*table.columns)).mappings().all()
        assert row in [dict(one) for one in found], table.name
        steps.connection.execute(table.update().values(row))


def value_of(kind):
    """Something of that type."""
    if isinstance(kind, Boolean):
        return True
    if isinstance(kind, (Integer, Numeric)):
        return 1
    if isinstance(kind, LargeBinary):
        return b"x"
    return {"x": 1} if isinstance(kind, JSON) else "x"
