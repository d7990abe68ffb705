"""Authorization requests that wait for an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.interaction import Interaction


class InteractionRepository(Protocol):
    """Pending authorization requests.

    Purge leaves them, also when their time is over: the worker records that nobody answered, and consumes them.
    """

    def get(self, interaction_hash: bytes) -> Interaction | None:
        """The pending request under that hash, also when its time is over; None once it is consumed."""
        ...

    def bind(
        self,
        interaction_hash: bytes,
        old_session: bytes,
        new_session: bytes,
        owner_id: str,
        *,
        seal: bytes = b"",
    ) -> bool:
        """Hand an interaction of one browser session on to its successor at login; False when it is not theirs.

        :param seal: takes the place of the one that it had.
        """
        ...

    def consume(self, interaction_hash: bytes) -> bool:
        """Take it out of the pending ones; among simultaneous callers exactly one gets True."""
        ...

    def expired(self, now: int, limit: int) -> Sequence[Interaction]:
        """Pending ones whose time is over at ``now`` (``expires_at`` at or before it), oldest first, at most
        ``limit``."""
        ...
