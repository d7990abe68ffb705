"""A database that can only be read is not ready, and asking leaves nothing in it."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.postgres import storage_at

NOBODY = 65_534
"""A user that every Linux has, who owns nothing."""


@contextmanager
def as_an_ordinary_user():
    """Rights count for nothing with root."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@contextmanager
def without_rights(*paths):
    before = {path: path.stat().st_mode for path in paths}
    try:
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        with as_an_ordinary_user():
            yield
    finally:
        for path, mode in before.items():
            path.chmod(mode)


@pytest.fixture
def tmp_path():
    """A folder that others may enter: those of pytest are closed again by whoever else runs it."""
    with tempfile.TemporaryDirectory(prefix="consentcore-rights-") as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path


@pytest.fixture
def reachable(sqlite_storage, sqlite_path):
    """The folder that it is in lets everybody through, whatever the umask."""
    sqlite_path.parent.chmod(0o755)
    return sqlite_storage


@pytest.mark.parametrize("fresh", [True, False], ids=["new process", "open connections"])
@pytest.mark.parametrize("what", ["file", "folder", "both"])
def test_sqlite_without_rights_to_write_is_not_ready(reachable, sqlite_path, what, fresh):
    assert list(reachable.check()) == []
    paths = {"file": [sqlite_path], "folder": [sqlite_path.parent]}.get(
        what, [sqlite_path, sqlite_path.parent]
    )
    if fresh:
        reachable.close()  # takes -wal and -shm away, too
    with without_rights(*paths):
        storage = storage_at(f"sqlite:///{sqlite_path}") if fresh else reachable
        (problem,) = storage.check()
        storage.close()
    assert problem.startswith("storage sqlalchemy: the database can")
    assert list(reachable.check()) == []


def test_sqlite_whose_connections_only_read_is_not_ready(sqlite_storage):
    with sqlite_storage._database.engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA query_only = ON")
    (problem,) = sqlite_storage.check()
    assert "the database can be read, but not written to: " in problem
    assert "readonly" in problem


def test_asking_writes_nothing(sqlite_storage, sqlite_path):
    files = [sqlite_path, sqlite_path.with_name(sqlite_path.name + "-wal")]
    before = [(file.read_bytes(), file.stat().st_mtime_ns) for file in files]
    for _ in range(20):
        assert list(sqlite_storage.check()) == []
    assert [(file.read_bytes(), file.stat().st_mtime_ns) for file in files] == before


def test_database_that_somebody_writes_to_is_ready_and_asking_waits_for_nobody(sqlite_path):
    storage = storage_at(f"sqlite:///{sqlite_path}", busy_timeout_s=600)
    storage.migrate()
    writer = sqlite3.connect(sqlite_path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert list(storage.check()) == []
    with storage._database.engine.connect() as connection:
        (patience_ms,) = connection.connection.driver_connection.execute("PRAGMA busy_timeout").fetchone()
    assert patience_ms == 600_000
    writer.close()
    storage.close()


@pytest.mark.postgres
@pytest.mark.parametrize("fresh", [True, False], ids=["new process", "open connections"])
@pytest.mark.parametrize("whose", ["DATABASE", "ROLE"])
def test_postgres_that_only_reads_by_default_is_not_ready(postgres_url, postgres_storage, whose, fresh):
    assert list(postgres_storage.check()) == []
    with postgres_storage._database.engine.connect() as connection:
        database, role = connection.exec_driver_sql("SELECT current_database(), current_user").one()
        target = (
            f'DATABASE "{database}"' if whose == "DATABASE" else f'ROLE "{role}" IN DATABASE "{database}"'
        )
        connection.exec_driver_sql(f"ALTER {target} SET default_transaction_read_only = on")
    storage = storage_at(postgres_url) if fresh else postgres_storage
    (problem,) = storage.check()
    assert "can be read, but not written to: default_transaction_read_only is on" in problem
    with postgres_storage._database.engine.connect() as connection:
        connection.exec_driver_sql("SET default_transaction_read_only = off")
        connection.exec_driver_sql(f"ALTER {target} RESET default_transaction_read_only")
    if fresh:
        storage.close()
    assert list(postgres_storage.check()) == []


@pytest.mark.postgres
def test_postgres_user_without_the_right_to_insert_is_not_ready(postgres_url, postgres_storage):
    with postgres_storage._database.engine.connect() as connection:
        (role,) = connection.exec_driver_sql("SELECT current_user").one()
        connection.exec_driver_sql("CREATE ROLE reader_of_consents NOLOGIN")
        connection.exec_driver_sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader_of_consents")
    separator = "&" if "?" in postgres_url else "?"
    reader = storage_at(f"{postgres_url}{separator}options=-c%20role%3Dreader_of_consents")
    (problem,) = reader.check()
    reader.close()
    assert "no right to INSERT" in problem
    with postgres_storage._database.engine.connect() as connection:
        connection.exec_driver_sql("DROP OWNED BY reader_of_consents")
        connection.exec_driver_sql("DROP ROLE reader_of_consents")
    assert role
