"""Pooled connections of PostgreSQL as libpq gives them: a statement is one call down, and its rows are one call back.

psycopg's cursor and SQLAlchemy's proxy of a connection make a dozen objects for every statement, which costs a look-up
six times what libpq needs for it. What they do besides is done here: a pool that gives one connection to one thread, a
connection that the server has ended is replaced before it is used, statements are prepared after some uses, and errors
are psycopg's own.
"""

from __future__ import annotations

import itertools
import re
import select
import struct
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from psycopg import OperationalError, pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result

from consentcore_sqlalchemy.errors import Severed, is_driver_error, is_read_only

if TYPE_CHECKING:
    from psycopg import Connection
    from sqlalchemy import Engine

_LINE = "consentcore_line"
_MOST_PREPARED = 100
_TEXT, _BINARY = 0, 1
_PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")
_STALE = frozenset({"26000", "0A000"})
"""The server does not know the prepared statement any more, or its tables have changed since."""
_THERE_ALREADY = "42P05"

Dumped = tuple[tuple[int, ...], list[bytes | None], list[int]]
"""Parameters: their types (0 where the statement says it), their bytes, and how these are to be read."""
Dump = Callable[[Any], bytes]
_INT4, _INT8, _ARRAY = struct.Struct("!i"), struct.Struct("!q"), struct.Struct("!iiIii")
_OID = {"any": 0, "bool": 16, "bytea": 17, "int8": 20}
# Texts go in binary form: there a NUL is refused, in the other one it would end the text.
_DUMPS: dict[type, tuple[int, int, Dump | None]] = {
    str: (_OID["any"], _BINARY, str.encode),
    bytes: (_OID["bytea"], _BINARY, None),
    int: (_OID["int8"], _TEXT, b"%d".__mod__),
    bool: (_OID["bool"], _TEXT, {False: b"f", True: b"t"}.__getitem__),
    type(None): (_OID["any"], _TEXT, None),
}


# Of lists: the type of the array, that of its elements, and how one element is written in binary form.
_LISTS: dict[type, tuple[int, int, Dump]] = {
    str: (1009, 25, str.encode),
    bytes: (1001, 17, bytes),
    int: (1016, 20, _INT8.pack),
    bool: (1000, 16, lambda value: b"\1" if value else b"\0"),
}
_NULL = _INT4.pack(-1)
_ABSENT = type(None)


def _dump_of_list(value: Any) -> tuple[int, int, Dump | None] | None:
    """How a list of values of one kind goes over the wire, NULLs among them or not; None for any other value.

    psycopg asks of each element what it is, which takes five times as long.
    """
    if type(value) is not list:
        return None
    kinds = set(map(type, value)) - {_ABSENT}
    if not kinds:
        # Of nothing but NULLs the statement says the type.
        return _OID["any"], _TEXT, lambda nothing: b"{%b}" % b",".join([b"NULL"] * len(nothing))
    known = _LISTS.get(kinds.pop())
    if known is None or kinds:
        return None
    array, element, dump = known
    return array, _BINARY, lambda values: _array(values, element, dump)


def _array(values: Sequence[Any], element: int, dump: Dump) -> bytes:
    """An array of one dimension, as ``array_recv`` of PostgreSQL reads it."""
    data = [None if value is None else dump(value) for value in values]
    head = _ARRAY.pack(1, None in data, element, len(data), 1)
    return head + b"".join(_NULL if each is None else _INT4.pack(len(each)) + each for each in data)


class Wire:
    """A statement with numbered parameters, as PostgreSQL itself has them."""

    __slots__ = ("names", "sql")

    def __init__(self, text: str) -> None:
        names: list[str] = []

        def number(found: re.Match[str]) -> str:
            name = found[1]
            if name is None:
                return "%"
            if name not in names:
                names.append(name)
            return f"${names.index(name) + 1}"

        self.sql = _PLACEHOLDER.sub(number, text).encode()
        self.names = names

    def dumped(self, values: Mapping[str, Any]) -> Dumped | None:
        """What goes over the wire; None for values of a kind that is not known here."""
        given = [values[name] for name in self.names]
        try:
            known = [_DUMPS[type(value)] for value in given]
        except KeyError:  # there are lists among them
            ways = (_DUMPS.get(type(value)) or _dump_of_list(value) for value in given)
            known = [way for way in ways if way is not None]
            if len(known) < len(given):
                return None
        data = [dump(value) if dump else value for value, (_, _, dump) in zip(given, known, strict=True)]
        return tuple([kind for kind, _, _ in known]), data, [form for _, form, _ in known]


