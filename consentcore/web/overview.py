"""What the dashboard shows, gathered from the store with as few reads as there are kinds of things."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.domain.event import SECURITY_EVENTS, ConsentEvent, EventType
from consentcore.domain.grant import Grant, GrantState
from consentcore.domain.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyramid.request import Request

    from consentcore.domain.client import Client

STATE_WORDS = {
    GrantState.ACTIVE: "Active",
    GrantState.DENIED: "You said no",
    GrantState.ABANDONED: "Not answered",
    GrantState.WITHDRAWN: "You revoked it",
    GrantState.CLOSED: "The application ended it",
    GrantState.REVOKED: "We stopped it",
    GrantState.EXPIRED: "It ended on its date",
}

EVENT_WORDS = {
    EventType.GRANTED: "granted",
    EventType.AMENDED: "granted, changed",
    EventType.DENIED: "denied",
    EventType.ABANDONED: "not answered",
    EventType.WITHDRAWN: "revoked by you",
    EventType.CLOSED: "revoked by the application",
    EventType.REVOKED: "revoked by us",
    EventType.EXPIRED: "expired",
    EventType.CODE_REPLAYED: "security: a code was used twice, its tokens were ended",
    EventType.REFRESH_REUSED: "security: an old token was used again, its tokens were ended",
}


@dataclass(frozen=True)
class Card:
    """One grant as a page shows it."""

    grant: Grant
    client_name: str
    publisher: str
    state_word: str
    scopes: tuple[Scope, ...]
    acts: bool


@dataclass(frozen=True)
class HistoryLine:
    """One event as the history shows it."""

    event: ConsentEvent
    client_name: str
    word: str
    scopes: tuple[str, ...]
    security: bool


class Names:
    """Names of clients, each read once per request."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._clients: dict[str, Client | None] = {}

    def client(self, client_id: str) -> Client | None:
        """The client, or None when it is gone."""
        if client_id not in self._clients:
            self._clients[client_id] = self._request.uow.clients.get(client_id)
        return self._clients[client_id]


def cards(request: Request, grants: Iterable[Grant]) -> list[Card]:
    """Grants with names and words."""
    names = Names(request)
    return [card(request, grant, names) for grant in grants]


def card(request: Request, grant: Grant, names: Names | None = None) -> Card:
    """One grant with names and words."""
    client = (names or Names(request)).client(grant.client_id)
    scopes = request.runtime.catalog.named(grant.scope_ids)
    over = grant.state is GrantState.ACTIVE and not grant.is_active(request.now)
    return Card(
        grant=grant,
        client_name=client.name if client else grant.client_id,
        publisher=client.publisher if client else "",
        state_word=STATE_WORDS[GrantState.EXPIRED if over else grant.state],
        scopes=scopes,
        acts=any(scope.type == "act" for scope in scopes),
    )


def history(request: Request, events: Iterable[ConsentEvent]) -> list[HistoryLine]:
    """Events with the names that stood in the evidence at their time."""
    lines = []
    for event in events:
        body = json.loads(event.body)
        after = body.get("scopes_after") or body.get("scopes_requested") or []
        lines.append(
            HistoryLine(
                event=event,
                client_name=body.get("client_name") or event.client_id,
                word=EVENT_WORDS[event.type],
                scopes=tuple(scope.label for scope in _named(request, after)),
                security=event.type in SECURITY_EVENTS,
            )
        )
    return lines


def _named(request: Request, references: Iterable[str]) -> tuple[Scope, ...]:
    ids = [reference.rpartition("@")[0] or reference for reference in references]
    named: tuple[Scope, ...] = request.runtime.catalog.named(ids)
    return named
