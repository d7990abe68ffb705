"""Where the log stands: its newest checkpoint, its tree, what it has said of itself."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from consentcore.consent.evidence.errors import LedgerBroken
from consentcore.consent.evidence.generations import Resumption, resumptions
from consentcore.consent.evidence.growth import stored_tile, tree_of
from consentcore.consent.evidence.heads import check_signed, head_of
from consentcore.consent.evidence.retired import ended_keys
from consentcore.consent.evidence.signer import LogSigner
from consentcore.consent.evidence.statements import statements
from consentcore.tlog import BadNote, TileTree, hash_at, leaf_hash

if TYPE_CHECKING:
    from consentcore.consent.evidence.statements import Statement
    from consentcore.domain.event import Checkpoint, ConsentEvent
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.transactions import UnitOfWork


@dataclass(frozen=True)
class LogState:
    """The log as one process knows it.

    :ivar last: the newest checkpoint; None while there is none.
    :ivar tree: what it is about.
    :ivar ended: from which place on each key seals nothing any more.
    :ivar resumed: ranges that were lost, and known to be.
    """

    last: Checkpoint | None = None
    tree: TileTree = field(default_factory=TileTree)
    ended: dict[str, int] = field(default_factory=dict)
    resumed: tuple[Resumption, ...] = ()

    def name(self, origin: str) -> str:
        """The name that the log of an issuer signs under now."""
        return f"{origin}/{len(self.resumed) + 1}" if self.resumed else origin

    def names(self, origin: str) -> list[str]:
        """Every name that it has had, as far as is known: a checkpoint that is not what was signed tells none."""
        found = [origin, self.name(origin)]
        if self.last is not None and self.last.note:
            with suppress(BadNote):
                found.append(head_of(self.last).origin)
        for one in self.resumed:
            found += [*one.lost, one.origin]
        return list(dict.fromkeys(found))


def state_of(uow: UnitOfWork, signer: LogSigner, keys: KeyRing, known: LogState) -> LogState:
    """Where the log stands now.

    :param known: where this process saw it last.
    :raises LedgerBroken: when it is not what was signed, or does not continue what was known.
    """
    last = uow.ledger.newest_checkpoint()
    if last is None:
        return LogState(tree=tree_of(uow, None, known.tree))
    if not last.note:
        raise LedgerBroken("an older version has signed the ledger: run `consentcore init` once")
    check_signed(signer, keys, last)
    if known.last == last:
        return known
    said = _statements(uow, signer, last.size)
    resumed = tuple(resumptions(said))
    # After a lawful restore the log goes on from before what this process remembers.
    tree = tree_of(uow, last, known.tree if len(resumed) == len(known.resumed) else TileTree())
    _check_places(uow, said)
    return LogState(last, tree, ended_keys(said), resumed)


def _statements(uow: UnitOfWork, signer: LogSigner, size: int) -> list[Statement]:
    try:
        found = list(statements(uow, 0, size))
        for one in found:
            signer.signed_by(one.note, str(one.facts["log"]))
    except (BadNote, LookupError) as error:
        raise LedgerBroken(f"a statement of the log is not what was signed: {error}") from None
    return found


def _check_places(uow: UnitOfWork, said: list[Statement]) -> None:
    """Each is a leaf of the tree, so that none can be put back that belongs to another history."""
    at = hash_at(partial(stored_tile, uow))
    for one in said:
        if at(0, one.index) != one.leaf_hash:
            raise LedgerBroken(f"the log has something else in the place of statement {one.index}")


def stands_in_log(uow: UnitOfWork, keys: KeyRing, event: ConsentEvent) -> bool:
    """Whether the log has an event in its place, from before the end of its key. False where the log is not in order.

    Reads what the log has said of itself, and two tiles: for rare cases.
    """
    index = event.leaf_index
    try:
        state = state_of(uow, LogSigner(keys, ""), keys, LogState())
        if index is None or index >= min(state.tree.size, state.ended.get(event.key_id, state.tree.size)):
            return False
        leaf = leaf_hash(sha256(event.body.encode()).digest())
        return hash_at(partial(stored_tile, uow))(0, index) == leaf
    except (LedgerBroken, BadNote):
        return False
