"""Between rows and the values of the domain.

A row is a sequence in the order of the columns that were asked for, whether it comes from SQLAlchemy or from a driver's
cursor. What it holds goes to the field of its column's name: where a column stands says nothing.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from consentcore import api
from consentcore_sqlalchemy.rows.common import Row, Values, texts, texts_json

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from sqlalchemy import ColumnElement

T = TypeVar("T", bound="DataclassInstance")


@dataclass(frozen=True)
class Form:
    """How a field is kept that is not kept as it is.

    :ivar write: makes what the column holds.
    :ivar read: makes the field of it.
    """

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


PROOF = Form(lambda value: value or None, lambda kept: kept or b"")
"""Bytes that may be missing, and are erased when what they prove is over: NULL is b""."""


class Part:
    """A field that is a record of its own, with a column for each of its fields.

    :param kind: of the field; all but its first field have defaults.
    :param prefix: what the names of the columns begin with.
    :param optional: whether the field may be None: then the first column is NULL, the others hold the defaults.
    """

    def __init__(self, kind: type[Any], prefix: str = "", *, optional: bool = False) -> None:
        self._kind = kind
        self._optional = optional
        self._fields = {prefix + each.name: each for each in fields(kind)}

    def write(self, record: Any) -> Values:
        """Columns of the part."""
        if record is not None:
            return {name: getattr(record, each.name) for name, each in self._fields.items()}
        first = next(iter(self._fields))
        return {name: None if name == first else each.default for name, each in self._fields.items()}

    def reader(self, columns: Sequence[str]) -> Callable[[Row], Any]:
        """Make what reads the part out of rows of these columns."""
        pick, first = itemgetter(*map(columns.index, self._fields)), columns.index(next(iter(self._fields)))

        def read(row: Row) -> Any:
            return None if self._optional and row[first] is None else self._kind(*pick(row))

        return read


class Records(Generic[T]):
    """Reads and writes records whose fields bear the names of columns.

    How a field is kept follows from its type: the value of an enum, a JSON list of strings (or of such values), a flag
    as the engine has it, numbers, texts and bytes as they are. So a further column needs nothing here.

    :param columns: in the order of the rows that are read; each belongs to a field.
    :param names: fields whose column has another name, by the column's.
    :param parts: fields with several columns.
    :param forms: fields that are kept in yet another way.
    :raises TypeError: when nothing says how a field is kept.
    """

    def __init__(
        self,
        kind: type[T],
        columns: Iterable[ColumnElement[Any]],
        *,
        names: Mapping[str, str] | None = None,
        parts: Mapping[str, Part] | None = None,
        **forms: Form,
    ) -> None:
        self._kind = kind
        self._parts = dict(parts or {})
        self._columns = [str(column.key) for column in columns]
        column_of = {each.name: each.name for each in fields(kind)} | {
            field: column for column, field in (names or {}).items()
        }
        hints = get_type_hints(kind, localns=vars(api))
        whole = [name for name in column_of if name not in self._parts]
        kept = {name: forms.get(name) or _form_of(name, hints[name]) for name in whole}
        writes = {name: form.write for name, form in kept.items() if form}
        self._writes = [(name, column_of[name], writes.get(name)) for name in whole]
        # Compiled to positions, which come from the names: reading costs nothing more for it.
        order = list(column_of)
        at = [0 if name in self._parts else self._columns.index(column_of[name]) for name in order]
        self._pick = itemgetter(*at)
        self._reads = [(order.index(name), form.read) for name, form in kept.items() if form]
        self._takes = [(order.index(name), part.reader(self._columns)) for name, part in self._parts.items()]

    def values(self, record: T) -> Values:
        """Columns of a record."""
        found = {
            column: getattr(record, name) if write is None else write(getattr(record, name))
            for name, column, write in self._writes
        }
        for name, part in self._parts.items():
            found.update(part.write(getattr(record, name)))
        return found

    def read(self, row: Row) -> T:
        """Read a record from a row of just these columns."""
        if len(row) != len(self._columns):
            raise ValueError(f"expected {self._columns}, got {len(row)} columns")
        found = list(self._pick(row))
        for at, read in self._reads:
            found[at] = read(found[at])
        for at, take in self._takes:
            found[at] = take(row)
        return self._kind(*found)


def named(columns: Collection[ColumnElement[Any]]) -> Any:
    """A type of rows whose columns can be read as attributes; its ``_make`` takes a row."""
    return namedtuple("named", [column.key for column in columns])  # type: ignore[misc]


def _form_of(name: str, hint: Any) -> Form | None:
    """How a field of this type is kept; None is as it is."""
    inner = [each for each in get_args(hint) if each is not type(None)]
    if type(None) in get_args(hint):
        form = _form_of(name, inner[0])
        return form and Form(_unless_none(form.write), _unless_none(form.read))
    if get_origin(hint) is tuple:
        return _list_of(name, inner[0])
    if hint is bool:
        return Form(bool, bool)  # SQLite has numbers only
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Form(_value, hint)
    if hint in {str, int, bytes}:
        return None
    raise TypeError(f"say how the field {name} is kept: {hint}")


def _list_of(name: str, kind: Any) -> Form:
    if kind is str:
        return Form(texts_json, texts)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return Form(
            lambda members: texts_json(map(_value, members)), lambda text: tuple(map(kind, texts(text)))
        )
    raise TypeError(f"say how the field {name} is kept: a list of {kind}")


def _value(member: Enum) -> Any:
    return member.value


def _unless_none(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else change(value)
