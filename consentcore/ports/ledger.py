"""The evidence of how grants came about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.event import Checkpoint, ConsentEvent, NoticeSnapshot


class LedgerRepository(Protocol):
    """Evidence. There is no way to change or delete an event, a snapshot or a checkpoint; purge leaves them."""

    def append(self, event: ConsentEvent) -> None:
        """Store the next event of a grant.

        :raises StorageConflict: when the grant has an event of that sequence, or the id is taken.
        """
        ...

    def of_grant(self, grant_id: str) -> Sequence[ConsentEvent]:
        """The chain of a grant by sequence."""
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

    def sequence_leaves(self, limit: int) -> int:
        """Give the oldest unsequenced events the next leaf indexes, from 0 and without gaps, those of one grant
        by their sequence; how many, at most ``limit``."""
        ...

    def leaves(self, start: int, limit: int) -> Sequence[ConsentEvent]:
        """Events with ``leaf_index >= start``, by leaf index, at most ``limit``."""
        ...

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Store a new checkpoint.

        :raises StorageConflict: when there is one of that size.
        """
        ...

    def checkpoints(self) -> Sequence[Checkpoint]:
        """All checkpoints by size."""
        ...
