"""Taking over what a release without a public log has signed: all of it is checked once, and a digest is signed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from consentcore.consent.evidence.before import BeforeCheck, old_checkpoints
from consentcore.consent.evidence.errors import LedgerBroken
from consentcore.consent.evidence.growth import tile_object
from consentcore.consent.evidence.heads import made
from consentcore.consent.evidence.leaves import BATCH, leaves
from consentcore.consent.evidence.signer import LogSigner
from consentcore.consent.evidence.statements import StatementType, stated
from consentcore.ports.storage import transact
from consentcore.tlog import TileTree

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.domain.event import Checkpoint
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork
    from consentcore.tlog import Tile


def needs_upgrade(storage: Storage) -> bool:
    """Whether the newest checkpoint is one of an older release."""
    with storage.reading() as uow:
        newest = uow.ledger.newest_checkpoint()
    return newest is not None and not newest.note


def take_over(
    storage: Storage, keys: KeyRing, clock: Clock, origin: str, problems: Sequence[str] = ()
) -> Checkpoint:
    """Begin the log with the events that there are, and a statement with the digest of what had been signed.

    Safe to repeat when it was interrupted: hashes are stored first, and mean nothing before the checkpoint.

    :param problems: what verification has found and is to be taken over nevertheless; it stands in the statement.
    :raises LedgerBroken: when what had been signed is not there.
    """
    tree, before = TileTree(), BeforeCheck(keys, old_checkpoints(storage.reading))
    end = _last_size(storage)
    while tree.size < end:
        with storage.reading() as uow:
            for leaf in leaves(uow, tree.size, min(tree.size + BATCH, end)):
                if leaf.event is not None:
                    before.add(leaf.event)
                tree.add_hash(leaf.hash)
        _store(storage, tree.take_full())
    signer = LogSigner(keys, origin)

    def finish(uow: UnitOfWork) -> Checkpoint:
        newest = uow.ledger.newest_checkpoint()
        if newest is None or newest.size != tree.size or newest.note:
            raise LedgerBroken("somebody else has added to the log meanwhile: run `consentcore init` again")
        facts: dict[str, object] = {"before": before.facts(), "problems": list(problems)}
        said = stated(signer, StatementType.UPGRADED, tree.size, clock.now(), facts)
        grown = tree.copy()
        grown.add_hash(said.leaf_hash)
        _put([*grown.take_full(), *grown.edge()], uow)
        uow.tlog.put(said.kept)
        checkpoint = made(signer, keys, grown, clock.now(), newest.size)
        uow.ledger.add_checkpoint(checkpoint)
        return checkpoint

    return transact(storage, finish)


def _last_size(storage: Storage) -> int:
    with storage.reading() as uow:
        newest = uow.ledger.newest_checkpoint()
    return newest.size if newest else 0


def _store(storage: Storage, tiles: Sequence[Tile]) -> None:
    size = storage.capabilities.fits(BATCH)
    for start in range(0, len(tiles), size):
        transact(storage, partial(_put, tiles[start : start + size]))


def _put(tiles: Sequence[Tile], uow: UnitOfWork) -> None:
    for tile in tiles:
        uow.tlog.put(tile_object(tile))
