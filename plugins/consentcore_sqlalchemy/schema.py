"""Is the database there, and as new as this code? Does not import Alembic, which a web worker has no use for."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from sqlalchemy import Column, Connection, MetaData, Table, Text, select

from consentcore.api import StorageError
from consentcore_sqlalchemy.engine import BEGIN, Database
from consentcore_sqlalchemy.errors import NOT_MIGRATED, translating
from consentcore_sqlalchemy.writable import why_not_writable

VERSION_TABLE = "consentcore_sqlalchemy_version"
HEAD = max(
    one.name
    for one in files("consentcore_sqlalchemy.migrations.versions").iterdir()
    if one.name[:1].isdigit()
)[:4]
"""The newest migration, by the number that its file's name begins with."""

version = Table(VERSION_TABLE, MetaData(), Column("version_num", Text, primary_key=True))


def check(database: Database) -> Sequence[str]:
    """Say what stops the database from being used, one line each."""
    if database.path is not None and not database.path.exists():
        return [f"storage sqlalchemy: {NOT_MIGRATED} (there is no {database.path})"]
    try:
        current = current_version(database)
    except StorageError as error:
        return [f"storage sqlalchemy: {error}"]
    if current == HEAD:
        return _not_writable(database)
    if current is None or current < HEAD:
        return [f"storage sqlalchemy: {NOT_MIGRATED} (it is at {current or 'nothing'}, wanted is {HEAD})"]
    return [f"storage sqlalchemy: {newer(current)}"]


def _not_writable(database: Database) -> Sequence[str]:
    try:
        reason = why_not_writable(database)
    except StorageError as error:
        reason = str(error)
    return [f"storage sqlalchemy: {reason}"] if reason else []


def newer(current: str) -> str:
    """What to say of a database that is ahead of this code."""
    return f"made by a newer version of consentcore (it is at {current}, known is {HEAD})"


def current_version(database: Database) -> str | None:
    """The migration that the database is at; None before the first.

    :raises StorageError: when it cannot be reached.
    """
    with translating(), database.engine.connect() as connection:
        # Not as SQLite's writer, which might have to wait for another one.
        return version_on(connection.execution_options(**{BEGIN: "DEFERRED"}))


def version_on(connection: Connection) -> str | None:
    """The same on an open connection."""
    if not connection.dialect.has_table(connection, VERSION_TABLE):
        return None
    found: str | None = connection.execute(select(version.c.version_num)).scalar()
    return found