class Line:
    """One connection, for one thread at a time.

    :param threshold: uses after which a statement is prepared; None for never.
    """

    def __init__(self, connection: Connection[Any], threshold: int | None) -> None:
        self._connection = connection
        self._pg = connection.pgconn
        self._rows = Transformer(connection)
        self._threshold = threshold
        self._silent = False
        self._uses: dict[tuple[bytes, tuple[int, ...]], int] = {}
        self._names: dict[tuple[bytes, tuple[int, ...]], bytes] = {}
        # Never the same name again: the server keeps a statement whose tables have changed.
        self._numbers = itertools.count()
        self._ended = select.poll()
        self._ended.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)

    @property
    def is_lost(self) -> bool:
        """Whether it was found to be dead."""
        return self._silent or self._pg.status != pq.ConnStatus.OK

    def is_ended(self) -> bool:
        """Whether the server has ended it, found out without a round trip: an idle connection has nothing to read."""
        return self.is_lost or bool(self._ended.poll(0))

    def run(self, wire: Wire, dumped: Dumped) -> tuple[Sequence[Sequence[Any]], int]:
        """Run a statement in autocommit; its rows, and how many it gave or changed.

        :raises psycopg.Error: as psycopg's cursor does.
        """
        kinds, data, forms = dumped
        statement = wire.sql, kinds
        name = self._names.get(statement) or self._prepared(statement)
        if name is None:
            result = self._pg.exec_params(wire.sql, data, kinds, forms, _BINARY)
        else:
            result = self._pg.exec_prepared(name, data, forms, _BINARY)  # type: ignore[arg-type]  # None is NULL
            if result.status == pq.ExecStatus.FATAL_ERROR and _state(result) in _STALE:
                self._names.clear()
                self._uses.clear()
                result = self._pg.exec_params(wire.sql, data, kinds, forms, _BINARY)
        if result.status == pq.ExecStatus.TUPLES_OK:
            self._rows.set_pgresult(result, set_loaders=True, format=pq.Format.BINARY)
            return self._rows.load_rows(0, result.ntuples, tuple), result.command_tuples or 0
        if result.status == pq.ExecStatus.COMMAND_OK:
            return (), result.command_tuples or 0
        raise self._error(result)

    def _prepared(self, statement: tuple[bytes, tuple[int, ...]]) -> bytes | None:
        """The name of a statement once it was used often enough."""
        if self._threshold is None or len(self._names) >= _MOST_PREPARED:
            return None
        uses = self._uses[statement] = self._uses.get(statement, 0) + 1
        if uses <= self._threshold:
            return None
        text, kinds = statement
        # Named by what it is: behind a pooler that keeps no track, what another process has prepared on the same
        # connection of the server would be run in its place, with these values.
        which = sha256(b"%b%b" % (text, repr(kinds).encode())).hexdigest()[:32]
        name = f"consentcore_{which}_{next(self._numbers)}".encode()
        result = self._pg.prepare(name, text, kinds)
        if result.status != pq.ExecStatus.COMMAND_OK and _state(result) != _THERE_ALREADY:
            raise self._error(result)
        self._names[statement] = name
        return name

    def _error(self, result: Any) -> Exception:
        if not _state(
            result
        ):  # no word of the server's: libpq has lost it, whatever the connection's status still is
            self._silent = True
            message: bytes = result.error_message
            return OperationalError(message.decode(errors="replace").strip() or "the connection is lost")
        return error_from_result(result)


def _state(result: Any) -> str:
    state: bytes | None = result.error_field(pq.DiagnosticField.SQLSTATE)
    return (state or b"").decode()


class Lines:
    """The connections of an engine's pool, used as SQLAlchemy's own proxy of a connection uses it.

    :param threshold: see :class:`Line`.
    """

    def __init__(self, engine: Engine, threshold: int | None) -> None:
        self._engine = engine
        self._threshold = threshold

    def run(self, wire: Wire, dumped: Dumped) -> tuple[Sequence[Sequence[Any]], int]:
        """Run a statement on a connection of the pool, see :meth:`Line.run`.

        :raises Severed: the connection was lost.
        :raises sqlalchemy.exc.SQLAlchemyError: no connection is free in time.
        """
        entry, line = self._taken()
        try:
            found = line.run(wire, dumped)
        except BaseException as error:
            lost = line.is_lost
            if lost or is_read_only(error) or not isinstance(error, Exception):
                entry.invalidate(error)
            if is_read_only(error):
                self._engine.dispose()  # the others are connected to the same server
            entry.checkin(_fairy_was_created=False)
            if lost and is_driver_error(error):
                raise Severed from error
            raise
        entry.checkin(_fairy_was_created=False)
        return found

    def _taken(self) -> tuple[Any, Line]:
        """A connection that the server has not ended, as its pool knows it, and its line."""
        entry: Any = self._engine.pool._do_get()  # noqa: SLF001 - its proxy is what shall not be made
        try:
            line = self._line_of(entry)
            if line.is_ended():
                entry.invalidate()
                line = self._line_of(entry)
        except BaseException as error:
            entry._checkin_failed(error, _fairy_was_created=False)  # noqa: SLF001 - see above
            raise
        return entry, line

    def _line_of(self, entry: Any) -> Line:
        """The line of what the pool has given, made where so far only transactions have used it."""
        connection: Connection[Any] = entry.get_connection()
        line: Line | None = entry.info.get(_LINE)
        if line is None:
            line = entry.info[_LINE] = Line(connection, self._threshold)
        return line
