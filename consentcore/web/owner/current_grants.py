"""An owner's permissions as they stand now: what the clock or a shut-out application has ended is ended, whether or not
the worker has written it down yet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from consentcore.domain.event import ConsentEvent
from consentcore.domain.event_kinds import leading_to
from consentcore.domain.grant import Grant, Standing, standing
from consentcore.domain.grant_states import ENDED, GrantState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pyramid.request import Request

    from consentcore.domain.client import Client

PAGE = 50
ACTIVE = frozenset({GrantState.ACTIVE})


class Names:
    """Clients, each read once per request."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._clients: dict[str, Client | None] = {}

    def client(self, client_id: str) -> Client | None:
        """The client, or None when it is gone."""
        if client_id not in self._clients:
            self._clients[client_id] = self._request.uow.clients.get(client_id)
        return self._clients[client_id]

    def standing(self, grant: Grant) -> Standing:
        """How a grant stands at the time of the request."""
        return standing(grant, self._request.now, self.client(grant.client_id))

    def shown(self, grant: Grant) -> Grant:
        """The grant with its state of now, and as ``changed_at`` the end that it has come to."""
        found = self.standing(grant)
        return replace(grant, state=found.state, changed_at=found.ended_at or grant.changed_at)


def live(request: Request, names: Names) -> tuple[list[Grant], str]:
    """A page of the permissions that stand, the one changed last first; and what ``after`` is for the next page."""
    return _page(request, ACTIVE, lambda grant: names.standing(grant).active)


def ended(request: Request, names: Names) -> tuple[list[Grant], str]:
    """A page of what once stood, the one that ended last first; and what ``after`` is for the next page.

    What no event says yet comes on the first page: one for each application at most.
    """
    found, more = _page(request, ENDED, lambda _grant: True)
    if not request.query.one("after"):
        found += unrecorded(request, names)
    shown = [names.shown(grant) for grant in found]
    return sorted(shown, key=lambda grant: grant.changed_at, reverse=True), more


def unrecorded(request: Request, names: Names) -> list[Grant]:
    """Permissions that have ended although no event says so yet."""
    return [grant for grant in _rows(request, ACTIVE, "") if not names.standing(grant).recorded]


def to_be_recorded(grant: Grant, names: Names) -> list[ConsentEvent]:
    """The event that the worker is about to write of a grant, still without an id; none where all is written."""
    found = names.standing(grant)
    if found.recorded or found.ended_at is None:
        return []
    event = ConsentEvent(
        event_id="",
        grant_id=grant.grant_id,
        sequence=grant.sequence + 1,
        type=leading_to(found.state).type,
        owner_id=grant.owner_id,
        client_id=grant.client_id,
        occurred_at=found.ended_at,
        body="{}",
        prev_hash=b"",
        record_hash=b"",
        key_id="",
    )
    return [event]


def _page(
    request: Request, states: Iterable[GrantState], wanted: Callable[[Grant], bool]
) -> tuple[list[Grant], str]:
    found: list[Grant] = []
    for grant in _rows(request, states, request.query.one("after")):
        if not wanted(grant):
            continue
        if len(found) == PAGE:
            return found, found[-1].grant_id
        found.append(grant)
    return found, ""


def _rows(request: Request, states: Iterable[GrantState], after: str) -> Iterator[Grant]:
    while page := request.uow.grants.of_owner(request.owner.owner_id, states, after=after, limit=PAGE + 1):
        yield from page
        if len(page) <= PAGE:
            return
        after = page[-1].grant_id
