"""Evidence that somebody with a database shell has touched: `consentcore audit verify` names what is broken."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from urllib.parse import urlencode

import pytest

from tests.support.browser import Browser
from tests.support.deployment import deployment, smtp_server
from tests.support.patience import eventually

pytestmark = pytest.mark.slow

EMAIL, PASSWORD = "ada@example.org", "correct horse battery"
COPIED = "0aa1c9a2-0000-4000-8000-00000000c0de"

# The event in the middle of three is touched; what must be named is it, the one after it, or the copy.
EVENTS = {
    "edited": "UPDATE consent_event SET body = replace(body, 'comfort.read', 'meters.read') WHERE event_id = :middle",
    "dated back": "UPDATE consent_event SET occurred_at = occurred_at - 1 WHERE event_id = :middle",
    "of another type": "UPDATE consent_event SET type = 'expired' WHERE event_id = :middle",
    "of another person": "UPDATE consent_event SET owner_id = 'somebody' WHERE event_id = :middle",
    "deleted": "DELETE FROM consent_event WHERE event_id = :middle",
    "last one deleted": "DELETE FROM consent_event WHERE event_id = :last",
    "whole chain deleted": "DELETE FROM consent_event WHERE grant_id = :grant",
    "swapped": """
        UPDATE consent_event SET sequence = -sequence WHERE event_id IN (:middle, :last);
        UPDATE consent_event SET sequence = (SELECT -sequence FROM consent_event WHERE event_id = :last)
            WHERE event_id = :middle;
        UPDATE consent_event SET sequence = (SELECT sequence FROM consent_event WHERE event_id = :middle) - 1
            WHERE event_id = :last
    """,
    "copied": f"""
        INSERT INTO consent_event SELECT '{COPIED}', grant_id, sequence + 1, type, owner_id, client_id, occurred_at,
            body, prev_hash, record_hash, key_id, NULL FROM consent_event WHERE event_id = :last
    """,
}
GRANTS = {
    "withdrawn said to be active": "UPDATE consent_grant SET state = 'active' WHERE grant_id = :grant",
    "scope changed": "UPDATE consent_grant SET scopes = replace(scopes, 'comfort.read', 'meters.read')"
    " WHERE grant_id = :grant",
    "end moved": "UPDATE consent_grant SET expires_at = expires_at + 1 WHERE grant_id = :grant",
    "handed to another application": "UPDATE consent_grant SET client_id = 'shiftplan' WHERE grant_id = :grant",
    "deleted": "DELETE FROM consent_grant WHERE grant_id = :grant",
}


class Installation:
    """A database after three consents, the first amended and withdrawn; the server is ended."""

    def __init__(self, made):
        self.made = made
        self.redirect = f"{made.issuer}/livez"
        self.browser = Browser()

    def set_up(self):
        self.made.init()
        self.made.json("owner", "create", "--email", EMAIL, "--password-stdin", stdin=PASSWORD)
        for name in ("coolsite", "shiftplan", "pocketmeter"):
            options = (
                "--client-id",
                name,
                "--redirect-uri",
                self.redirect,
                "--scope",
                "sites.read comfort.read",
            )
            self.made.json("client", "create", "--name", name.title(), *options)

    def play(self):
        self.made.start()
        self.browser.open(f"{self.made.issuer}/login")
        self.browser.press("Sign in", email=EMAIL, password=PASSWORD)
        for name in ("coolsite", "shiftplan", "pocketmeter"):
            self.approve(name, "comfort.read")
        self.approve("coolsite", "sites.read comfort.read")
        listed = self.made.json("consents", "list", "--owner", EMAIL)
        [grant_id] = [one["grant_id"] for one in listed if one["client_id"] == "coolsite"]
        self.browser.open(f"{self.made.issuer}/consents/{grant_id}/revoke")
        self.browser.press("Proceed")
        assert self.made.stop() == 0
        self.made.start()  # its worker signs a checkpoint when it starts, and then from time to time
        self.wait_for_checkpoint()
        assert self.made.stop() == 0

    def wait_for_checkpoint(self):
        with closing(sqlite3.connect(self.made.database)) as connection:
            look = """
                SELECT 1 FROM checkpoint WHERE size > (SELECT max(leaf_index) FROM consent_event)
                AND (SELECT count(leaf_index) FROM consent_event) = 5
            """  # statements of what records are stand among the five events
            eventually(lambda: connection.execute(look).fetchone(), self.made.log.read_text)

    def approve(self, client_id, scope):
        query = {
            "response_type": "code",
            "client_id": client_id,
            "scope": scope,
            "redirect_uri": self.redirect,
        }
        self.browser.open(f"{self.made.issuer}/ecostruxure/v1/oauth/authorize?{urlencode(query)}")
        page = self.browser.press("Approve")
        assert "code=" in page.url, page

    def copy(self, target):
        with (
            closing(sqlite3.connect(self.made.database)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)

    def verify(self, database, *options):
        """Run the command on another database of the same installation."""
        return self.made.run(
            "audit", "verify", *options, CONSENTCORE_PLUGIN__SQLALCHEMY__URL=f"sqlite:///{database}"
        )


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installation")
    with smtp_server() as (_, port), deployment(folder, smtp=port) as made:
        one = Installation(made)
        one.set_up()
        one.play()
        yield one


@pytest.fixture
def database(installation, tmp_path):
    """A copy to play with."""
    target = tmp_path / "copy.sqlite"
    installation.copy(target)
    return target


def names(database):
    """The chain that is touched: its grant and its three events."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(
            "SELECT event_id, grant_id FROM consent_event WHERE client_id = 'coolsite' ORDER BY sequence"
        ).fetchall()
    assert len(rows) == 3
    return {"first": rows[0][0], "middle": rows[1][0], "last": rows[2][0], "grant": rows[0][1]}


def tamper(database, script, values):
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for statement in script.split(";"):
            wanted = {name: value for name, value in values.items() if f":{name}" in statement}
            assert connection.execute(statement, wanted).rowcount > 0, "the statement changes something"


def test_untouched_evidence_is_intact(installation, database):
    done = installation.verify(database)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("intact: 3 consents, 5 events")


@pytest.mark.parametrize("how", EVENTS)
def test_a_touched_event_is_named(installation, database, how):
    values = names(database)
    tamper(database, EVENTS[how], values)
    done = installation.verify(database, "--json")
    assert done.returncode == 1, done.stdout
    first = json.loads(done.stdout)["problems"][0]
    assert first["grant_id"] == values["grant"]
    if how not in {"last one deleted", "whole chain deleted"}:
        assert first["event_id"] in {values["middle"], values["last"], COPIED}
    said = installation.verify(database).stderr
    assert values["grant"] in said
    assert "NOT INTACT" in said


@pytest.mark.parametrize("how", GRANTS)
def test_a_touched_grant_is_named(installation, database, how):
    values = names(database)
    tamper(database, GRANTS[how], values)
    done = installation.verify(database)
    assert done.returncode == 1, done.stdout
    assert done.stdout == ""
    assert values["grant"] in done.stderr
    assert "NOT INTACT" in done.stderr


def test_a_consent_that_vanished_as_a_whole_is_noticed_by_the_checkpoints(installation, database):
    values = names(database)
    for table in ("consent_event", "consent_grant"):
        tamper(database, f"DELETE FROM {table} WHERE grant_id = :grant", values)
    done = installation.verify(database)
    assert done.returncode == 1, done.stdout
    assert "NOT INTACT" in done.stderr
