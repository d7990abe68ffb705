"""Can the database be written to? Found out without leaving anything in it: probes ask every few seconds."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from consentcore_sqlalchemy.errors import translated, translating

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from consentcore_sqlalchemy.engine import Database

_ONLY_READ = "the database can be read, but not written to"

# What a session of ours may do, and whether the server can take writes at all.
_NOW = """\
SELECT current_setting('transaction_read_only') = 'on', pg_is_in_recovery(),
       has_table_privilege('consent_event', 'INSERT')
"""
# What the next session will be told, the most special setting first; one that is open keeps what it was told.
_NEXT = """\
SELECT split_part(line, '=', 2)
FROM pg_db_role_setting, unnest(setconfig) AS line
WHERE split_part(line, '=', 1) = 'default_transaction_read_only'
  AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
  AND setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = current_user))
ORDER BY setrole <> 0 DESC, setdatabase <> 0 DESC
LIMIT 1
"""


def why_not_writable(database: Database) -> str:
    """Why nothing can be written, "" when it can.

    :raises StorageError: the database does not answer.
    """
    with translating():
        reason = _sqlite(database, database.path) if database.path is not None else _postgres(database)
    return f"{_ONLY_READ}: {reason}" if reason else ""


def _sqlite(database: Database, path: Path) -> str:
    folder = path.parent
    if not _allows(folder, os.W_OK | os.X_OK):
        return f"no rights to write into the folder {folder}, where SQLite keeps its log"
    for file in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        if file.exists() and not _allows(file, os.W_OK):
            return f"no rights to write to {file}"
    with database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        return _try_to_write(raw)


def _allows(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _try_to_write(raw: sqlite3.Connection) -> str:
    (patience_ms,) = raw.execute("PRAGMA busy_timeout").fetchone()
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        # Nothing of it gets to the file: changed pages wait in memory for a commit that never comes.
        raw.execute("BEGIN IMMEDIATE")
        raw.execute("UPDATE consentcore_sqlalchemy_version SET version_num = version_num")
    except sqlite3.OperationalError as error:
        busy = (error.sqlite_errorcode or 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        return "" if busy else str(translated(error))  # whoever holds the lock is writing
    finally:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        raw.execute(f"PRAGMA busy_timeout = {int(patience_ms)}")
    return ""


def _postgres(database: Database) -> str:
    with database.engine.connect() as connection:
        only_read, standby, may_insert = connection.exec_driver_sql(_NOW).one()
        if standby:
            return "the server is a standby"
        if only_read or _next_session_only_reads(connection):
            return "default_transaction_read_only is on"
        return "" if may_insert else "the user has no right to INSERT into its tables"


def _next_session_only_reads(connection: Connection) -> bool:
    own = connection.exec_driver_sql(
        "SELECT source FROM pg_settings WHERE name = 'default_transaction_read_only'"
    ).scalar()
    if own in {"client", "command line", "session"}:  # what the URL says counts more
        return False
    found = connection.exec_driver_sql(_NEXT).scalar()
    return str(found or "").strip("'\" ").lower() in {"on", "true", "yes", "1", "t", "y"}
