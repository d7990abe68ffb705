"""The leaves of the log in their order: events, and statements between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from consentcore.consent.evidence.errors import LedgerBroken
from consentcore.consent.evidence.statements import Statement, all_statements
from consentcore.tlog import leaf_hash

if TYPE_CHECKING:
    from consentcore.domain.event import ConsentEvent
    from consentcore.ports.transactions import UnitOfWork

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf: an event or a statement."""

    index: int
    event: ConsentEvent | None = None
    statement: Statement | None = None

    @property
    def data(self) -> bytes:
        """What it holds: the SHA-256 of the canonical body."""
        if self.event is not None:
            return sha256(self.event.body.encode()).digest()
        if self.statement is None:
            raise ValueError("a leaf is an event or a statement")
        return self.statement.leaf_data

    @property
    def hash(self) -> bytes:
        """Its hash in the tree (RFC 6962 section 2.1)."""
        return leaf_hash(self.data)


def leaves(uow: UnitOfWork, start: int, end: int) -> Iterator[Leaf]:
    """The leaves from ``start`` to before ``end``.

    :raises LedgerBroken: naming the first that is missing.
    :raises BadNote: at a statement that is none.
    """
    while start < end:
        stop = min(start + BATCH, end)
        found = {
            event.leaf_index: Leaf(event.leaf_index, event)
            for event in uow.ledger.leaves(start, stop - start)
            if event.leaf_index is not None and event.leaf_index < stop
        }
        if len(found) < stop - start:
            found |= {one.index: Leaf(one.index, statement=one) for one in all_statements(uow, start, stop)}
        for index in range(start, stop):
            leaf = found.get(index)
            if leaf is None:
                raise LedgerBroken(f"event {index} of the sequence is missing")
            yield leaf
        start = stop
