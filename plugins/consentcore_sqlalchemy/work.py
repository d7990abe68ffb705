"""One transaction on a connection of its own. One that follows a request's transaction is a :mod:`.joined_work`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import CursorResult
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from consentcore.api import StorageError
from consentcore_sqlalchemy.engine import BEGIN, Database
from consentcore_sqlalchemy.errors import Collision, translating

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row, Select, Table
    from sqlalchemy.sql.dml import UpdateBase


T = TypeVar("T")


class Mode(Enum):
    """What a transaction is for."""

    WRITE = "write"
    """Of our own, short: the writer of a SQLite database from its start."""
    REQUEST = "request"
    """A request's that may write: SQLite's single writer only from the first write on, so that what the request does
    elsewhere before (counting a failed login) does not wait for it. Until then it reads as PostgreSQL does under
    READ COMMITTED."""
    VIEW = "view"
    """A consistent view at one moment, that a request may still turn into a writing one."""
    READ = "read"
    """A consistent view at one moment, read-only."""


_SQLITE_BEGIN = {Mode.WRITE: "IMMEDIATE", Mode.REQUEST: "", Mode.VIEW: "DEFERRED", Mode.READ: "DEFERRED"}


class Work:
    """Statements inside one transaction. Begins at the first of them."""

    def __init__(self, database: Database, mode: Mode) -> None:
        self._database = database
        self._mode = mode
        self._connection: Connection | None = None
        self._writing = mode in {Mode.WRITE, Mode.REQUEST}
        self._failure: StorageError | None = None
        self._over = False

    @property
    def is_sqlite(self) -> bool:
        """Whether there is one writer at a time."""
        return self._database.is_sqlite

    def rows(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        """Read rows."""
        return self._execute(statement, CursorResult.all)

    def first(self, statement: Select[Any], *, lock: bool = False) -> Row[Any] | None:
        """Read at most one row.

        :param lock: nobody else changes it before the end of this transaction.
        """
        if lock:
            self._start_writing()
            statement = statement if self.is_sqlite else statement.with_for_update()
        return self._execute(statement, CursorResult.first)

    def scalar(self, statement: Select[Any]) -> Any:
        """Read one value; None when there is none."""
        return self._execute(statement, CursorResult.scalar)

    def write(self, statement: UpdateBase) -> int:
        """Change something; how many rows."""
        self._start_writing()
        return self._execute(statement, _changed)

    def write_all(self, statement: UpdateBase, rows: Sequence[dict[str, Any]]) -> int:
        """Run the same change with each of several sets of parameters; how many rows."""
        self._start_writing()
        with self._noting_failure():
            return self._connect().execute(statement, rows).rowcount

    def returning(self, statement: UpdateBase) -> Sequence[Row[Any]]:
        """Change something and read what it returns."""
        self._start_writing()
        return self._execute(statement, CursorResult.all)

    def add(self, table: Table, values: dict[str, Any]) -> None:
        """Store a row.

        :raises StorageConflict: when it is there already.
        """
        # Beside the statement, not in it: that would be taken apart value by value.
        self.write_all(table.insert(), [values])

    def upsert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """An insert of the dialect, which knows ON CONFLICT."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def conflict(self, reason: str) -> Collision:
        """Make the error for a collision; from now on this transaction cannot commit."""
        self._failure = Collision(reason)
        return self._failure

    # --- its life ---

    def upgrade(self) -> None:
        """Let a request that has only read write as well."""
        if self._mode is Mode.VIEW and self._connection is None:
            self._mode = Mode.REQUEST
        self._writing = True

    def vote(self) -> None:
        """:raises StorageError: when a statement failed, whether or not somebody caught that error.

        PostgreSQL would answer COMMIT with a silent rollback then.
        """
        if isinstance(self._failure, Collision):
            raise Collision(str(self._failure))
        if self._failure is not None:
            raise StorageError(f"an earlier statement of the transaction failed: {self._failure}")

    def commit(self) -> None:
        """Make it durable."""
        self.vote()
        if self._connection is not None:
            with translating():
                self._connection.commit()

    def end(self) -> None:
        """Give the connection back; what was not committed is gone."""
        self._over = True
        if self._connection is None:
            return
        try:
            self._connection.close()
        except SQLAlchemyError:
            self._connection.invalidate()

    # --- inside ---

    def _start_writing(self) -> None:
        if not self._writing:
            raise StorageError("the transaction only reads")
        if self.is_sqlite and self._mode is Mode.REQUEST:
            with self._noting_failure():
                connection = self._connect()
                if not connection.connection.in_transaction:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")

    def _execute(self, statement: Select[Any] | UpdateBase, take: Callable[[CursorResult[Any]], T]) -> T:
        """Run a statement and take what is wanted of its result: SQLite says only then that a text is none."""
        with self._noting_failure():
            return take(self._connect().execute(statement))

    @contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            with translating():
                yield
        except StorageError as error:
            self._failure = self._failure or error
            raise

    def _connect(self) -> Connection:
        if self._over:
            raise StorageError("the transaction is over")
        if self._connection is None:
            self._database.demand()
            self._connection = self._begun(self._options())
        return self._connection

    def _begun(self, options: dict[str, Any]) -> Connection:
        """The connection of this transaction.

        :param options: how it begins, for SQLAlchemy.
        """
        return self._database.transactions.connect().execution_options(**options)

    def _options(self) -> dict[str, Any]:
        if self.is_sqlite:
            return {BEGIN: _SQLITE_BEGIN[self._mode]}
        if self._mode is Mode.VIEW:
            return {"isolation_level": self._database.view_isolation}
        if self._mode is Mode.READ:
            return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        return {}


def _changed(result: CursorResult[Any]) -> int:
    return result.rowcount


@contextmanager
def transaction(database: Database, mode: Mode) -> Iterator[Work]:
    """A transaction of its own: commits at the end of the block, vanishes when the block raises."""
    work = Work(database, mode)
    try:
        yield work
        if mode is Mode.WRITE:
            work.commit()
    finally:
        work.end()
