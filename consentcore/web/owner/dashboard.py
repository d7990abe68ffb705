"""What the dashboard shows, gathered from the store with as few reads as there are kinds of things."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.consent.owner_grants import OwnerGrants
from consentcore.consent.personal import REASON_TEXT, disclosed
from consentcore.consent.shut_out import CLIENT_DISABLED
from consentcore.domain.event import ConsentEvent
from consentcore.domain.event_kinds import EventType
from consentcore.domain.grant import Grant
from consentcore.domain.grant_states import GrantState, state_profile
from consentcore.domain.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyramid.request import Request

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


def own_grants(request: Request) -> OwnerGrants:
    """The permissions of whoever is signed in."""
    return OwnerGrants(request.uow, request.owner.owner_id, request.now)


def cards(request: Request, shown: Iterable[Grant], grants: OwnerGrants) -> list[Card]:
    """Grants with names and words."""
    return [card(request, grant, grants) for grant in shown]


def card(request: Request, grant: Grant, grants: OwnerGrants) -> Card:
    """One grant with names and words, as it stands now."""
    client = grants.client(grant.client_id)
    shown = grants.shown(grant)
    # What has ended shows the words of its end; what stands those of today, of the version that was agreed to.
    at = None if shown.state is GrantState.ACTIVE else shown.changed_at
    scopes = request.catalog.as_of(grant.scopes, at=at)
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


def why(request: Request, event: ConsentEvent, client: Client | None) -> str:
    """The words of whoever shut the application out, where that is what ended a permission; else "".

    :param event: the one that ended it, or that the worker has yet to write.
    :param client: the application.
    """
    if not event.event_id and event.type is EventType.REVOKED:
        return client.disabled.reason if client and client.disabled else ""
    if json.loads(event.body).get("evidence", {}).get("reason_code") != CLIENT_DISABLED:
        return ""
    return str(disclosed(request.uow, event).get(REASON_TEXT, ""))
