"""The whole log against what was signed: every leaf, every checkpoint, every tile, every statement.

Reads the leaves once, in pages; memory does not grow with the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consentcore.consent.evidence.before import BeforeCheck, old_checkpoints
from consentcore.consent.evidence.errors import LedgerBroken
from consentcore.consent.evidence.growth import stored_tile
from consentcore.consent.evidence.heads import check_signed, is_sealed
from consentcore.consent.evidence.leaves import BATCH, Leaf, leaves
from consentcore.consent.evidence.retired import ended_keys
from consentcore.consent.evidence.statements import StatementType, statements
from consentcore.domain.errors import InvalidInput, KeyUnavailable
from consentcore.tlog import BadNote, TileTree, tile_path
from consentcore.tlog.merkle import EMPTY_ROOT

if TYPE_CHECKING:
    from consentcore.consent.evidence.signer import LogSigner
    from consentcore.consent.evidence.statements import Statement
    from consentcore.domain.event import Checkpoint
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.transactions import UnitOfWork

Reading = Callable[[], AbstractContextManager["UnitOfWork"]]


def unseen(_done: int) -> None:
    """Progress that nobody looks at."""


@dataclass
class LogCheck:
    """One walk through the log.

    :param ended: from which place on each key seals nothing any more.
    :param heads: sizes at which the head of the leaves is wanted besides.
    :param progress: is told how many leaves were looked at since the last time.
    :ivar checkpoints: how many have been seen.
    :ivar newest: the last of them that has a note.
    :ivar size: leaves that the newest checkpoint covers.
    :ivar roots: the heads that were wanted, by size.
    """

    reading: Reading
    keys: KeyRing
    signer: LogSigner
    ended: Mapping[str, int] = field(default_factory=dict)
    heads: frozenset[int] = frozenset()
    progress: Callable[[int], object] = unseen
    checkpoints: int = 0
    newest: Checkpoint | None = None
    size: int = 0
    roots: dict[int, bytes] = field(default_factory=dict)
    _tree: TileTree = field(default_factory=TileTree)
    _has_tiles: bool = True

    def complaint(self) -> str:
        """The first thing that is wrong; "" when nothing is."""
        try:
            self._walk()
        except (LedgerBroken, BadNote, KeyUnavailable, InvalidInput) as error:
            return str(error)
        return ""

    def root_at(self, size: int) -> bytes:
        """One of the heads that were wanted.

        :raises LedgerBroken: when the walk did not come so far.
        """
        if size == 0:
            return EMPTY_ROOT
        if size not in self.roots:
            raise LedgerBroken("it cannot be compared, because the log is broken before it")
        return self.roots[size]

    def _walk(self) -> None:
        self._before = BeforeCheck(self.keys, old_checkpoints(self.reading))
        with self.reading() as uow:
            last = uow.ledger.newest_checkpoint()
        # What an older version has signed has none before the upgrade.
        self._has_tiles = last is not None and bool(last.note)
        self.size = last.size if last else 0
        for checkpoint in self._pages():
            self.checkpoints += 1
            try:
                self._check_one(checkpoint)
                self.size = max(self.size, checkpoint.size)
            except (LedgerBroken, InvalidInput, KeyUnavailable) as error:
                raise LedgerBroken(f"the checkpoint of {checkpoint.size} events: {error}") from error
        if self.newest is not None:
            check_signed(self.signer, self.keys, self.newest)
            self._check_edge()

    def _pages(self) -> Iterator[Checkpoint]:
        after = 0
        while True:
            with self.reading() as uow:
                page = uow.ledger.checkpoints(after=after, limit=BATCH)
            yield from page
            if len(page) < BATCH:
                return
            after = page[-1].size

    def _check_one(self, checkpoint: Checkpoint) -> None:
        start = self._tree.size
        if checkpoint.note:
            self._check_row(checkpoint)
        elif self.newest is not None:  # those of before the log come first, and are checked by their own rule
            raise LedgerBroken("it has no note, and one before it has")
        self._grow(checkpoint.size)
        if checkpoint.note and self._tree.root() != checkpoint.root:
            end = checkpoint.size - 1
            raise LedgerBroken(f"it does not fit the events {start} to {end} of the sequence")
        if checkpoint.note:
            self.newest = checkpoint

    def _check_row(self, checkpoint: Checkpoint) -> None:
        if not is_sealed(self.keys, checkpoint):
            raise LedgerBroken("it has a wrong signature")
        if checkpoint.previous != self._tree.size:
            raise LedgerBroken(f"the one of {checkpoint.previous} events before it is missing")
        if checkpoint.size > self.ended.get(checkpoint.key_id, checkpoint.size):
            raise LedgerBroken("it is signed with a key that was over before")

    def _grow(self, size: int) -> None:
        while self._tree.size < size:
            start, end = self._tree.size, min(self._tree.size + 10 * BATCH, size)
            with self.reading() as uow:
                for leaf in leaves(uow, self._tree.size, end):
                    self._add(leaf)
                self._check_tiles(uow)
            self.progress(end - start)

    def _add(self, leaf: Leaf) -> None:
        if leaf.event is not None:
            self._before.add(leaf.event)
        elif leaf.statement is not None:
            self._check_statement(leaf.statement)
        self._tree.add_hash(leaf.hash)
        if self._tree.size in self.heads:
            self.roots[self._tree.size] = self._tree.root()

    def _check_statement(self, statement: Statement) -> None:
        if self._before.covers_more:
            raise LedgerBroken(f"event {statement.index} of the sequence is missing")
        if statement.type is StatementType.UPGRADED and statement.facts["before"] != self._before.facts():
            raise LedgerBroken("what an older version had signed is not what the upgrade found")

    def _check_tiles(self, uow: UnitOfWork) -> None:
        for tile in self._tree.take_full():
            if self._has_tiles and stored_tile(uow, tile.level, tile.number) != tile.hashes:
                raise LedgerBroken(f"the hashes {tile_path(tile.level, tile.number)} of the log were changed")

    def _check_edge(self) -> None:
        with self.reading() as uow:
            for tile in self._tree.edge():
                stored = stored_tile(uow, tile.level, tile.number) or b""
                if stored[: len(tile.hashes)] != tile.hashes:
                    path = tile_path(tile.level, tile.number, tile.width)
                    raise LedgerBroken(f"the hashes {path} of the log were changed")


def checked_statements(reading: Reading, signer: LogSigner) -> list[Statement]:
    """Every statement of the log, each signed by a key that was not over by then.

    :raises BadNote: at one that is not.
    """
    found: list[Statement] = []
    with reading() as uow:
        said = list(statements(uow))
        last = uow.ledger.newest_checkpoint()  # after them: it covers them all
        size = last.size if last is not None and last.note else 0
        for one in said:
            if one.index >= size:
                raise BadNote(f"there is a statement {one.index} that no checkpoint covers")
            key_id = signer.signed_by(one.note, str(one.facts["log"]))
            if one.index > ended_keys(found).get(key_id, one.index):
                raise BadNote(f"statement {one.index} is signed with a key that was over before")
            found.append(one)
    return found
