"""What witnesses have signed, kept beside the checkpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from consentcore.ports.tlog import LogObject
from consentcore.tlog import Note, Signature

if TYPE_CHECKING:
    from consentcore.domain.event import Checkpoint
    from consentcore.ports.transactions import UnitOfWork

FOLDER = "cosignature"


def cosignature_object(checkpoint: Checkpoint, anchor: str, lines: Iterable[Signature]) -> LogObject:
    """Signatures of a checkpoint that came through an anchor, as they are kept."""
    return LogObject(f"{_folder(checkpoint)}{anchor}", "".join(map(str, lines)).encode())


def cosigned(uow: UnitOfWork, checkpoint: Checkpoint) -> Note:
    """The note of a checkpoint with everybody's signatures.

    :raises BadNote: when what is kept is no note.
    """
    return Note.read(checkpoint.note).with_signatures(_kept(uow, checkpoint))


def _kept(uow: UnitOfWork, checkpoint: Checkpoint) -> Iterator[Signature]:
    folder = _folder(checkpoint)
    for kept in uow.tlog.list(FOLDER, after=folder):
        if not kept.path.startswith(folder):
            return
        yield from map(Signature.read, kept.data.decode().splitlines())


def _folder(checkpoint: Checkpoint) -> str:
    return f"{FOLDER}/{checkpoint.size:020d}/"
