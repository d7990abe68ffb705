"""Signed tree heads over all events: they notice when a whole chain is gone together with its grant.

Events enter the log in the order in which a worker sequences them; a checkpoint is written in the same transaction, so
that every leaf is covered by one. Verification makes every head again from the leaves.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from consentcore.consent.evidence.errors import LedgerBroken
from consentcore.consent.evidence.growth import tile_object, tree_of
from consentcore.consent.evidence.heads import check_signed, made
from consentcore.consent.evidence.lease import Lease
from consentcore.consent.evidence.leaves import BATCH, leaves
from consentcore.consent.evidence.retired import Retirement, ended_keys
from consentcore.consent.evidence.signer import LogSigner
from consentcore.consent.evidence.statements import StatementType, stated, statements
from consentcore.hooks.calling import Leash
from consentcore.hooks.errors import describe_exception
from consentcore.ports.storage import transact
from consentcore.tlog import TileTree

if TYPE_CHECKING:
    from consentcore.consent.evidence.statements import Statement
    from consentcore.domain.clock import Clock
    from consentcore.domain.event import Checkpoint
    from consentcore.ports.extension import Anchor
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork

__all__ = ["BATCH", "Checkpointer", "LedgerBroken", "advance"]

log = logging.getLogger("consentcore.ledger")

UNNAMED = "localhost"
"""The name of a log whose issuer nobody has said."""
_TILES = 16
"""Tiles that one commit may bring besides its leaves: two of each height, for more leaves than there will be."""


class Checkpointer:
    """Adds to the log of one storage. Safe to use from any thread, and beside any number of others in other processes.

    It remembers the tree of what it has seen, so that only new leaves are read; the first call of a process finds it
    in the stored tiles.

    :param origin: the name of the log.
    """

    def __init__(self, origin: str = UNNAMED) -> None:
        self._origin = origin
        self._tree = TileTree()
        self._ended: dict[str, int] = {}
        self._retirement = Retirement()
        self._published: dict[str, int] = {}
        self._lease = Lease()
        self._lock = threading.Lock()
        self._leash = Leash()

    def advance(
        self, storage: Storage, keys: KeyRing, clock: Clock, anchors: Mapping[str, Anchor]
    ) -> Checkpoint | None:
        """Cover events that are not covered yet; the newest checkpoint made, None when there was nothing to do, or
        another process is at it.

        :raises LedgerBroken: when what is covered already has changed.
        """
        with self._lock:
            newest = None
            signer = LogSigner(keys, self._origin)
            limit = storage.capabilities.fits(BATCH + 1 + _TILES) - 1 - _TILES
            try:
                while step := transact(storage, lambda uow: self._step(uow, signer, keys, clock, limit)):
                    newest, self._tree, self._ended = step
                if anchors:
                    self._publish(storage, anchors)
            finally:
                if self._lease.is_held:
                    transact(storage, self._lease.give_back)
            return newest

    def _step(
        self, uow: UnitOfWork, signer: LogSigner, keys: KeyRing, clock: Clock, limit: int
    ) -> tuple[Checkpoint, TileTree, dict[str, int]] | None:
        now = clock.now()
        if not self._lease.is_free(uow, now):
            return None
        last = uow.ledger.newest_checkpoint()
        tree, ended = self._state(uow, signer, keys, last)
        said = self._statements(signer, ended, tree.size, now)
        added = uow.ledger.sequence_leaves(limit, start=tree.size + len(said))
        if not added and not said:
            self._tree, self._ended = tree, ended
            return None
        self._lease.take(uow, now)
        for one in said:
            uow.tlog.put(one.kept)
        tree.extend_hashes(leaf.hash for leaf in leaves(uow, tree.size, tree.size + len(said) + added))
        for tile in (*tree.take_full(), *tree.edge()):
            uow.tlog.put(tile_object(tile))
        checkpoint = made(signer, keys, tree, now, last.size if last else 0)
        uow.ledger.add_checkpoint(checkpoint)
        return checkpoint, tree, {**ended, **ended_keys(said)}

    def _state(
        self, uow: UnitOfWork, signer: LogSigner, keys: KeyRing, last: Checkpoint | None
    ) -> tuple[TileTree, dict[str, int]]:
        """The tree that there is, and which keys are over."""
        if last is not None:
            if not last.note:
                raise LedgerBroken("an older version has signed the ledger: run `consentcore init` once")
            check_signed(signer, keys, last)
        tree = tree_of(uow, last, self._tree)
        if tree.size == self._tree.size:
            return tree, self._ended
        return tree, ended_keys(statements(uow, 0, tree.size))

    def _statements(
        self, signer: LogSigner, ended: Mapping[str, int], index: int, now: int
    ) -> list[Statement]:
        facts = self._retirement.due(signer, ended, now)
        return [stated(signer, StatementType.KEYS, index, now, facts)] if facts else []

    def _publish(self, storage: Storage, anchors: Mapping[str, Anchor]) -> None:
        """Hand on what each anchor has not had from this process.

        The first time that is only the newest: a head covers all before it. One that could not be kept is
        tried again at the next call.
        """
        for name, anchor in anchors.items():
            had = self._published.get(name)
            with storage.reading() as uow:
                newest = uow.ledger.newest_checkpoint()
                due = [newest] if had is None and newest else uow.ledger.checkpoints(after=had or 0)
            for checkpoint in due:
                read = self._leash.call(name, partial(anchor.publish, checkpoint))
                if read.error is not None:  # a plugin's fault must not stop the others
                    why = describe_exception(read.error)
                    log.error("anchor %s did not keep checkpoint %d: %s", name, checkpoint.size, why)
                    break
                self._published[name] = checkpoint.size


_checkpointers: weakref.WeakKeyDictionary[Storage, dict[str, Checkpointer]] = weakref.WeakKeyDictionary()
_making = threading.Lock()


def advance(
    storage: Storage, keys: KeyRing, clock: Clock, anchors: Mapping[str, Anchor], *, origin: str = UNNAMED
) -> Checkpoint | None:
    """Sequence new events, sign a checkpoint over all of them, and publish it to the anchors.

    :param origin: the name of the log, see :func:`consentcore.consent.evidence.signer.origin_of`.
    :returns: the newest checkpoint made, None when there was nothing new.
    :raises LedgerBroken: when what is covered already has changed.
    """
    with _making:
        of_storage = _checkpointers.setdefault(storage, {})
        checkpointer = of_storage.setdefault(origin, Checkpointer(origin))
    return checkpointer.advance(storage, keys, clock, anchors)
