"""Signed tree heads over all events: they notice when a whole chain is gone together with its grant.

Events enter the log in the order in which a worker sequences them; a checkpoint is written in the same transaction, so
that every leaf is covered by one. What anchors keep is looked at before anything is signed. Verification makes every
head again from the leaves.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from consentcore.consent.evidence import noting
from consentcore.consent.evidence.anchored import contradictions, read_anchors, unreadable
from consentcore.consent.evidence.errors import AnchorsSilent, LedgerBroken
from consentcore.consent.evidence.growth import root_at, tile_object
from consentcore.consent.evidence.heads import made
from consentcore.consent.evidence.lease import Lease
from consentcore.consent.evidence.leaves import BATCH, leaves
from consentcore.consent.evidence.log_state import LogState, state_of
from consentcore.consent.evidence.publishing import Publisher
from consentcore.consent.evidence.retired import Retirement, ended_keys
from consentcore.consent.evidence.signer import LogSigner
from consentcore.consent.evidence.statements import Statement, StatementType, stated
from consentcore.hooks.calling import Leash
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.domain.event import Checkpoint
    from consentcore.ports.extension import Anchor
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork

__all__ = ["BATCH", "Checkpointer", "LedgerBroken", "advance"]

UNNAMED = "localhost"
"""The name of a log whose issuer nobody has said."""
_WRITES_OF_A_NOTE = 4
"""A note goes from one place to another, and stands in a statement."""
_TILES = 16
"""Tiles that one commit may bring besides its leaves: two of each height, for more leaves than there will be."""


class Checkpointer:
    """Adds to the log of one storage. Safe to use from any thread, and beside any number of others in other processes.

    It remembers the tree of what it has seen, so that only new leaves are read; the first call of a process finds it
    in the stored tiles, and asks the anchors.

    :param origin: the name of the log.
    """

    def __init__(self, origin: str = UNNAMED) -> None:
        self._origin = origin
        self._state = LogState()
        self._looked_at: Checkpoint | None = None
        self._has_looked = False
        self._is_contradicted = False
        self._retirement = Retirement()
        self._lease = Lease()
        self._lock = threading.Lock()
        self._leash = Leash()
        self._publisher = Publisher(self._leash)

    def advance(
        self, storage: Storage, keys: KeyRing, clock: Clock, anchors: Mapping[str, Anchor]
    ) -> Checkpoint | None:
        """Cover events that are not covered yet; the newest checkpoint made, None when there was nothing to do, or
        another process is at it.

        :raises LedgerBroken: when what is covered already has changed, or anchors know otherwise.
        :raises AnchorsSilent: when that could not be told.
        """
        with self._lock:
            newest = None
            limit = storage.capabilities.fits(BATCH + 1 + _TILES) - 1 - _TILES
            if anchors:
                self._ask(storage, keys, anchors)
            if self._is_contradicted:
                self._publish(storage, anchors)
            try:
                while step := transact(storage, lambda uow: self._step(uow, keys, clock, limit)):
                    self._state = step
                    newest = self._looked_at = step.last
                if newest is not None:
                    transact(storage, lambda uow: noting.sweep(uow, clock.now(), most=limit))
                self._publish(storage, anchors)
            finally:
                if self._lease.is_held:
                    transact(storage, self._lease.give_back)
            return newest

    def _publish(self, storage: Storage, anchors: Mapping[str, Anchor]) -> None:
        """Tell the anchors. While one of them contradicts, nothing more is signed."""
        self._is_contradicted = True
        self._publisher.publish(storage, anchors)
        self._is_contradicted = False

    def _ask(self, storage: Storage, keys: KeyRing, anchors: Mapping[str, Anchor]) -> None:
        """Hold what anchors keep against the log, unless it is where this process has left it."""
        signer = LogSigner(keys, self._origin)
        with storage.reading() as uow:
            state = state_of(uow, signer, keys, self._state)
        if self._has_looked and state.last == self._looked_at:
            return
        readings = read_anchors(anchors, state.names(self._origin), signer, self._leash)
        with storage.reading() as uow:  # after the anchors: it has all that they have
            state = state_of(uow, signer, keys, self._state)
            wrong = contradictions(readings, state.tree.size, partial(root_at, uow), state.resumed)
        if wrong:
            raise LedgerBroken("; ".join(wrong))
        if silent := unreadable(readings):
            raise AnchorsSilent("; ".join([*silent, "nothing is signed until it can be"]))
        self._state, self._looked_at, self._has_looked = state, state.last, True

    def _step(self, uow: UnitOfWork, keys: KeyRing, clock: Clock, limit: int) -> LogState | None:
        now = clock.now()
        if not self._lease.is_free(uow, now):
            return None
        state = state_of(uow, LogSigner(keys, self._origin), keys, self._state)
        signer = LogSigner(keys, state.name(self._origin))
        size = state.tree.size
        noted = noting.due(uow, keys, limit // _WRITES_OF_A_NOTE)
        # Notes fill a commit of their own; the next one is for events.
        added = 0 if noted else uow.ledger.sequence_leaves(limit, start=size)
        # Behind all that waits: a key that is over may have sealed it before, while no worker ran.
        over = {} if noted or added == limit else self._retirement.due(signer, state.ended, now)
        due = [*noted, *([(StatementType.KEYS, over)] if over else [])]
        said = [
            stated(signer, kind, size + added + more, now, facts) for more, (kind, facts) in enumerate(due)
        ]
        if not added and not said:
            self._state = state
            return None
        self._lease.take(uow, now)
        return grown(uow, state, said, added, signer=signer, keys=keys, now=now)


def grown(
    uow: UnitOfWork,
    state: LogState,
    said: list[Statement],
    added: int,
    *,
    signer: LogSigner,
    keys: KeyRing,
    now: int,
) -> LogState:
    """Add statements, and events that were just given places before them, and sign the head.

    :raises LedgerBroken: when one of these places is empty.
    """
    for one in said:
        uow.tlog.put(one.kept)
    tree = state.tree.copy()
    tree.extend_hashes(leaf.hash for leaf in leaves(uow, tree.size, tree.size + len(said) + added))
    for tile in (*tree.take_full(), *tree.edge()):
        uow.tlog.put(tile_object(tile))
    checkpoint = made(signer, keys, tree, now, state.last.size if state.last else 0)
    uow.ledger.add_checkpoint(checkpoint)
    return replace(state, last=checkpoint, tree=tree, ended={**state.ended, **ended_keys(said)})


_checkpointers: weakref.WeakKeyDictionary[Storage, dict[str, Checkpointer]] = weakref.WeakKeyDictionary()
_making = threading.Lock()


def checkpointer(storage: Storage, origin: str) -> Checkpointer:
    """The one that this process has for a log."""
    with _making:
        return _checkpointers.setdefault(storage, {}).setdefault(origin, Checkpointer(origin))


def advance(
    storage: Storage, keys: KeyRing, clock: Clock, anchors: Mapping[str, Anchor], *, origin: str = UNNAMED
) -> Checkpoint | None:
    """Sequence new events, sign a checkpoint over all of them, and publish it to the anchors.

    :param origin: the name of the log, see :func:`consentcore.consent.evidence.signer.origin_of`.
    :returns: the newest checkpoint made, None when there was nothing new.
    :raises LedgerBroken: when what is covered already has changed, or anchors know otherwise.
    :raises AnchorsSilent: when that could not be told.
    """
    return checkpointer(storage, origin).advance(storage, keys, clock, anchors)
