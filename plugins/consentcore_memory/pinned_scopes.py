"""What entries of the scope catalog said, inside a transaction."""

from __future__ import annotations

from collections.abc import Sequence

from consentcore.api import PinnedScope
from consentcore_memory.engine import Session


class MemoryPinnedScopes:
    """:class:`consentcore.api.PinnedScopeRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, pinned: PinnedScope) -> None:
        key = (pinned.scope_id, pinned.version, pinned.revision)
        if key in self._session.draft.pinned_scopes:
            raise self._session.collision(f"{pinned.reference} has a revision {pinned.revision} already")
        self._session.draft.pinned_scopes.put(key, pinned)

    def all(self) -> Sequence[PinnedScope]:
        return [row for _, row in sorted(self._session.state.pinned_scopes.items())]
