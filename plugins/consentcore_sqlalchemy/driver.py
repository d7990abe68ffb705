"""The hot path's way to the database: statements compiled once, run in autocommit on a connection of the pool.

No SQLAlchemy connection, no BEGIN. On PostgreSQL by :mod:`.lines`, on SQLite by the driver's cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from consentcore.api import StorageUnavailable
from consentcore_sqlalchemy.engine import Database
from consentcore_sqlalchemy.errors import Severed, is_driver_error, is_read_only, translated, translating

if TYPE_CHECKING:
    from sqlalchemy import ClauseElement, PoolProxiedConnection

    from consentcore_sqlalchemy.lines import Dumped, Lines, Wire

Listener = Callable[[str, str], None]
"""Called with ``read``, ``write`` or ``commit`` and the SQL, after each success."""


Found = tuple[Sequence[Sequence[Any]], int]
"""Rows, and how many a statement gave or changed."""


class Lost(StorageUnavailable):
    """The connection died under the statement."""


class Cursor(Protocol):
    """The part of a DB-API cursor that is used here."""

    @property
    def description(self) -> object: ...
    @property
    def rowcount(self) -> int: ...
    def execute(self, sql: Any, parameters: Any = ..., /) -> object: ...
    def fetchall(self) -> Sequence[Any]: ...


class Prepared:
    """A statement of SQLAlchemy Core as the driver wants it.

    :ivar sql: its text.
    :ivar wire: the same as PostgreSQL itself has it; None on SQLite.
    :ivar writes: whether it changes something.
    """

    __slots__ = ("_constants", "_order", "sql", "wire", "writes")

    def __init__(self, statement: ClauseElement, database: Database, *, writes: bool = False) -> None:
        compiled = statement.compile(dialect=database.engine.dialect)
        self.sql = str(compiled)
        self.writes = writes or bool(getattr(statement, "is_dml", False))
        known: Mapping[str, Any] = getattr(compiled, "params", {})
        self._constants = {name: value for name, value in known.items() if value is not None}
        self._order: Sequence[str] | None = getattr(compiled, "positiontup", None)
        self.wire = _wire(self.sql) if not database.is_sqlite else None

    def arguments(self, values: Mapping[str, Any]) -> Any:
        """Arrange values for the driver: a mapping, or a sequence where it wants one."""
        merged = {**self._constants, **values}
        if self._order is None:
            return merged
        return [merged[name] for name in self._order]

    def dumped(self, values: Mapping[str, Any]) -> Dumped | None:
        """Values as they go over the wire; None where they need the driver's cursor."""
        if self.wire is None:
            return None
        return self.wire.dumped({**self._constants, **values} if self._constants else values)


def _wire(sql: str) -> Wire:
    from consentcore_sqlalchemy.lines import Wire  # needs psycopg, which SQLite has no use for

    return Wire(sql)


