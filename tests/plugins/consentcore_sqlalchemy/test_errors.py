"""What the driver's errors become."""

from __future__ import annotations

import sqlite3

import psycopg.errors
import pytest
from sqlalchemy import exc
from transaction.interfaces import TransientError

from consentcore.api import StorageConflict, StorageError, StorageUnavailable
from consentcore_sqlalchemy.errors import translated


def sqlite_error(code, text="it failed"):
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "kinds"),
    [
        (psycopg.errors.SerializationFailure(), (StorageConflict, TransientError)),
        (psycopg.errors.DeadlockDetected(), (StorageConflict, TransientError)),
        (psycopg.errors.UniqueViolation(), (StorageConflict, TransientError)),
        (psycopg.errors.LockNotAvailable(), (StorageConflict, StorageUnavailable, TransientError)),
        (psycopg.errors.DiskFull(), (StorageUnavailable,)),
        (psycopg.errors.TooManyConnections(), (StorageUnavailable,)),
        (psycopg.errors.AdminShutdown(), (StorageUnavailable,)),
        (psycopg.errors.QueryCanceled(), (StorageUnavailable,)),
        (psycopg.errors.ReadOnlySqlTransaction(), (StorageUnavailable,)),
        (psycopg.errors.UndefinedTable(), (StorageUnavailable,)),
        (psycopg.OperationalError("server closed the connection unexpectedly"), (StorageUnavailable,)),
        (sqlite_error(sqlite3.SQLITE_BUSY), (StorageConflict, StorageUnavailable, TransientError)),
        (sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT), (StorageConflict, TransientError)),
        (sqlite_error(sqlite3.SQLITE_CONSTRAINT_UNIQUE), (StorageConflict, TransientError)),
        (sqlite_error(sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY), (StorageConflict, TransientError)),
        (sqlite_error(sqlite3.SQLITE_FULL), (StorageUnavailable,)),
        (sqlite_error(sqlite3.SQLITE_IOERR_WRITE), (StorageUnavailable,)),
        (sqlite_error(sqlite3.SQLITE_READONLY), (StorageUnavailable,)),
        (sqlite_error(sqlite3.SQLITE_ERROR, "no such table: client"), (StorageUnavailable,)),
        (exc.TimeoutError("QueuePool limit"), (StorageUnavailable,)),
        (PermissionError(13, "no"), (StorageUnavailable,)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_kinds(error, kinds):
    for wrapped in (error, exc.DBAPIError("SELECT 1", {}, error)):
        assert isinstance(translated(wrapped), kinds)


@pytest.mark.parametrize(
    "error",
    [
        psycopg.errors.NotNullViolation(),
        psycopg.errors.ForeignKeyViolation(),
        psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"),
        sqlite_error(sqlite3.SQLITE_CONSTRAINT_NOTNULL),
        exc.CompileError("no"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_mistakes_are_neither_repeated_nor_called_an_outage(error):
    found = translated(error)
    assert type(found) is StorageError


def test_missing_tables_say_what_to_do():
    for error in (psycopg.errors.UndefinedTable("x"), sqlite_error(sqlite3.SQLITE_ERROR, "no such table: x")):
        assert "run consentcore init" in str(translated(error))


def test_bytes_that_are_no_text_are_a_mistake_and_not_shown():
    """sqlite3 says this while a row is read, without a code."""
    with sqlite3.connect(":memory:") as shell, pytest.raises(sqlite3.OperationalError) as raised:
        shell.execute("SELECT CAST(x'61ff' AS TEXT) AS name").fetchone()
    shell.close()
    found = translated(raised.value)
    assert type(found) is StorageError
    assert str(found) == "Could not decode to UTF-8 column 'name'"


def test_message_holds_no_values(storage, world):
    with pytest.raises(StorageConflict) as raised, storage.transaction() as uow:
        uow.owners.add(world.owner)
    assert world.owner.email not in str(raised.value)
    assert world.owner.owner_id not in str(raised.value)


def test_nul_is_refused_and_nothing_else_is_harmed(storage, world):
    from dataclasses import replace

    if not storage._database.is_sqlite:
        with pytest.raises(StorageError):
            storage.protocol.find_token("a\0b", b"")
    with pytest.raises(StorageError), storage.transaction() as uow:
        uow.clients.update(replace(world.client, name="\ud800"))
    with storage.reading() as uow:
        assert uow.clients.get(world.client.client_id) == world.client
