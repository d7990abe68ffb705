"""The feeds of clients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from consentcore.api import Audience, NotFound, Notice
from consentcore_memory.engine import Session
from consentcore_memory.ledger import in_chains
from consentcore_memory.state import State, StoredNotice


class MemoryFeed:
    """:class:`consentcore.api.FeedRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def enter(self, client_id: str, limit: int) -> int:
        draft = self._session.draft
        told = {row.notice.notice_id: row for row in _told(draft, client_id) if row.place is None}
        events = in_chains(event for event in map(draft.events.get, told) if event is not None)
        waiting = [told[event.event_id] for event in islice(events, limit)]
        newest = max((row.place or 0 for row in _told(draft, client_id)), default=0)
        for place, row in enumerate(waiting, start=newest + 1):
            draft.notices.put(row.notice.notice_id, replace(row, place=place))
        return len(waiting)

    def page(self, client_id: str, *, after: str = "", limit: int = 100) -> Sequence[Notice]:
        placed = {row.place: row.notice for row in _told(self._session.state, client_id) if row.place}
        start = next((place for place, one in placed.items() if one.notice_id == after), 0)
        if after and not start:
            raise NotFound("event", after)
        return [placed[place] for place in sorted(placed) if place > start][:limit]


def _told(state: State, client_id: str) -> list[StoredNotice]:
    """What tells a client of events of the ledger."""
    return [
        row
        for row in state.notices.values()
        if row.notice.client_id == client_id
        and Audience.CLIENT in row.notice.audiences
        and row.notice.notice_id in state.events
    ]
