"""When grants were last used, inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from consentcore_memory.engine import Session


class MemoryUses:
    """:class:`consentcore.api.UseRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def note(self, used: Mapping[str, int]) -> None:
        uses = self._session.draft.uses
        for grant_id, at in used.items():
            uses.put(grant_id, max(at, uses.get(grant_id) or at))

    def last(self, grant_ids: Collection[str]) -> Mapping[str, int]:
        found = ((one, self._session.state.uses.get(one)) for one in grant_ids)
        return {grant_id: at for grant_id, at in found if at is not None}
