"""What witnesses have signed, kept beside the checkpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from consentcore.ports.tlog import LogObject
from consentcore.tlog import BadNote, Note, Signature

if TYPE_CHECKING:
    from consentcore.domain.event import Checkpoint
    from consentcore.ports.transactions import UnitOfWork

FOLDER = "cosignature"
MOST = 64
"""Cosignatures of one checkpoint; a note has 100 signatures at most."""
LONGEST = 8000
"""Characters of one: twice what any kind of key that tlog-cosignature knows needs."""


def cosignature_object(checkpoint: Checkpoint, anchor: str, lines: Iterable[Signature]) -> LogObject:
    """Signatures of a checkpoint that came through an anchor, as they are kept."""
    return LogObject(f"{_folder(checkpoint)}{anchor}", "".join(map(str, lines)).encode())


def cosigned(uow: UnitOfWork, checkpoint: Checkpoint) -> Note:
    """The note of a checkpoint with everybody's signatures.

    What is kept beside it is under no seal: what is no signature, or claims to be one of ours, is passed over, so that
    no row of the store keeps a checkpoint from being published.

    :raises BadNote: when the checkpoint has no note.
    """
    note = Note.read(checkpoint.note)
    ours = {one.name for one in note.signatures}
    others = (one for one in _kept(uow, checkpoint) if one.name not in ours)
    return note.with_signatures(islice(others, MOST))


def _kept(uow: UnitOfWork, checkpoint: Checkpoint) -> Iterator[Signature]:
    folder = _folder(checkpoint)
    for kept in uow.tlog.list(FOLDER, after=folder):
        if not kept.path.startswith(folder):
            return
        for line in kept.data.decode(errors="replace").split("\n"):
            with suppress(BadNote):
                if line and len(line) <= LONGEST:
                    yield from Note.read(f"\n\n{line}\n").signatures


def _folder(checkpoint: Checkpoint) -> str:
    return f"{FOLDER}/{checkpoint.size:020d}/"
