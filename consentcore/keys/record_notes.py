"""Notes beside a storage of what a record is from now on, and of what is over.

A seal says that we wrote a record; it does not say that it is the newest one. So whoever writes or ends one notes that
in the same transaction, under a seal of its own; a worker gives the note its place in the log of evidence, which
anchors know. Verification holds records against the newest note of each.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, TypeVar

from consentcore.domain.errors import KeyUnavailable
from consentcore.keys.seals import covered_text
from consentcore.ports.tlog import LogObject

if TYPE_CHECKING:
    from consentcore.keys.seals import Sealed
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.transactions import UnitOfWork

UNSTATED = "unstated"
"""Folder of notes that wait for their place in the log, by the name of the record."""
RECORD = "record"
"""Folder of the newest note of each record, once it has its place."""
ENDING = "ending"
"""Folder of lists of what is over, which wait for their place."""
ENDED = "ended"
"""Folder of such lists once they have it, by the time after which they are needed no longer."""
LOOKING = "looking"
"""Folder of notes of what operators have looked at, which wait for their place."""
GONE = ""
"""The digest of a record that there is no longer."""
MOST = 2000
"""Names in one list."""
_PURPOSE = "record-note"
N = TypeVar("N", "RecordNote", "EndedNote", "LookNote")


class RecordKind(StrEnum):
    """What is noted."""

    CLIENT = "client"
    ENDPOINT = "endpoint"
    OWNER = "owner"
    PASSWORD = "password"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class RecordNote:
    """What a record is from now on.

    :ivar identifier: its id in the store; "" once it is gone.
    :ivar revision: 1 for the first note of it, then one more each.
    :ivar digest: keyed, of what it says, hexadecimal; :data:`GONE` once it is gone.
    :ivar name: of the record in the log: says nothing to whoever has no key.
    """

    kind: str
    identifier: str
    revision: int
    digest: str
    name: str
    seal: str = ""


@dataclass(frozen=True, slots=True)
class EndedNote:
    """What is over and never comes back.

    :ivar until: after this time nothing of it would work anyway, in milliseconds since the epoch.
    :ivar families: of tokens, by id.
    :ivar refresh: hashes of refresh tokens that were rotated, hexadecimal.
    :ivar sessions: hashes of sign-ins, hexadecimal.
    """

    until: int
    families: tuple[str, ...] = ()
    refresh: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    seal: str = ""


@dataclass(frozen=True, slots=True)
class LookNote:
    """What an operator has looked at, or taken out.

    :ivar at: milliseconds since the epoch.
    :ivar until: after this time it may go.
    :ivar action: the command.
    :ivar owner_id: whose data it was; "" where it was everybody's.
    :ivar subject: what besides, such as the id of a grant.
    :ivar digests: of the disclosures beside it: who it was and why.
    """

    at: int
    until: int
    action: str
    owner_id: str = ""
    subject: str = ""
    digests: tuple[str, ...] = ()
    seal: str = ""


def record_name(keys: KeyRing, kind: str, identifier: str) -> str:
    """What the log calls a record: 32 hexadecimal digits."""
    return keys.stable_mac("record-name", f"{kind}\0{identifier}".encode())[:16].hex()


def record_digest(keys: KeyRing, kind: str, content: bytes) -> str:
    """What the log says of what a record says: 64 hexadecimal digits, the same after keys were rotated."""
    return keys.stable_mac("record-digest", kind.encode() + b"\0" + content).hex()


def content_of(record: Sealed) -> bytes:
    """What a record says, without its seal, which another key would make another one."""
    return covered_text(record)


def password_content(owner_id: str, kept: str) -> bytes:
    """The same of a password as it is stored, see :func:`consentcore.keys.sealed_storage.seal_password`."""
    return f"{owner_id}\0{kept.split('.', 3)[-1]}".encode()


def note_record(
    uow: UnitOfWork, keys: KeyRing, kind: RecordKind, identifier: str, content: bytes | None
) -> None:
    """Note what a record is from the commit of this transaction on, which has written it already.

    :param content: see :func:`content_of`; None where it is gone.
    """
    name = record_name(keys, kind, identifier)
    waiting = uow.tlog.get(f"{UNSTATED}/{name}", lock=True)
    before = waiting or uow.tlog.get(f"{RECORD}/{name}")
    known = None if before is None else read_note(keys, RecordNote, before)
    note = RecordNote(
        kind=kind.value,
        identifier="" if content is None else identifier,
        revision=known.revision + 1 if known else 1,
        digest=GONE if content is None else record_digest(keys, kind, content),
        name=name,
    )
    uow.tlog.put(written(keys, f"{UNSTATED}/{name}", note))


def note_ended(uow: UnitOfWork, keys: KeyRing, note: EndedNote) -> None:
    """Note what is over from the commit of this transaction on."""
    uow.tlog.put(written(keys, f"{ENDING}/{uuid.uuid4()}", note))


def note_look(uow: UnitOfWork, keys: KeyRing, note: LookNote) -> None:
    """Note what an operator has looked at."""
    uow.tlog.put(written(keys, f"{LOOKING}/{uuid.uuid4()}", note))


def looked_folder(owner_id: str) -> str:
    """Where looks at a person's data are kept once they have their place in the log.

    :param owner_id: "" for looks at everybody's.
    """
    return f"looked-{owner_id}"


def written(keys: KeyRing, path: str, note: RecordNote | EndedNote | LookNote) -> LogObject:
    """A note as it is kept, sealed by the current key."""
    key_id = keys.current_id
    sealed = replace(note, seal=f"{key_id}:{keys.mac(_PURPOSE, _text(note), key_id).hex()}")
    return LogObject(path, json.dumps(asdict(sealed), separators=(",", ":")).encode())


def read_note(keys: KeyRing, kind: type[N], kept: LogObject) -> N | None:
    """A note as it was written; None where it is not ours, or of a key that others may know."""
    try:
        found = json.loads(kept.data)
        facts: dict[str, Any] = {
            name: tuple(one) if isinstance(one, list) else one for name, one in found.items()
        }
        note = kind(**facts)
        key_id, _, mac = note.seal.partition(":")
        genuine = compare_digest(keys.mac(_PURPOSE, _text(note), key_id).hex(), mac)
    except (KeyUnavailable, ValueError, TypeError, AttributeError, RecursionError):
        return None
    return note if genuine else None


def split(values: Iterable[str]) -> Iterable[tuple[str, ...]]:
    """In parts that fit into one list."""
    all_of_them: Sequence[str] = tuple(values)
    for start in range(0, len(all_of_them), MOST):
        yield tuple(all_of_them[start : start + MOST])


def _text(note: RecordNote | EndedNote | LookNote) -> bytes:
    said = {name: value for name, value in asdict(note).items() if name != "seal"}
    return json.dumps([type(note).__name__, said], sort_keys=True, separators=(",", ":")).encode()
