"""Somebody with a database shell against the verification."""

from __future__ import annotations

import shutil
import sqlite3

import pytest
from sqlalchemy import event

from consentcore.consent.checkpoint import advance
from consentcore.consent.verify import verify_all
from consentcore.domain.parties import Actor, ActorType
from consentcore.settings.schema import Secret
from consentcore.testing.fakes import fixed_keys
from consentcore_sqlalchemy import SqlSettings
from consentcore_sqlalchemy.storage import SqlStorage
from consentcore_sqlalchemy.tables import metadata
from tests.unit.consent.conftest import begin

PROTECTED = ("consent_event", "consent_grant", "checkpoint")
GARBAGE = {
    "text": "'garbage'",
    "number": "7",
    "bytes": "x'07'",
    "list": "'[\"x@1\"]'",
    "no text": "CAST(x'ff' AS TEXT)",
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A database in which things have happened."""
    path = tmp_path_factory.mktemp("ledger") / "consent.sqlite"
    storage = SqlStorage(SqlSettings(url=Secret(f"sqlite:///{path}")), fixed_keys())
    storage.migrate()
    scenario = begin(storage)
    grant = scenario.approve("sites.read", resources=("site-1",)).grant
    scenario.approve("comfort.read")
    scenario.revoke(grant.grant_id, Actor(ActorType.OWNER, scenario.owner.owner_id))
    scenario.approve("sites.read")
    scenario.deny("ev.write")
    advance(storage, scenario.keys, scenario.clock, {})
    assert verify_all(storage, scenario.keys).problems == ()
    storage.close()
    return path


@pytest.fixture
def tampered(written, tmp_path):
    """Run a statement on a copy and verify it."""

    def tampered(statement):
        path = tmp_path / "consent.sqlite"
        shutil.copy(written, path)
        with sqlite3.connect(path) as shell:
            changed = shell.execute(statement).rowcount
        shell.close()
        assert changed == 1
        storage = SqlStorage(SqlSettings(url=Secret(f"sqlite:///{path}")), fixed_keys())
        try:
            return verify_all(storage, fixed_keys())
        finally:
            storage.close()

    return tampered


def columns():
    return [(table, column.name) for table in PROTECTED for column in metadata.tables[table].columns]


@pytest.mark.parametrize("value", GARBAGE)
@pytest.mark.parametrize(("table", "column"), columns())
def test_any_value_in_any_column_is_found(tampered, table, column, value):
    report = tampered(
        f"UPDATE {table} SET {column} = {GARBAGE[value]} WHERE rowid = (SELECT max(rowid) FROM {table})"
    )
    assert not report.ok
    assert report.problems


@pytest.mark.parametrize("table", PROTECTED)
@pytest.mark.parametrize("which", ["min", "max"])
def test_any_deleted_row_is_found(tampered, table, which):
    assert not tampered(f"DELETE FROM {table} WHERE rowid = (SELECT {which}(rowid) FROM {table})").ok


def test_a_changed_text_names_the_event(tampered, written):
    with sqlite3.connect(written) as shell:
        (event_id,) = shell.execute("SELECT event_id FROM consent_event WHERE type = 'withdrawn'").fetchone()
    shell.close()
    report = tampered(
        "UPDATE consent_event SET body = replace(body, 'sites', 'rooms') WHERE type = 'withdrawn'"
    )
    assert report.problems[0].event_id == event_id
    assert (report.grants, report.events) == (3, 5)


def test_a_revocation_undone_in_the_row_is_found(tampered):
    report = tampered("UPDATE consent_grant SET state = 'denied' WHERE state = 'withdrawn'")
    assert "the last event says 'withdrawn'" in report.problems[0].text


def test_chains_of_a_page_are_read_together(tmp_path):
    """However many permissions there are on a page, their events come in one statement."""
    assert _statements(tmp_path / "few", 3) == _statements(tmp_path / "many", 12)


def _statements(folder, grants):
    """How many statements read events while that many permissions of one owner are verified."""
    storage = SqlStorage(SqlSettings(url=Secret(f"sqlite:///{folder}/consent.sqlite")), fixed_keys())
    storage.migrate()
    scenario = begin(storage)
    for number in range(grants):
        scenario.approve("sites.read", client=scenario.add_client(f"app{number}", scopes=("sites.read",)))
    seen = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    event.listen(storage._database.engine, "before_cursor_execute", note)
    assert verify_all(storage, scenario.keys).problems == ()
    storage.close()
    return sum("FROM consent_event" in one for one in seen)
