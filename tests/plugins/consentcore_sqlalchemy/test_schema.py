"""Migrations, and what check() says of a database."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from consentcore.api import Owner, OwnerSession, StorageError
from consentcore.keys.sealed_passwords import open_password
from consentcore_sqlalchemy import schema
from consentcore_sqlalchemy.migrate import FOLDER
from consentcore_sqlalchemy.tables import metadata
from tests.plugins.consentcore_sqlalchemy.test_migrations_additive import NOT_ADDITIVE
from tests.support.patience import PATIENCE_S
from tests.support.postgres import storage_at

MIGRATIONS = [step.revision for step in ScriptDirectory(str(FOLDER)).walk_revisions()][::-1]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request, sqlite_path):
    if request.param == "sqlite":
        return f"sqlite:///{sqlite_path}"
    return request.getfixturevalue("empty_postgres_url")


@pytest.fixture
def empty(empty_url):
    storage = storage_at(empty_url)
    yield storage
    storage.close()


def test_known_newest_migration_is_the_newest_one():
    assert ScriptDirectory(str(FOLDER)).get_heads() == [schema.HEAD]


def test_migrations_make_what_the_tables_describe(empty):
    empty.migrate()
    with empty._database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        differences = compare_metadata(context, metadata)
    names = [change for change in differences if schema.VERSION_TABLE not in str(change)]
    assert names == []


def test_empty_database_says_what_to_do(empty):
    assert len(empty.check()) == 1
    assert "not migrated: run consentcore init" in empty.check()[0]
    assert [line.split(":")[:2] for line in empty.migrate()] == [
        ["sqlalchemy", f" {name}"] for name in MIGRATIONS
    ]
    assert list(empty.check()) == []
    assert list(empty.migrate()) == []


def test_looking_at_a_missing_file_does_not_make_it(sqlite_path):
    storage = storage_at(f"sqlite:///{sqlite_path}")
    assert "not migrated" in storage.check()[0]
    assert not sqlite_path.parent.exists()
    storage.close()


def upgraded_by_newer_code(storage, *statements):
    storage.migrate()
    with storage._database.transactions.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'")
        for one in statements:
            connection.exec_driver_sql(one)


NEWER = f"made by a newer version of consentcore .it is at 9999, known is {schema.HEAD}"


@pytest.mark.parametrize(
    ("statement", "asks"),
    [
        (f"UPDATE {schema.oldest_code.name} SET version_num = '9998'", ", and asks for one that knows 9998"),
        (f"DELETE FROM {schema.oldest_code.name}", ""),
        (f"DROP TABLE {schema.oldest_code.name}", ""),
    ],
    ids=["asks for newer code", "does not say", "knows no such thing"],
)
def test_database_of_a_newer_version_is_refused(empty, statement, asks):
    upgraded_by_newer_code(empty, statement)
    assert re.search(NEWER + asks + r"\)$", empty.check()[0])
    with pytest.raises(StorageError, match=NEWER + asks):
        empty.migrate()


def test_database_of_a_newer_version_is_used_where_it_lets_this_code(empty):
    upgraded_by_newer_code(empty)
    assert list(empty.check()) == []
    assert list(empty.migrate()) == []
    with empty._database.engine.connect() as connection:
        assert schema.version_on(connection) == "9999"
        assert schema.oldest_on(connection) == schema.OLDEST


def test_what_a_database_asks_for_is_written_down_by_every_upgrade(empty):
    empty.migrate()
    with empty._database.transactions.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {schema.oldest_code.name} SET version_num = '0001'")
    assert list(empty.migrate()) == []
    with empty._database.engine.connect() as connection:
        assert schema.oldest_on(connection) == schema.OLDEST


def test_a_migration_that_older_code_cannot_live_with_raises_what_is_asked_for():
    assert max(NOT_ADDITIVE) <= schema.OLDEST <= schema.HEAD


def test_failed_migration_leaves_nothing(empty, monkeypatch):
    import sqlalchemy
    from alembic import op

    def fail(*_arguments, **_keywords):
        raise sqlalchemy.exc.OperationalError("CREATE INDEX", {}, sqlite3.OperationalError("disk I/O error"))

    with monkeypatch.context() as patched:
        patched.setattr(op, "create_index", fail)
        with pytest.raises(Exception, match="disk I/O error"):
            empty.migrate()
    assert sqlalchemy.inspect(empty._database.engine).get_table_names() == []
    assert len(empty.migrate()) == len(MIGRATIONS)


MIGRATE_WHEN_TOLD = """
import sys
from consentcore.api import Secret
from consentcore.testing import fixed_keys
from consentcore_sqlalchemy import migrate, schema
from consentcore_sqlalchemy.settings import SqlSettings
from consentcore_sqlalchemy.storage import SqlStorage
storage = SqlStorage(SqlSettings(url=Secret(sys.argv[1])), fixed_keys())
print("ready", flush=True)
sys.stdin.readline()
print(len(storage.migrate()), len(storage.check()), flush=True)
"""


@pytest.mark.slow
def test_processes_that_start_at_the_same_time_do_it_once(empty_url):
    command = [sys.executable, "-c", MIGRATE_WHEN_TOLD, empty_url]
    pipe = subprocess.PIPE
    children = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(3)]
    try:
        assert [child.stdout.readline() for child in children] == ["ready\n"] * 3
        for child in children:
            child.stdin.write("go\n")
            child.stdin.flush()
        outcomes = sorted(child.communicate(timeout=2 * PATIENCE_S)[0].split() for child in children)
    finally:
        for child in children:
            child.kill()
            child.wait()
    assert [child.returncode for child in children] == [0, 0, 0]
    assert outcomes == [["0", "0"], ["0", "0"], [str(len(MIGRATIONS)), "0"]]


def test_serving_does_not_import_alembic(sqlite_path):
    script = f"""
