"""The evidence of how grants came about."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.disclosure import Disclosure, Tombstone
    from consentcore.domain.event import Checkpoint, ConsentEvent, NoticeSnapshot


class LedgerRepository(Protocol):
    """Evidence. There is no way to change an event, a snapshot, a disclosure or a checkpoint, and none to delete one
    but :meth:`forget`, which never touches an event or a checkpoint; purge leaves them all."""

    def append(self, event: ConsentEvent) -> None:
        """Store the next event of a grant.

        :raises StorageConflict: when the grant has an event of that sequence, or the id is taken.
        """
        ...

    def of_grant(self, grant_id: str) -> Sequence[ConsentEvent]:
        """The chain of a grant by sequence."""
        ...

    def of_grants(self, grant_ids: Collection[str]) -> Sequence[ConsentEvent]:
        """The chains of several grants, by grant and sequence.

        :param grant_ids: at most 100.
        """
        ...

    def of_owner(self, owner_id: str, *, before: str = "", limit: int = 100) -> Sequence[ConsentEvent]:
        """Events of an owner, newest first (by ``occurred_at``), at the same time the higher sequence first.

        :param before: event id of the last one of the page before; of an unknown one nothing follows.
        :param limit: at most so many.
        """
        ...

    def get(self, event_id: str) -> ConsentEvent | None:
        """The event of that id."""
        ...

    def orphans(self, limit: int) -> Sequence[ConsentEvent]:
        """Events whose grant does not exist, at most ``limit``. Only verification asks: it may read every event."""
        ...

    def put_snapshot(self, snapshot: NoticeSnapshot) -> None:
        """Store what was shown; storing the same hash again keeps the first."""
        ...

    def snapshot(self, snapshot_hash: str) -> NoticeSnapshot | None:
        """What was shown under that hash."""
        ...

    def put_disclosures(self, disclosures: Sequence[Disclosure]) -> None:
        """Store personal values that stand apart from events and snapshots; of the same digest the first is kept."""
        ...

    def disclosures(self, digests: Collection[str]) -> Mapping[str, Disclosure]:
        """What is kept under these digests, by digest; what is not known or was forgotten is not in it."""
        ...

    def forget(self, tombstones: Sequence[Tombstone]) -> None:
        """Remove the disclosure or the snapshot that each of these names, value and salt together, and keep the
        tombstone in its place; of the same subject the first is kept. Nothing that is chained, no leaf and no
        checkpoint is ever among them.

        Erased for good: whoever reads the files of the store afterwards, and its logs, does not find them.
        """
        ...

    def tombstones(self, subjects: Collection[str]) -> Mapping[str, Tombstone]:
        """What was left in place of those that were forgotten, by subject."""
        ...

    def sequence_leaves(self, limit: int, *, start: int = 0) -> int:
        """Give the oldest unsequenced events the next leaf indexes, without gaps, those of one grant by their sequence;
        how many, at most ``limit``.

        :param start: the first index, unless events have that one or later ones; then the one after the last of them.
        """
        ...

    def leaves(self, start: int, limit: int) -> Sequence[ConsentEvent]:
        """Events with ``leaf_index >= start``, by leaf index, at most ``limit``. Indexes that no event has are left
        out; fewer than ``limit`` say nothing of whether there are more behind ``start + limit``."""
        ...

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Store a new checkpoint.

        :raises StorageConflict: when there is one of that size.
        """
        ...

    def checkpoints(self, *, after: int = 0, limit: int | None = None) -> Sequence[Checkpoint]:
        """Checkpoints by size, at most ``limit`` of them.

        :param after: size of the last one of the page before.
        """
        ...

    def newest_checkpoint(self) -> Checkpoint | None:
        """The checkpoint of the greatest size."""
        ...
