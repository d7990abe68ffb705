"""Records as lines of JSON: one form for each, whatever storage it comes from.

Members are the fields in their order; bytes are hexadecimal, enumerations their values, what is None is ``null``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any, get_args, get_origin, get_type_hints

from consentcore import api
from consentcore.domain.json_text import read_json
from consentcore.ports.moving import MOVED, Moved

write_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class Form:
    """How values of a type are written.

    :ivar write: makes what JSON has of a value.
    :ivar read: makes the value of that.
    """

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


class Records:
    """Writes and reads records of a kind.

    :raises TypeError: when nothing says how a field is written.
    """

    def __init__(self, kind: type[Any]) -> None:
        self._kind = kind
        hints = get_type_hints(kind, localns=vars(api))
        self._forms = {each.name: _form_of(each.name, hints[each.name]) for each in fields(kind)}

    @property
    def members(self) -> Sequence[str]:
        """Names of the members, in their order."""
        return list(self._forms)

    def write(self, record: Any) -> dict[str, Any]:
        """Members of a record."""
        return {
            name: getattr(record, name) if form is None else form.write(getattr(record, name))
            for name, form in self._forms.items()
        }

    def read(self, found: Mapping[str, Any]) -> Any:
        """Make a record of members; those that an older release did not have get their defaults.

        :raises ValueError: when they are not those of a record of this kind.
        """
        try:
            return self._kind(
                **{
                    name: value if (form := self._forms[name]) is None else form.read(value)
                    for name, value in found.items()
                }
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"no {self._kind.__name__} ({type(error).__name__}: {error})") from None


NAMES: Mapping[type, str] = MappingProxyType({kind: name for name, kind in MOVED.items()})


def line_of(record: Moved) -> tuple[str, bytes]:
    """The kind of a record, and the record as one line with its end."""
    kind = NAMES[type(record)]
    return kind, write_json(RECORDS[kind].write(record)).encode("utf-8", "surrogatepass") + b"\n"


def record_of(kind: str, line: bytes) -> Moved:
    """The record of a line.

    :raises ValueError: when there is none in it.
    """
    found = read_json(line.decode("utf-8", "surrogatepass"))
    record: Moved = RECORDS[kind].read(found if isinstance(found, dict) else {"no object": found})
    return record


def _form_of(name: str, hint: Any) -> Form | None:
    """How a field of this type is written; None is as it is."""
    inner = [each for each in get_args(hint) if each is not type(None)]
    if type(None) in get_args(hint):
        form = _form_of(name, inner[0])
        return form and Form(_unless_none(form.write), _unless_none(form.read))
    if get_origin(hint) is tuple:
        each = _form_of(name, inner[0])
        return Form(list, tuple) if each is None else _list_of(each)
    if hint is bytes:
        return Form(bytes.hex, bytes.fromhex)
    if hint in {str, int, bool}:
        return None
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Form(lambda member: member.value, hint)
    if isinstance(hint, type) and is_dataclass(hint):
        part = Records(hint)
        return Form(part.write, part.read)
    raise TypeError(f"say how the field {name} is written: {hint}")


def _list_of(each: Form) -> Form:
    return Form(
        lambda values: [each.write(value) for value in values],
        lambda found: tuple(each.read(value) for value in found),
    )


def _unless_none(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else change(value)


RECORDS = MappingProxyType({name: Records(kind) for name, kind in MOVED.items()})
"""By the name of the kind."""
