"""The tree as one process knows it, and how it is found again in what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.consent.evidence.errors import LedgerBroken
from consentcore.consent.evidence.leaves import leaves
from consentcore.ports.tlog import LogObject
from consentcore.tlog import TileTree, hash_at, tile_path
from consentcore.tlog.base64 import HASH_BYTES
from consentcore.tlog.proofs import root_of
from consentcore.tlog.tiles import WIDTH

if TYPE_CHECKING:
    from consentcore.domain.event import Checkpoint
    from consentcore.ports.transactions import UnitOfWork
    from consentcore.tlog import Tile

FIRST = tile_path(0, 0)


def stored_tile(uow: UnitOfWork, level: int, number: int) -> bytes | None:
    """The hashes of a tile as it is stored, which may be fewer than 256 and more than were asked for."""
    kept = uow.tlog.get(tile_path(level, number))
    return kept.data if kept else None


def tile_object(tile: Tile) -> LogObject:
    """A tile as it is stored: under the path of the full one, while it grows too."""
    return LogObject(tile_path(tile.level, tile.number), tile.hashes)


def tree_of(uow: UnitOfWork, last: Checkpoint | None, known: TileTree) -> TileTree:
    """The tree that the newest checkpoint is about.

    :param last: the newest checkpoint, whose signature was checked.
    :param known: the tree as this process saw it last.
    :raises LedgerBroken: when it is not there, or not the one that was signed, or does not continue ``known``.
    """
    if last is None:
        if known.size or uow.tlog.get(FIRST) is not None:
            raise LedgerBroken("the checkpoints are gone")
        return TileTree()
    if known.size > last.size:
        raise LedgerBroken(f"there was a checkpoint of {known.size} events, the last one has {last.size}")
    if known.size == last.size:
        tree = known.copy()
    else:
        tree = _restored(uow, last)
        if root_at(uow, known.size) != known.root():
            raise LedgerBroken(f"the checkpoint of {last.size} events does not continue that of {known.size}")
    if tree.root() != last.root:
        raise LedgerBroken(f"the checkpoint of {last.size} events does not fit them")
    return tree


def root_at(uow: UnitOfWork, size: int) -> bytes:
    """The head over the first leaves, from the stored tiles.

    :raises LedgerBroken: when one is missing.
    """
    try:
        return root_of(hash_at(lambda level, number: stored_tile(uow, level, number)), size)
    except LookupError as error:
        raise LedgerBroken(f"hashes of the log are missing: {error}") from None


def _restored(uow: UnitOfWork, last: Checkpoint) -> TileTree:
    """Out of the tiles at the right edge; the leaves of the last one are read again."""
    try:
        tree = TileTree.restored(last.size, lambda level, number: stored_tile(uow, level, number))
    except LookupError as error:
        raise LedgerBroken(f"hashes of the log are missing: {error}") from None
    start = last.size - last.size % WIDTH
    newest = b"".join(leaf.hash for leaf in leaves(uow, start, last.size))
    stored = stored_tile(uow, 0, start // WIDTH) or b""
    if newest and stored[: (last.size - start) * HASH_BYTES] != newest:
        raise LedgerBroken(f"the checkpoint of {last.size} events does not fit them")
    return tree
