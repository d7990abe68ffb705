"""What the dashboard shows, gathered from the store with as few reads as there are kinds of things."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from consentcore.consent.ledger import effective_at
from consentcore.consent.shut_out import CLIENT_DISABLED
from consentcore.domain.event import ConsentEvent
from consentcore.domain.event_kinds import EventType, event_kind
from consentcore.domain.grant import Grant
from consentcore.domain.grant_states import GrantState, state_profile
from consentcore.domain.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyramid.request import Request

    from consentcore.consent.owner_grants import OwnerGrants
    from consentcore.domain.client import Client, Halt


@dataclass(frozen=True)
class Card:
    """One grant as a page shows it: ``grant`` has its state of now, and as ``changed_at`` the end it has come to.

    :ivar stood: whether it is, or was, a permission; False where nothing was allowed.
    :ivar suspended: since when its application is kept out although it stands, and why; None where it is not.
    """

    grant: Grant
    client_name: str
    publisher: str
    state_word: str
    stood: bool
    scopes: tuple[Scope, ...]
    acts: bool
    suspended: Halt | None = None


@dataclass(frozen=True)
class HistoryLine:
    """One event as the history shows it; without an event id where the worker has yet to write it."""

    event: ConsentEvent
    client_name: str
    word: str
    scopes: tuple[str, ...]
    security: bool


def cards(request: Request, shown: Iterable[Grant], grants: OwnerGrants) -> list[Card]:
    """Grants with names and words."""
    return [card(request, grant, grants) for grant in shown]


def card(request: Request, grant: Grant, grants: OwnerGrants) -> Card:
    """One grant with names and words, as it stands now."""
    client = grants.client(grant.client_id)
    scopes = request.catalog.named(grant.scope_ids)
    shown = grants.shown(grant)
    return Card(
        grant=shown,
        client_name=client.name if client else grant.client_id,
        publisher=client.publisher if client else "",
        state_word=state_profile(shown.state).word,
        stood=state_profile(shown.state).stood,
        scopes=scopes,
        acts=any(scope.type == "act" for scope in scopes),
        suspended=client.suspended if client and shown.state is GrantState.ACTIVE else None,
    )


def history(request: Request, events: Iterable[ConsentEvent], grants: OwnerGrants) -> list[HistoryLine]:
    """Events at the time at which they took effect, with the names that stood in the evidence then."""
    return [_line(request, event, grants) for event in events]


def _line(request: Request, event: ConsentEvent, grants: OwnerGrants) -> HistoryLine:
    body, kind = json.loads(event.body), event_kind(event.type)
    client = None if body else grants.client(event.client_id)
    after = body.get("scopes_after") or body.get("scopes_requested") or []
    return HistoryLine(
        event=replace(event, occurred_at=effective_at(event)) if body else event,
        client_name=body.get("client_name") or (client.name if client else event.client_id),
        word=kind.word,
        scopes=tuple(scope.label for scope in _named(request, after)),
        security=kind.security,
    )


def why(event: ConsentEvent, client: Client | None) -> str:
    """The words of whoever shut the application out, where that is what ended a permission; else "".

    :param event: the one that ended it, or that the worker has yet to write.
    :param client: the application.
    """
    body = json.loads(event.body)
    if not body and event.type is EventType.REVOKED:
        return client.disabled.reason if client and client.disabled else ""
    evidence = body.get("evidence", {})
    return str(evidence.get("reason_text", "")) if evidence.get("reason_code") == CLIENT_DISABLED else ""


def _named(request: Request, references: Iterable[str]) -> tuple[Scope, ...]:
    ids = [reference.rpartition("@")[0] or reference for reference in references]
    named: tuple[Scope, ...] = request.catalog.named(ids)
    return named
