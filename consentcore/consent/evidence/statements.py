"""What the log says of itself: statements, each a leaf among the events and signed on its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from heapq import merge
from typing import TYPE_CHECKING, Any

from consentcore.consent.ledger import canonical
from consentcore.domain.clock import iso
from consentcore.ports.tlog import LogObject
from consentcore.tlog import BadNote, Note, leaf_hash

if TYPE_CHECKING:
    from consentcore.consent.evidence.signer import LogSigner
    from consentcore.ports.transactions import UnitOfWork

FOLDER = "statement"
"""Of what a verifier of everything has to know first."""
NOTED = "noted"
"""Folder of what was noted of records: there are many, and who checks events alone needs none."""
_PAGE = 100


class StatementType(StrEnum):
    """What a statement is about."""

    UPGRADED = "upgraded"
    """What a release without this log had signed, verified and taken over."""
    KEYS = "keys"
    """Keys that seal nothing any more behind this place."""
    RESUMED = "resumed"
    """A range of the log that was lost, and why it goes on nevertheless."""
    RESEALED = "resealed"
    """Records beside the log that got the seal of another key."""
    RECORDS = "records"
    """What records are from here on."""
    ENDED = "ended"
    """Lists of what is over from here on."""
    LOOKED = "looked"
    """What operators have looked at."""

    @property
    def folder(self) -> str:
        """Where such a statement is kept."""
        return NOTED if self in _BESIDE else FOLDER


_BESIDE = frozenset({StatementType.RECORDS, StatementType.ENDED, StatementType.LOOKED})


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    :ivar index: its place among the leaves.
    :ivar note: its body, canonical JSON in one line, as a signed note.
    """

    index: int
    note: Note

    @classmethod
    def read(cls, kept: LogObject) -> Statement:
        """Read one as it is kept.

        :raises BadNote: when it is none, or belongs elsewhere.
        """
        try:
            found = cls(int(kept.path.rpartition("/")[2]), Note.read(kept.data.decode()))
            facts = found.facts
            path = path_of(found.index, StatementType(facts["statement"]).folder)
            fits = kept.path == path and facts["index"] == found.index
        except (ValueError, TypeError, LookupError) as error:
            raise BadNote(f"{kept.path} holds no statement ({error})") from None
        if not fits:
            raise BadNote(f"{kept.path} holds a statement of another place")
        return found

    @property
    def body(self) -> str:
        """Canonical JSON."""
        return self.note.text[:-1]

    @property
    def facts(self) -> Mapping[str, Any]:
        """The body, parsed."""
        facts: Mapping[str, Any] = json.loads(self.body)
        return facts

    @property
    def type(self) -> StatementType:
        """What it is about."""
        return StatementType(self.facts["statement"])

    @property
    def leaf_data(self) -> bytes:
        """What its leaf holds: the SHA-256 of the body, as for events."""
        return sha256(self.body.encode()).digest()

    @property
    def leaf_hash(self) -> bytes:
        """The hash of its leaf (RFC 6962 section 2.1)."""
        return leaf_hash(self.leaf_data)

    @property
    def kept(self) -> LogObject:
        """It as it is kept."""
        return LogObject(path_of(self.index, self.type.folder), str(self.note).encode())


def stated(
    signer: LogSigner, kind: StatementType, index: int, now: int, facts: Mapping[str, object]
) -> Statement:
    """Make and sign a statement for a place in the log."""
    body = canonical({"statement": kind.value, "log": signer.origin, "index": index, "at": iso(now), **facts})
    return Statement(index, signer.sign(body + "\n"))


def path_of(index: int, folder: str) -> str:
    """Where the statement of a place is kept."""
    return f"{folder}/{index:020d}"


def statements(
    uow: UnitOfWork, start: int = 0, end: int | None = None, *, folder: str = FOLDER
) -> Iterator[Statement]:
    """Statements in places from ``start`` to before ``end``, by place.

    :param folder: :data:`FOLDER` or :data:`NOTED`.
    :raises BadNote: at one that is none.
    """
    after = path_of(start - 1, folder) if start else ""
    while page := uow.tlog.list(folder, after=after, limit=_PAGE):
        for kept in page:
            found = Statement.read(kept)
            if end is not None and found.index >= end:
                return
            yield found
        if len(page) < _PAGE:
            return
        after = page[-1].path


def all_statements(uow: UnitOfWork, start: int, end: int) -> Iterator[Statement]:
    """The statements of both folders, by place, likewise."""
    both = (statements(uow, start, end, folder=folder) for folder in (FOLDER, NOTED))
    return merge(*both, key=lambda one: one.index)
