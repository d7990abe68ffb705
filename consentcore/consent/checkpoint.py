"""Signed tree heads over all events: they notice when a whole chain is gone together with its grant.

Events enter the tree in the order in which a worker sequences them; a checkpoint is written in the same
transaction, so that every leaf is covered by one. Verification makes every head again from the leaves.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Mapping
from functools import partial
from hmac import compare_digest

from consentcore.consent.ledger import canonical
from consentcore.domain.clock import Clock
from consentcore.domain.errors import ConsentcoreError
from consentcore.domain.event import Checkpoint
from consentcore.hooks.calling import Leash
from consentcore.hooks.errors import describe_exception
from consentcore.ports.extension import Anchor
from consentcore.ports.keys import KeyRing
from consentcore.ports.ledger import LedgerRepository
from consentcore.ports.storage import Storage, transact
from consentcore.ports.transactions import UnitOfWork
from consentcore.tlog import Tree

log = logging.getLogger("consentcore.ledger")

PURPOSE = "checkpoint"
BATCH = 1000


class LedgerBroken(ConsentcoreError):
    """The leaves do not give the last signed head: run ``consentcore audit verify``. Nothing was written."""


class Checkpointer:
    """Advances the checkpoints of one storage.

    It remembers the tree of what it has seen, so that only new leaves are read; the first call of a process
    reads all of them once. Safe to use from any thread, and beside any number of others in other processes.
    """

    def __init__(self) -> None:
        self._tree = Tree()
        self._published: dict[str, int] = {}
        self._lock = threading.Lock()
        self._leash = Leash()

    def advance(
        self, storage: Storage, keys: KeyRing, clock: Clock, anchors: Mapping[str, Anchor]
    ) -> Checkpoint | None:
        """Cover events that are not covered yet; the newest checkpoint made, None when there was nothing to do.

        :raises LedgerBroken: when what is covered already has changed.
        """
        with self._lock:
            newest = None
            limit = storage.capabilities.fits(BATCH + 1) - 1  # the checkpoint is one of what is committed
            while made := transact(storage, lambda uow: self._step(uow, keys, clock, limit)):
                newest, self._tree = made
            if anchors:
                self._publish(storage, anchors)
            return newest

    def _step(
        self, uow: UnitOfWork, keys: KeyRing, clock: Clock, limit: int
    ) -> tuple[Checkpoint, Tree] | None:
        added = uow.ledger.sequence_leaves(limit)
        if not added:
            return None
        last = next(reversed(uow.ledger.checkpoints()), None)
        tree = self._tree.copy()
        if last is not None:
            _check(uow.ledger, tree, last, keys)
        elif tree.size:
            raise LedgerBroken("the checkpoints are gone")
        grow(uow.ledger, tree, tree.size + added)
        made = sign(keys, tree, clock.now())
        uow.ledger.add_checkpoint(made)
        return made, tree

    def _publish(self, storage: Storage, anchors: Mapping[str, Anchor]) -> None:
        """Hand on what each anchor has not had from this process.

        The first time that is only the newest: a head covers all before it. One that could not be kept is
        tried again at the next call.
        """
        with storage.reading() as uow:
            known = uow.ledger.checkpoints()
        for name, anchor in anchors.items():
            had = self._published.get(name)
            due = [one for one in known if one.size > had] if had is not None else known[-1:]
            for checkpoint in due:
                read = self._leash.call(name, partial(anchor.publish, checkpoint))
                if read.error is not None:  # a plugin's fault must not stop the others
                    why = describe_exception(read.error)
                    log.error("anchor %s did not keep checkpoint %d: %s", name, checkpoint.size, why)
                    break
                self._published[name] = checkpoint.size


_checkpointers: weakref.WeakKeyDictionary[Storage, Checkpointer] = weakref.WeakKeyDictionary()
_making = threading.Lock()


def advance(
    storage: Storage, keys: KeyRing, clock: Clock, anchors: Mapping[str, Anchor]
) -> Checkpoint | None:
    """Sequence new events, sign a checkpoint over all of them, and publish it to the anchors.

    :returns: the newest checkpoint made, None when there was nothing new.
    :raises LedgerBroken: when what is covered already has changed.
    """
    with _making:
        checkpointer = _checkpointers.setdefault(storage, Checkpointer())
    return checkpointer.advance(storage, keys, clock, anchors)


def sign(keys: KeyRing, tree: Tree, now: int) -> Checkpoint:
    """Make the checkpoint of a tree under the current key."""
    size, root, key_id = tree.size, tree.root(), keys.current_id
    return Checkpoint(size, root, now, _signature(keys, size, root, now, key_id), key_id)


def is_signed(keys: KeyRing, checkpoint: Checkpoint) -> bool:
    """Whether the signature is ours.

    :raises KeyUnavailable: when the ring lacks its key.
    """
    signature = _signature(keys, checkpoint.size, checkpoint.root, checkpoint.created_at, checkpoint.key_id)
    return compare_digest(signature, checkpoint.signature)


def grow(ledger: LedgerRepository, tree: Tree, size: int) -> None:
    """Add leaves until the tree has ``size``.

    :raises LedgerBroken: naming the first leaf that is missing.
    """
    while tree.size < size:
        page = ledger.leaves(tree.size, min(BATCH, size - tree.size))
        for event in page:
            if event.leaf_index != tree.size:
                break
            tree.add(event.record_hash)
        else:
            if page:
                continue
        raise LedgerBroken(f"event {tree.size} of the sequence is missing")


def _check(ledger: LedgerRepository, tree: Tree, last: Checkpoint, keys: KeyRing) -> None:
    """Bring the tree to the last checkpoint and compare."""
    if tree.size > last.size:
        raise LedgerBroken(f"there was a checkpoint of {tree.size} events, the last one has {last.size}")
    grow(ledger, tree, last.size)
    if not is_signed(keys, last) or tree.root() != last.root:
        raise LedgerBroken(f"the checkpoint of {last.size} events does not fit them")


def _signature(keys: KeyRing, size: int, root: bytes, created_at: int, key_id: str) -> bytes:
    text = canonical({"size": size, "root": root.hex(), "created_at": created_at, "key_id": key_id})
    return keys.mac(PURPOSE, text.encode(), key_id)
