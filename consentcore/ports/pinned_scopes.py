"""What entries of the scope catalog said, word for word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.past_scopes import PinnedScope


class PinnedScopeRepository(Protocol):
    """What was in force, by scope, version and revision. There is no way to change or delete one; purge leaves them."""

    def add(self, pinned: PinnedScope) -> None:
        """Store a new one.

        :raises StorageConflict: when there is one of that scope, version and revision, whatever it says.
        """
        ...

    def all(self) -> Sequence[PinnedScope]:
        """All of them, by scope, version and revision. Asked once by each process, so it may read every one."""
        ...
