"""The rule of releases without a public log: checkpoints sealed by HMAC, over trees of the events' keyed hashes.

What they wrote verifies by it for ever. The upgrade checks all of it once and signs a digest in the new log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from consentcore.consent.evidence.errors import LedgerBroken
from consentcore.consent.evidence.heads import SEAL
from consentcore.consent.ledger import canonical
from consentcore.tlog import Tree

if TYPE_CHECKING:
    from consentcore.domain.event import Checkpoint, ConsentEvent
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.transactions import UnitOfWork

PAGE = 1000


@dataclass
class BeforeCheck:
    """Checks old checkpoints against the events that they cover, event by event, in the order of the sequence.

    :ivar size: how many events the last old checkpoint covers.
    :ivar count: how many checkpoints there are.
    """

    keys: KeyRing
    checkpoints: Iterator[Checkpoint]
    size: int = 0
    count: int = 0
    _tree: Tree = field(default_factory=Tree)
    _digest: Any = field(default_factory=sha256)
    _next: Checkpoint | None = None

    def __post_init__(self) -> None:
        self._take()

    def add(self, event: ConsentEvent) -> None:
        """Add the next event.

        :raises LedgerBroken: at a checkpoint that does not fit.
        """
        if self._next is None:
            return
        self._tree.add(event.record_hash)
        self._digest.update(f"event {event.record_hash.hex()}\n".encode())
        if self._tree.size == self._next.size:
            self._compare(self._next)
            self._take()

    @property
    def covers_more(self) -> bool:
        """Whether there are checkpoints over events that have not come yet."""
        return self._next is not None

    def facts(self) -> dict[str, object]:
        """What the upgrade signs: a digest over every old checkpoint and every keyed hash, in their order."""
        return {"events": self.size, "checkpoints": self.count, "sha256": self._digest.hexdigest()}

    def _take(self) -> None:
        self._next = next(self.checkpoints, None)
        if self._next is not None:
            self.size, self.count = self._next.size, self.count + 1

    def _compare(self, checkpoint: Checkpoint) -> None:
        if not is_signed(self.keys, checkpoint):
            raise LedgerBroken("it has a wrong signature")
        if self._tree.root() != checkpoint.root:
            raise LedgerBroken("it does not fit the events before it")
        line = (checkpoint.size, checkpoint.root.hex(), checkpoint.created_at, checkpoint.signature.hex())
        self._digest.update(f"checkpoint {' '.join(map(str, line))} {checkpoint.key_id}\n".encode())


def old_checkpoints(reading: Callable[[], AbstractContextManager[UnitOfWork]]) -> Iterator[Checkpoint]:
    """The checkpoints that have no note, by size; a view is opened for each page."""
    after = 0
    while True:
        with reading() as uow:
            page = uow.ledger.checkpoints(after=after, limit=PAGE)
        for one in page:
            if one.note:
                return
            yield one
        if len(page) < PAGE:
            return
        after = page[-1].size


def is_signed(keys: KeyRing, checkpoint: Checkpoint) -> bool:
    """Whether the signature of an old checkpoint is ours.

    :raises KeyUnavailable: when the ring lacks its key.
    """
    text = canonical(
        {
            "size": checkpoint.size,
            "root": checkpoint.root.hex(),
            "created_at": checkpoint.created_at,
            "key_id": checkpoint.key_id,
        }
    )
    return compare_digest(keys.mac(SEAL, text.encode(), checkpoint.key_id), checkpoint.signature)