class Driver:
    """Runs prepared statements, each a transaction of its own, or several in one on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._engine = database.engine
        # psycopg reads forty columns in half the time when they come as binary
        self._cursor_options: dict[str, Any] = {} if database.is_sqlite else {"binary": True}
        self._listeners: list[Listener] = []
        self._lines = None if database.is_sqlite else _lines(database)

    def prepare(self, statement: ClauseElement, *, writes: bool = False) -> Prepared:
        """Compile a statement for this database; done once, at start.

        :param writes: that it changes something although it looks like a query.
        """
        return Prepared(statement, self._database, writes=writes)

    def listen(self, listener: Listener) -> None:
        """Tell ``listener`` of every statement and of every commit that had something to make durable."""
        self._listeners.append(listener)

    def rows(self, prepared: Prepared, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """Run one statement that gives rows. A read is repeated once when the connection turns out to be dead."""
        try:
            return self._rows(prepared, values)
        except Lost:
            if prepared.writes:
                raise
            return self._rows(prepared, values)

    def row(self, prepared: Prepared, values: Mapping[str, Any]) -> Sequence[Any] | None:
        """Run one statement that gives at most one row."""
        found = self.rows(prepared, values)
        return found[0] if found else None

    def change(self, prepared: Prepared, values: Mapping[str, Any]) -> int:
        """Run one writing statement, durable when this returns; how many rows it wrote."""
        _, count = self._run(prepared, values)
        self._tell("write", prepared.sql)
        if count > 0:
            self._tell("commit", "")
        return count

    @contextmanager
    def immediate(self) -> Iterator[Steps]:
        """Several statements in one transaction of SQLite that holds the writer's lock from its start.

        Commits at the end of the block when :attr:`Steps.keep` is set, else nothing happened.
        """
        with self._cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            steps = Steps(cursor, self._tell)
            try:
                yield steps
            except BaseException:
                with suppress(Exception):  # what went wrong first is what matters
                    cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT" if steps.keep else "ROLLBACK")
        if steps.keep:
            self._tell("commit", "")

    def _rows(self, prepared: Prepared, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        found, _ = self._run(prepared, values)
        self._tell("write" if prepared.writes else "read", prepared.sql)
        if prepared.writes and found:
            self._tell("commit", "")
        return found

    def _run(self, prepared: Prepared, values: Mapping[str, Any]) -> Found:
        """One statement in autocommit: its rows, and how many it gave or changed."""
        try:
            dumped = prepared.dumped(values)
        except UnicodeError as error:
            raise translated(error) from error
        if dumped is not None and self._lines is not None:
            return self._on_line(self._lines, prepared.wire, dumped)
        with self._cursor() as cursor:
            cursor.execute(prepared.sql, prepared.arguments(values))
            return (cursor.fetchall() if cursor.description else ()), cursor.rowcount

    def _on_line(self, lines: Lines, wire: Wire | None, dumped: Dumped) -> Found:
        assert wire is not None
        try:
            return lines.run(wire, dumped)
        except Severed as severed:
            raise Lost(str(translated(severed.__cause__ or severed))) from severed
        except Exception as error:
            if is_driver_error(error):
                raise translated(error) from error
            raise

    @contextmanager
    def _cursor(self) -> Iterator[Cursor]:
        with translating():
            self._database.demand()
            connection = self._engine.raw_connection()
        cursor: Any = connection.cursor(**self._cursor_options)
        try:
            yield cursor
        except Exception as error:
            lost = self._clean_up(connection, cursor, error)
            if not is_driver_error(error):
                raise
            meaning = translated(error)
            raise Lost(str(meaning)) if lost else meaning from error
        except BaseException as error:
            connection.invalidate(error)
            raise
        finally:
            with suppress(Exception):
                cursor.close()
            connection.close()

    def _clean_up(self, connection: PoolProxiedConnection, cursor: Any, error: Exception) -> bool:
        """Keep a dead connection, or one in the middle of something, out of the pool; True for a dead one."""
        raw: Any = connection.dbapi_connection
        if is_read_only(error):
            self._engine.dispose()  # the others are connected to the same server
        lost = is_driver_error(error) and self._engine.dialect.is_disconnect(error, raw, cursor)  # type: ignore[arg-type]
        if lost or is_read_only(error) or getattr(raw, "in_transaction", False):
            connection.invalidate(error)
        return lost

    def _tell(self, kind: str, sql: str) -> None:
        for listener in self._listeners:
            listener(kind, sql)


def _lines(database: Database) -> Lines:
    from consentcore_sqlalchemy.lines import Lines

    return Lines(database.engine, database.prepare_threshold)


class Steps:
    """Statements inside :meth:`Driver.immediate`.

    :ivar keep: set to commit.
    """

    def __init__(self, cursor: Cursor, tell: Listener) -> None:
        self._cursor = cursor
        self._tell = tell
        self.keep = False

    def rows(self, prepared: Prepared, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """Run a statement that gives rows."""
        self._cursor.execute(prepared.sql, prepared.arguments(values))
        found = self._cursor.fetchall()
        self._tell("write" if prepared.writes else "read", prepared.sql)
        return found

    def change(self, prepared: Prepared, values: Mapping[str, Any]) -> int:
        """Run a statement that gives none; how many rows it wrote."""
        self._cursor.execute(prepared.sql, prepared.arguments(values))
        count = self._cursor.rowcount
        self._tell("write", prepared.sql)
        return count
