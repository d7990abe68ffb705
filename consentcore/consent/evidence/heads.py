"""Checkpoints as they are kept: the signed note, and a seal by which one that was taken away is noticed."""

from __future__ import annotations

from dataclasses import replace
from hmac import compare_digest
from typing import TYPE_CHECKING

from consentcore.consent.evidence.errors import LedgerBroken
from consentcore.consent.ledger import canonical
from consentcore.domain.errors import KeyUnavailable
from consentcore.domain.event import Checkpoint
from consentcore.tlog import BadNote, Note, TreeHead

if TYPE_CHECKING:
    from consentcore.consent.evidence.signer import LogSigner
    from consentcore.ports.keys import KeyRing
    from consentcore.tlog import TileTree

SEAL = "checkpoint"


def made(signer: LogSigner, keys: KeyRing, tree: TileTree, now: int, previous: int) -> Checkpoint:
    """Sign the head of a tree under the current key.

    :param previous: size of the checkpoint before, 0 where there is none.
    """
    key_id, root = keys.current_id, tree.root()
    note = signer.sign(str(TreeHead(signer.origin, tree.size, root)), key_id)
    signature = note.signatures[0].data
    found = Checkpoint(tree.size, root, now, signature, key_id, str(note), previous)
    return replace(found, seal=seal_of(keys, found))


def is_sealed(keys: KeyRing, checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint is as it was stored.

    :raises KeyUnavailable: when the ring lacks its key.
    """
    return compare_digest(seal_of(keys, checkpoint), checkpoint.seal)


def head_of(checkpoint: Checkpoint) -> TreeHead:
    """What the note of a checkpoint says.

    :raises BadNote: when it is none, or says something else than the row.
    """
    head = TreeHead.read(Note.read(checkpoint.note).text)
    if (head.size, head.root) != (checkpoint.size, checkpoint.root):
        raise BadNote("its note is about another head")
    return head


def check_signed(signer: LogSigner, keys: KeyRing, checkpoint: Checkpoint) -> None:
    """Check that a checkpoint with a note is one that we signed and stored.

    :raises LedgerBroken: when it is not.
    """
    try:
        head = head_of(checkpoint)
        signer.check(Note.read(checkpoint.note), checkpoint.key_id, head.origin)
        if is_sealed(keys, checkpoint):
            return
    except (BadNote, KeyUnavailable) as error:
        raise LedgerBroken(f"the checkpoint of {checkpoint.size} events: {error}") from error
    raise LedgerBroken(f"the checkpoint of {checkpoint.size} events was changed")


def seal_of(keys: KeyRing, checkpoint: Checkpoint) -> bytes:
    """The seal that the row of a checkpoint should carry.

    :raises KeyUnavailable: when the ring lacks its key.
    """
    text = canonical(
        {
            "size": checkpoint.size,
            "root": checkpoint.root.hex(),
            "created_at": checkpoint.created_at,
            "signature": checkpoint.signature.hex(),
            "key_id": checkpoint.key_id,
            "note": checkpoint.note,
            "previous": checkpoint.previous,
        }
    )
    return keys.mac(SEAL, text.encode(), checkpoint.key_id)
