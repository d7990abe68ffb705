""" "Going back" of docs/upgrading.md, as it is written: with init that had nothing to do, and with a backup."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

from consentcore_sqlalchemy.schema import VERSION_TABLE

SCOPE = ("--scope", "sites.read")
NEWER = "made by a newer version of consentcore"


def upgraded_by_a_newer_version(folder):
    """As the next migration would leave it: with a column more that may be empty."""
    with closing(sqlite3.connect(folder / "var" / "consentcore.sqlite")) as database:
        database.execute("ALTER TABLE client ADD COLUMN of_tomorrow TEXT")
        database.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
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
