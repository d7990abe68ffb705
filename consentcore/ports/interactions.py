"""Authorization requests that wait for an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.interaction import Interaction


class InteractionRepository(Protocol):
    """Pending authorization requests."""

    def get(self, interaction_hash: bytes) -> Interaction | None:
        """The pending one under that hash, whether or not its time is over."""
        ...

    def bind(self, interaction_hash: bytes, old_session: bytes, new_session: bytes, owner_id: str) -> bool:
        """Hand an interaction of one browser session on to its successor at login; False when it is not theirs."""
        ...

    def consume(self, interaction_hash: bytes) -> bool:
        """Take it out of the pending ones; among simultaneous callers exactly one gets True."""
        ...

    def expired(self, now: int, limit: int) -> Sequence[Interaction]:
        """Pending ones whose time is over, oldest first."""
        ...