import sys
from consentcore.api import Secret
from consentcore_sqlalchemy import SqlSettings, consentcore_plugin, consentcore_storage
assert "sqlalchemy" not in sys.modules, "naming the plugin is enough to load SQLAlchemy"
storage = consentcore_storage(SqlSettings(url=Secret("sqlite:///{sqlite_path}")), None, None)
assert storage.check() == []
storage.protocol.find_token("c", b"t"), storage.counters.hit("k", 0, 1)
with storage.reading() as uow:
    uow.clients.list()
for name in ("alembic", "mako", "click", "cryptography"):
    assert name not in sys.modules, name
"""
    storage = storage_at(f"sqlite:///{sqlite_path}")
    storage.migrate()
    storage.close()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_owners_and_sessions_of_an_older_database_come_along(empty):
    from alembic import command

    from consentcore_sqlalchemy.migrate import configuration

    with empty._database.transactions.connect() as connection, connection.begin():
        command.upgrade(configuration(connection), "0001")
        connection.exec_driver_sql(
            "INSERT INTO owner VALUES ('o-1', 'ada@example.org', 1, 'Ada', 'en', 'UTC', '$argon2id$')"
        )
        insert = text("INSERT INTO owner_session VALUES (:hash, 'o-1', 1, 100, 1, 'acr', '[\"pwd\"]')")
        connection.execute(insert, {"hash": b"s" * 32})
    assert "not migrated" in empty.check()[0]
    empty.migrate()
    with empty.reading() as uow:
        assert uow.owners.get("o-1") == Owner("o-1", "ada@example.org", 1, "Ada")
        assert open_password(empty._keys, "o-1", uow.owners.password_hash("o-1")) == "$argon2id$"
        session = OwnerSession(b"s" * 32, "o-1", 1, 100, 1, "acr", ("pwd",))
        assert list(uow.owners.sessions("o-1", 2)) == [session]


def test_words_of_scopes_that_were_pinned_without_a_seal_are_not_taken_for_ours(empty):
    """Sealing them would seal what somebody has changed; a database can be made to look like one of then."""
    from alembic import command

    from consentcore_sqlalchemy.migrate import configuration

    with empty._database.transactions.connect() as connection, connection.begin():
        command.upgrade(configuration(connection), "0013")
        connection.exec_driver_sql("INSERT INTO pinned_scope VALUES ('sites.read', '1', 1, '{}', 1)")
    empty.migrate()
    with empty.reading() as uow:
        assert list(uow.pinned_scopes.all()) == []
