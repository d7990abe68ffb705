"""Between items and the values of the domain."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from consentcore import api
from consentcore.api import (
    Attempt,
    Checkpoint,
    Client,
    ClientLogo,
    Code,
    ConsentEvent,
    Delivery,
    Disclosure,
    Grant,
    InitialAccessToken,
    Interaction,
    LogObject,
    Notice,
    NoticeSnapshot,
    Owner,
    OwnerIdentity,
    OwnerSession,
    OwnerTicket,
    PinnedScope,
    PushedRequest,
    Token,
    Tombstone,
    WebhookEndpoint,
)
from consentcore_dynamodb.keys import Item

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

LONG = 2_000
"""Characters from which a text is kept compressed: an item holds 400 kB at most and is paid by the kilobyte."""


@dataclass(frozen=True)
class Form:
    """How values of a type are kept.

    :ivar write: makes an attribute of a value.
    :ivar read: makes the value of an attribute.
    """

    write: Callable[[Any], Item]
    read: Callable[[Item], Any]


class Records(Generic[T]):
    """Reads and writes records: an attribute for each field, by its name and type; None has no attribute.

    What an item lacks has the field's default, so that a further field needs nothing here.

    :raises TypeError: when nothing says how a field is kept.
    """

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        hints = get_type_hints(kind, vars(api))
        self._forms = {each.name: _form_of(each.name, hints[each.name]) for each in fields(kind)}
        self._nothing = {
            each.name: None
            for each in fields(kind)
            if type(None) in get_args(hints[each.name]) and each.default is MISSING
        }

    def write(self, record: T) -> Item:
        """Attributes of a record."""
        found = {}
        for name, form in self._forms.items():
            value = getattr(record, name)
            if value is not None:
                found[name] = form.write(value)
        return found

    def read(self, item: Item) -> T:
        """Read a record from an item, which may have more attributes."""
        found = {name: form.read(item[name]) for name, form in self._forms.items() if name in item}
        return self._kind(**{**self._nothing, **found})

    def read_from(self, item: Item | None) -> T | None:
        """The same, where there may be none."""
        return None if item is None else self.read(item)


def _write_text(text: str) -> Item:
    return {"S": text} if len(text) < LONG else {"B": zlib.compress(text.encode("utf-8", "surrogatepass"))}


def _read_text(kept: Item) -> str:
    if "S" in kept:
        return str(kept["S"])
    return zlib.decompress(kept["B"]).decode("utf-8", "surrogatepass")


TEXT = Form(_write_text, _read_text)
NUMBER = Form(lambda value: {"N": str(value)}, lambda kept: int(kept["N"]))
FLAG = Form(lambda value: {"BOOL": value}, lambda kept: bool(kept["BOOL"]))
BYTES = Form(lambda value: {"B": value}, lambda kept: bytes(kept["B"]))
_PLAIN = {str: TEXT, int: NUMBER, bool: FLAG, bytes: BYTES}


def _form_of(name: str, hint: Any) -> Form:
    inner = [each for each in get_args(hint) if each is not type(None)]
    if type(None) in get_args(hint):
        return _form_of(name, inner[0])
    if get_origin(hint) is tuple:
        return _list_of(_form_of(name, inner[0]))
    if hint in _PLAIN:
        return _PLAIN[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Form(lambda member: {"S": member.value}, lambda kept: hint(kept["S"]))
    if isinstance(hint, type) and is_dataclass(hint):
        part = Records(hint)
        return Form(lambda value: {"M": part.write(value)}, lambda kept: part.read(kept["M"]))
    raise TypeError(f"say how the field {name} is kept: {hint}")


def _list_of(each: Form) -> Form:
    return Form(
        lambda values: {"L": [each.write(value) for value in values]},
        lambda kept: tuple(each.read(value) for value in kept["L"]),
    )


CLIENTS = Records(Client)
LOGOS = Records(ClientLogo)
ENDPOINTS = Records(WebhookEndpoint)
OWNERS = Records(Owner)
SESSIONS = Records(OwnerSession)
TICKETS = Records(OwnerTicket)
REGISTRATION_TOKENS = Records(InitialAccessToken)
IDENTITIES = Records(OwnerIdentity)
INTERACTIONS = Records(Interaction)
PUSHED_REQUESTS = Records(PushedRequest)
GRANTS = Records(Grant)
CODES = Records(Code)
TOKENS = Records(Token)
EVENTS = Records(ConsentEvent)
SNAPSHOTS = Records(NoticeSnapshot)
DISCLOSURES = Records(Disclosure)
TOMBSTONES = Records(Tombstone)
CHECKPOINTS = Records(Checkpoint)
PINNED_SCOPES = Records(PinnedScope)
LOG_OBJECTS = Records(LogObject)
NOTICES = Records(Notice)
DELIVERIES = Records(Delivery)
ATTEMPTS = Records(Attempt)
