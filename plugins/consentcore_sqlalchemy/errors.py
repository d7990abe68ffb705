"""What the driver's errors mean. Nothing of SQLAlchemy, psycopg or sqlite3 leaves this plugin."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import exc
from transaction.interfaces import TransientError

from consentcore.api import StorageConflict, StorageError, StorageNotMigrated, StorageUnavailable


class Collision(StorageConflict, TransientError):  # type: ignore[misc]  # the library has no types
    """A conflict that ``transaction`` managers, and so pyramid_retry, know as worth another try."""


class Locked(Collision, StorageUnavailable):
    """Another writer held the database for longer than the waiting time: try again, or answer 503."""


class Severed(Exception):
    """The connection was lost under a statement; what libpq or the server said is the cause."""


NOT_MIGRATED = "not migrated: run consentcore init"

_COLLIDED = frozenset({"40001", "40P01", "40003", "23505"})
_LOCKED = frozenset({"55P03"})
_MISSING = frozenset({"42P01", "42703", "3F000"})
# connection, resources (disk full, too many connections), operator intervention, I/O, read-only server, cancelled
_UNAVAILABLE_CLASSES = frozenset({"08", "53", "57", "58", "28", "3D"})
_READ_ONLY = "25006"
_UNAVAILABLE = frozenset({_READ_ONLY, "25P03"})

_SQLITE_COLLIDED = frozenset(
    {
        sqlite3.SQLITE_BUSY_SNAPSHOT,
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
        sqlite3.SQLITE_CONSTRAINT_ROWID,
    }
)
_SQLITE_LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SQLITE_UNAVAILABLE = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOLFS,
        sqlite3.SQLITE_PROTOCOL,
    }
)


def translated(error: BaseException) -> StorageError:
    """Turn an error of SQLAlchemy or a driver into one of the port's.

    The text never holds values of a statement, because they may be personal data.
    """
    if isinstance(error, StorageError):
        return error
    cause: BaseException | None = error.orig if isinstance(error, exc.DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause)
    if isinstance(cause, exc.TimeoutError):
        return StorageUnavailable("every connection to the database is in use")
    if isinstance(cause, exc.SQLAlchemyError):
        return StorageError(f"the database access failed: {type(cause).__name__}")
    return _of_postgres(cause if cause is not None else error)


def at_opening(error: sqlite3.Error, path: Path) -> StorageError:
    """The same of a file of SQLite that is opened, with its name where it cannot be used at all."""
    found = _of_sqlite(error)
    if type(found) is not StorageUnavailable:  # locked by others: it is the right file
        return found
    return StorageUnavailable(f"the database cannot be used: {path}: {error}")


@contextmanager
def translating() -> Iterator[None]:
    """Raise the port's errors in place of the driver's."""
    try:
        yield
    except Exception as error:
        if is_driver_error(error):
            raise translated(error) from error
        raise


def is_driver_error(error: BaseException) -> bool:
    """Whether the way to the database raised it (psycopg is not imported where it is not used).

    The last two are what drivers let through for a text or a number that no database can hold.
    """
    known = isinstance(error, (sqlite3.Error, exc.SQLAlchemyError, OSError, UnicodeError, OverflowError))
    return known or type(error).__module__.startswith("psycopg")


def is_read_only(error: BaseException | None) -> bool:
    """Whether PostgreSQL has refused to write: it has become, or always was, somebody's replica."""
    return getattr(error, "sqlstate", None) == _READ_ONLY


def _of_sqlite(error: sqlite3.Error) -> StorageError:
    extended = getattr(error, "sqlite_errorcode", None) or 0
    primary = extended & 0xFF
    if extended in _SQLITE_COLLIDED:
        return Collision(f"the transaction collided with another one: {error}")
    if primary in _SQLITE_LOCKED:
        return Locked(f"the database is locked by another writer: {error}")
    if primary in _SQLITE_UNAVAILABLE:
        return StorageUnavailable(f"the database cannot be used: {error}")
    if "no such table" in str(error) or "no such column" in str(error):
        return StorageNotMigrated(f"the database is {NOT_MIGRATED} ({error})")
    if str(error).startswith("Could not decode"):
        return StorageError(str(error).partition(" with text ")[0])  # the rest is what the column holds
    return StorageError(f"the database refused: {error}")


def _of_postgres(error: BaseException) -> StorageError:
    state: str | None = getattr(error, "sqlstate", None)
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    message = primary or str(error).strip().partition("\n")[0] or type(error).__name__
    if state is None:
        # libpq found no server, or lost it: there is no SQLSTATE without a server
        lost = type(error).__name__ in {"OperationalError", "InterfaceError", "ConnectionTimeout"}
        kind = StorageUnavailable if lost or isinstance(error, OSError) else StorageError
        return kind(f"the database cannot be reached: {message}" if kind is StorageUnavailable else message)
    if state in _COLLIDED:
        return Collision(f"the transaction collided with another one: {message}")
    if state in _LOCKED:
        return Locked(f"the database is locked by another writer: {message}")
    if state in _MISSING:
        return StorageNotMigrated(f"the database is {NOT_MIGRATED} ({message})")
    if state in _UNAVAILABLE or state[:2] in _UNAVAILABLE_CLASSES:
        return StorageUnavailable(f"the database cannot be used: {message}")
    return StorageError(f"the database refused: {message}")
