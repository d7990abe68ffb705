"""Seals of records: what only somebody with the key ring can have written.

Whoever can write into the store, and has nothing else, can neither make up a record nor change one: it does not fit
its seal, and is as good as not there. What a record says of its use (when it was last seen, whether it was used up) is
not under the seal, because the store changes it by itself; where that decides, what ends a record erases its seal.

A seal of a key that was revoked counts for nothing: whoever has the key may have made it, of whatever date. What is
known to be ours by something else is sealed anew (``keys reseal``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import MISSING, asdict, fields
from enum import Enum
from functools import cache
from hmac import compare_digest
from json.encoder import encode_basestring_ascii
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from consentcore.domain.errors import KeyUnavailable
from consentcore.domain.interaction import AuthorizationRequest
from consentcore.domain.self_registration import SelfRegistration
from consentcore.domain.token import TokenKind

if TYPE_CHECKING:
    from consentcore.ports.keys import KeyRing

PURPOSE = "row-seal"


class Sealed(Protocol):
    """A frozen dataclass with a field for its seal."""

    @property
    def seal(self) -> bytes:
        """Key id, a colon, and the keyed hash; b"" without one."""
        ...


T = TypeVar("T")
R = TypeVar("R", bound=Sealed)


class Verdict(Enum):
    """What the seal of a record is worth."""

    OURS = "ours"
    REVOKED = "revoked"
    """It fits, and its key was revoked: ours, or of whoever has the key."""
    STRANGE = "strange"
    """It does not fit, or the ring lacks its key."""


FREE: dict[str, frozenset[str]] = {
    "Code": frozenset({"used_at"}),
    "Delivery": frozenset(
        {
            "next_at",
            "state",
            "attempts",
            "lease_until",
            "lease_token",
            "last_error",
            "finished_at",
            "before_replay",
            "next_before_replay",
        }
    ),
    "InitialAccessToken": frozenset({"used"}),
    "OwnerSession": frozenset({"seen_at"}),
    "WebhookEndpoint": frozenset({"health"}),
    "Token": frozenset({"rotated_at", "nonce", "nonce_key_id"}),
}
"""Fields that a seal does not cover, by the name of the record: what the store writes by itself."""


def seal_of(keys: KeyRing, record: Sealed, *beside: bytes, key_id: str = "") -> bytes:
    """Return the seal that a record should carry.

    :param beside: what is kept elsewhere and belongs under the seal as well.
    :param key_id: empty means the current one.
    :raises KeyUnavailable: when the ring lacks it.
    """
    key_id = key_id or keys.current_id
    return f"{key_id}:".encode() + keys.mac(PURPOSE, _text(record, beside), key_id)


def sealed(keys: KeyRing, record: R, *beside: bytes) -> R:
    """Return the record with its seal."""
    return with_seal(record, seal_of(keys, record, *beside))


def with_seal(record: T, seal: bytes) -> T:
    """Return the record with another seal; what :func:`dataclasses.replace` does, in half the time."""
    kind: Any = type(record)
    names, read = _others(kind)
    return cast("T", kind(**dict(zip(names, read(record), strict=True)), seal=seal))


def is_sealed(keys: KeyRing, record: Sealed, *beside: bytes) -> bool:
    """Whether a record is as somebody with the key ring wrote it, by a key that nobody else is known to have."""
    return judge(keys, record, *beside) is Verdict.OURS


def judge(keys: KeyRing, record: Sealed, *beside: bytes) -> Verdict:
    """Say what the seal of a record is worth."""
    key_id = key_id_of(record.seal)
    try:
        wanted = seal_of(keys, record, *beside, key_id=key_id) if key_id else b""
        if not wanted or not compare_digest(wanted, record.seal):
            return Verdict.STRANGE
        return Verdict.REVOKED if keys.revoked_at(key_id) else Verdict.OURS
    except KeyUnavailable:
        return Verdict.STRANGE


def still_counts(keys: KeyRing, record: Sealed) -> bool:
    """Whether a record that was found ours a while ago still is, as far as that depends on the key ring alone."""
    try:
        return not keys.revoked_at(key_id_of(record.seal))
    except KeyUnavailable:
        return False


def of_revoked(seal: bytes | str) -> str:
    """What is wrong with a record of a revoked key, in words.

    :param seal: its seal, or the id of its key.
    """
    key_id = seal if isinstance(seal, str) else key_id_of(seal)
    return f"is sealed by the key {key_id}, which was revoked: it counts for nothing (`keys reseal`)"


def key_id_of(seal: bytes) -> str:
    """The id of the key that a seal says it is of; "" where there is none."""
    return seal.partition(b":")[0].decode("latin-1") if b":" in seal else ""


def covered_text(record: Sealed) -> bytes:
    """What is under the seal of a record, where nothing is beside it."""
    return _text(record, ())


def _text(record: Sealed, beside: Sequence[bytes]) -> bytes:
    """What is under the seal: a JSON array of kind, fields and what is beside. A field at its default is left out, so
    that a field that a later version adds changes no seal of before."""
    kind = type(record)
    names, defaults, read = _covered(kind)
    said = ",".join(
        [
            name + _WRITERS.get(type(value), _encoded)(value)
            for name, value, default in zip(names, read(record), defaults, strict=True)
            if value != default
        ]
    )
    rest = "".join([f',"{each.hex()}"' for each in beside])
    return f'["{kind.__name__}",{{{said}}}{rest}]'.encode()


@cache
def _others(kind: type[Any]) -> tuple[tuple[str, ...], Any]:
    """The fields besides the seal, and what reads them all."""
    names = tuple(each.name for each in fields(kind) if each.name != "seal")
    return names, attrgetter(*names)


@cache
def _covered(kind: type[Any]) -> tuple[tuple[str, ...], tuple[Any, ...], Any]:
    """Of each field under the seal: its name as it is written, and its default; and what reads them all."""
    free = FREE.get(kind.__name__, frozenset()) | {"seal"}
    found = [each for each in fields(kind) if each.name not in free]
    defaults = tuple(
        each.default_factory() if each.default_factory is not MISSING else each.default for each in found
    )
    return tuple(f'"{each.name}":' for each in found), defaults, attrgetter(*(each.name for each in found))


def _array(values: Sequence[Any]) -> str:
    return "[" + ",".join([_WRITERS.get(type(each), _encoded)(each) for each in values]) + "]"


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return value.members() if isinstance(value, AuthorizationRequest | SelfRegistration) else asdict(value)


_ENCODER = json.JSONEncoder(separators=(",", ":"), default=_plain)
_encoded = _ENCODER.encode
# A value as JSON. Every token is sealed and judged on its way, so the usual kinds do not go through an encoder, which
# is made anew at each call; both write the same.
_WRITERS: dict[type[Any], Callable[[Any], str]] = {
    bool: {False: "false", True: "true"}.__getitem__,
    str: encode_basestring_ascii,
    TokenKind: encode_basestring_ascii,
    int: int.__repr__,
    bytes: lambda value: f'"{value.hex()}"',
    tuple: _array,
}
