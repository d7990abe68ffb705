""" "Going back" of docs/upgrading.md, as it is written: with init that had nothing to do, and with a backup."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import threading
from contextlib import closing

from sqlalchemy import inspect, text

from consentcore.worker.worker import run_worker
from consentcore_sqlalchemy.schema import HEAD, VERSION_TABLE, oldest_code
from tests.support.platform import connect, give_back, introspect, refresh

SCOPE = ("--scope", "sites.read")
NEWER = "made by a newer version of consentcore"


def upgraded_by_a_newer_version(folder, oldest="9999"):
    """As the next migration would leave it: with a column more that may be empty."""
    with closing(sqlite3.connect(folder / "var" / "consentcore.sqlite")) as database:
        database.execute("ALTER TABLE client ADD COLUMN of_tomorrow TEXT")
        database.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
        database.execute(f"UPDATE {oldest_code.name} SET version_num = ?", (oldest,))
        database.commit()


def test_older_version_goes_on_where_init_had_nothing_to_do(cli):
    assert "nothing to do, everything is there" in cli("init").err
    assert cli("plugins", "check").code == 0


def test_older_version_refuses_an_upgraded_database_and_changes_nothing(cli):
    upgraded_by_a_newer_version(cli.folder)
    before = (cli.folder / "var" / "consentcore.sqlite").read_bytes()
    for command in (("init",), ("plugins", "check")):
        refused = cli(*command)
        assert refused.code != 0
        assert NEWER in refused.err + refused.out
    assert (cli.folder / "var" / "consentcore.sqlite").read_bytes() == before


class PutBack(threading.Event):
    """Whoever waits for the end finds the database of before put back; who waits once more, the end."""

    def __init__(self, folder):
        super().__init__()
        self.database = folder / "var" / "consentcore.sqlite"
        self.seen = ""

    def wait(self, timeout=None):
        with closing(sqlite3.connect(self.database)) as database:
            (self.seen,) = database.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()
            database.execute(f"UPDATE {VERSION_TABLE} SET version_num = '{HEAD}'")
            database.commit()
        if self.seen == HEAD:
            self.set()
        return self.is_set()


def test_worker_of_an_older_version_does_nothing_until_the_database_is_put_back(cli, caplog):
    upgraded_by_a_newer_version(cli.folder)
    with caplog.at_level(logging.INFO, "consentcore.worker"):
        run_worker(str(cli.ini), PutBack(cli.folder))
    lines = [record.getMessage() for record in caplog.records if record.name == "consentcore.worker"]
    assert NEWER in lines[0]
    assert lines[0].startswith("nothing is done yet")
    assert lines[1].startswith("worker started")


def test_older_version_uses_an_upgraded_database_that_lets_it(cli):
    upgraded_by_a_newer_version(cli.folder, oldest=HEAD)
    assert "nothing to do, everything is there" in cli("init").err
    assert cli("plugins", "check").code == 0
    made = cli("client", "create", "--name", "A", "--redirect-uri", "https://a.example/cb", *SCOPE, "--json")
    assert made.json["client_id"] in cli("client", "list", "--json").out
    assert cli("audit", "verify").code == 0


def test_journey_goes_on_while_a_newer_version_has_upgraded_the_database(database):
    """Nodes are upgraded one by one: those of before serve what the first of the new ones has added to."""
    tokens = connect(database)
    engine = database.runtime.storage.bare.bare._database.engine
    with engine.begin() as connection:
        for table in inspect(connection).get_table_names():
            connection.execute(text(f"ALTER TABLE {table} ADD COLUMN of_tomorrow TEXT"))
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
        connection.execute(text(f"UPDATE {oldest_code.name} SET version_num = '{HEAD}'"))
    assert list(database.runtime.storage.check()) == []
    assert introspect(database, tokens["access_token"])["active"]
    newer = refresh(database, tokens["refresh_token"]).json
    assert introspect(database, newer["access_token"])["active"]
    give_back(database, newer["refresh_token"])
    assert not introspect(database, newer["access_token"])["active"]
    assert introspect(database, connect(database, email="grace@example.org")["access_token"])["active"]


def test_database_that_was_put_back_is_used_again(cli):
    """With the key ring of today."""
    made = cli("client", "create", "--name", "A", "--redirect-uri", "https://a.example/cb", *SCOPE, "--json")
    backup = cli.folder / "backup.sqlite"
    shutil.copy(cli.folder / "var" / "consentcore.sqlite", backup)
    upgraded_by_a_newer_version(cli.folder)
    assert cli("plugins", "check").code != 0
    for rest in (cli.folder / "var").glob("consentcore.sqlite*"):
        rest.unlink()
    shutil.copy(backup, cli.folder / "var" / "consentcore.sqlite")
    assert cli("plugins", "check").code == 0
    assert cli("audit", "verify").code == 0
    assert made.json["client_id"] in cli("client", "list", "--json").out
