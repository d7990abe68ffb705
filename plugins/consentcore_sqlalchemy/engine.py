"""Connections: one pool a process, two ways to use it (the driver's cursor in autocommit, and transactions)."""

from __future__ import annotations

import math
import re
import select
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc

from consentcore.api import ConfigurationError
from consentcore_sqlalchemy import postgres_url, sqlite_file
from consentcore_sqlalchemy.errors import at_opening, is_read_only
from consentcore_sqlalchemy.idle import IdlePool
from consentcore_sqlalchemy.settings import SqlSettings

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import ExceptionContext

SETTING = "consentcore.plugin.sqlalchemy.url"
BEGIN = "consentcore_begin"
"""Execution option: how a SQLite transaction starts: ``IMMEDIATE`` (default), ``DEFERRED``, or ``""`` for not yet."""


@dataclass(frozen=True)
class Database:
    """One database.

    :ivar engine: its pool; connections are in autocommit.
    :ivar transactions: the same pool, for transactions (READ COMMITTED on PostgreSQL, or SERIALIZABLE where the URL
        asks for it).
    :ivar view_isolation: of transactions that begin with a look at one moment.
    :ivar path: the file of a SQLite database.
    :ivar prepare_threshold: of PostgreSQL: uses after which a statement is prepared; None for never.
    :ivar demand: raises :class:`StorageNotMigrated` when there never was such a file.
    """

    engine: Engine
    transactions: Engine
    path: Path | None = None
    demand: Callable[[], None] = lambda: None
    prepare_threshold: int | None = None
    view_isolation: Literal["REPEATABLE READ", "SERIALIZABLE"] = "REPEATABLE READ"

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of this machine with one writer at a time."""
        return self.path is not None


def open_database(settings: SqlSettings) -> Database:
    """Make the pool; nothing is connected yet.

    :raises ConfigurationError: when the URL is not one of a supported database.
    """
    text = str.__str__(settings.url).strip()
    try:
        file_url = sqlite_file.url_of(text)
    except ConfigurationError as error:
        raise ConfigurationError([f"{SETTING}: {problem}" for problem in error.problems]) from None
    return _sqlite(file_url, settings) if file_url else _postgres(postgres_url.parse(text, SETTING), settings)


def _pool(settings: SqlSettings) -> dict[str, Any]:
    return {
        "poolclass": IdlePool,
        "pool_size": settings.pool_size,
        "max_overflow": settings.pool_overflow,
        "pool_timeout": settings.pool_timeout_s,
        "pool_recycle": settings.pool_recycle_s,
        "pool_use_lifo": True,
        # Nobody leaves a transaction open: autocommit verbs have none, units of work end theirs.
        "pool_reset_on_return": None,
        "hide_parameters": True,
    }


# --- PostgreSQL ---

_SERIALIZABLE = re.compile(r"\bdefault_transaction_isolation=serializable\b", re.IGNORECASE)


def _postgres(url: URL, settings: SqlSettings) -> Database:
    arguments: dict[str, Any] = {
        "connect_timeout": settings.connect_timeout_s,
        "application_name": "consentcore",
        "prepare_threshold": settings.prepare_threshold or None,
        "keepalives": 1,
        "keepalives_idle": 30,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
    given = url.query.get("options", "")
    given = given if isinstance(given, str) else " ".join(given)
    if settings.statement_timeout_s:
        limit = math.ceil(settings.statement_timeout_s * 1000)
        arguments["options"] = f"{given} -c statement_timeout={limit}".strip()
    if postgres_url.names_several(url):
        # A replica would show a consent as standing that has been revoked meanwhile.
        arguments["target_session_attrs"] = "read-write"
    for name in set(arguments) & set(url.query) - {"options"}:
        del arguments[name]  # what the URL says wins
    engine = create_engine(url, isolation_level="AUTOCOMMIT", connect_args=arguments, **_pool(settings))
    event.listen(engine, "checkout", _refuse_hung_up)
    event.listen(engine, "handle_error", _leave_former_primary)
    threshold = settings.prepare_threshold or None
    if _SERIALIZABLE.search(given):
        serializable = engine.execution_options(isolation_level="SERIALIZABLE")
        return Database(engine, serializable, prepare_threshold=threshold, view_isolation="SERIALIZABLE")
    transactions = engine.execution_options(isolation_level="READ COMMITTED")
    return Database(engine, transactions, prepare_threshold=threshold)


def _leave_former_primary(context: ExceptionContext) -> None:
    """A server that writes no more is another's replica now: no connection to it is used again."""
    if is_read_only(context.original_exception):
        context.is_disconnect = True


class _HasSocket(Protocol):
    def fileno(self) -> int: ...


def _refuse_hung_up(connection: _HasSocket, _record: object, _proxy: object) -> None:
    """Notice without a round trip that the server has ended a pooled connection: an idle one has nothing to read.

    The pool then opens a new one, so that a restarted server costs no request.
    """
    try:
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
        hung_up = bool(poll.poll(0))
    except Exception as error:
        raise exc.DisconnectionError from error
    if hung_up:
        raise exc.DisconnectionError


# --- SQLite ---


def _sqlite(url: URL, settings: SqlSettings) -> Database:
    assert url.database is not None
    path = Path(url.database)
    engine = create_engine(
        url,
        connect_args={
            "isolation_level": None,  # transactions are started below, not guessed by the driver
            "check_same_thread": False,  # the pool hands a connection to one thread at a time
            "timeout": settings.busy_timeout_s,
        },
        **_pool(settings),
    )

    guard = sqlite_file.Guard(engine, path)

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        try:
            _configure_sqlite(connection, settings.busy_timeout_s)
        except sqlite3.Error as error:
            raise at_opening(error, path) from error

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get(BEGIN, "IMMEDIATE")
        if mode:
            connection.exec_driver_sql(f"BEGIN {mode}")

    return Database(engine, engine, path, guard.demand)


def _configure_sqlite(connection: sqlite3.Connection, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while True:
        try:
            # Two processes that make a new file at the same time: this is not covered by the busy timeout.
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    # What is erased (the nonce of a rotation, a token's hash) must not stay readable in the file's free space.
    connection.execute("PRAGMA secure_delete=ON")
    # A page cache of 256 KiB and not 2 MiB: every connection of every web process has its own, beside the system's.
    connection.execute("PRAGMA cache_size=-256")
