"""Is the database there, and as new as this code? Does not import Alembic, which a web worker has no use for."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from sqlalchemy import Column, Connection, MetaData, Table, Text, insert, select, update

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

OLDEST = "0019"
"""The code that a database of this one asks for at least, by the newest migration that it knows.

Nodes are upgraded one by one: those of before go on for a while with what newer code has added to. A migration that
they could not live with raises this to its own number.
"""

version = Table(VERSION_TABLE, MetaData(), Column("version_num", Text, primary_key=True))
oldest_code = Table(f"{VERSION_TABLE}_oldest", MetaData(), Column("version_num", Text, primary_key=True))


def check(database: Database) -> Sequence[str]:
    """Say what stops the database from being used, one line each."""
    if database.path is not None and not database.path.exists():
        return [f"storage sqlalchemy: {NOT_MIGRATED} (there is no {database.path})"]
    try:
        current, oldest = _versions(database)
    except StorageError as error:
        return [f"storage sqlalchemy: {error}"]
    if current is None or current < HEAD:
        return [f"storage sqlalchemy: {NOT_MIGRATED} (it is at {current or 'nothing'}, wanted is {HEAD})"]
    if current > HEAD and not suffices(oldest):
        return [f"storage sqlalchemy: {newer(current, oldest)}"]
    return _not_writable(database)


def _not_writable(database: Database) -> Sequence[str]:
    try:
        reason = why_not_writable(database)
    except StorageError as error:
        reason = str(error)
    return [f"storage sqlalchemy: {reason}"] if reason else []


def newer(current: str, oldest: str | None) -> str:
    """What to say of a database that is too far ahead of this code."""
    wants = f", and asks for one that knows {oldest}" if oldest else ""
    return f"made by a newer version of consentcore (it is at {current}, known is {HEAD}{wants})"


def suffices(oldest: str | None) -> bool:
    """Whether this code may use a database that is ahead of it.

    :param oldest: what the database asks for; None where it does not say.
    """
    return oldest is not None and oldest <= HEAD


def current_version(database: Database) -> str | None:
    """The migration that the database is at; None before the first.

    :raises StorageError: when it cannot be reached.
    """
    return _versions(database)[0]


def _versions(database: Database) -> tuple[str | None, str | None]:
    with translating(), database.engine.connect() as opened:
        # Not as SQLite's writer, which might have to wait for another one.
        connection = opened.execution_options(**{BEGIN: "DEFERRED"})
        current = version_on(connection)
        ahead = current is not None and current > HEAD
        return current, oldest_on(connection) if ahead else None


def version_on(connection: Connection) -> str | None:
    """The same on an open connection."""
    return _number_in(connection, version)


def oldest_on(connection: Connection) -> str | None:
    """What code the database asks for at least; None where it does not say."""
    return _number_in(connection, oldest_code)


def ask_for_oldest(connection: Connection) -> None:
    """Write down what code may use the database from now on."""
    found = oldest_on(connection)
    if found is None:
        connection.execute(insert(oldest_code).values(version_num=OLDEST))
    elif found != OLDEST:
        connection.execute(update(oldest_code).values(version_num=OLDEST))


def _number_in(connection: Connection, table: Table) -> str | None:
    if not connection.dialect.has_table(connection, table.name):
        return None
    found: str | None = connection.execute(select(table.c.version_num)).scalar()
    return found
