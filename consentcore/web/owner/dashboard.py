"""What the dashboard shows, gathered from the store with as few reads as there are kinds of things."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.consent.detail_words import DetailWords, all_in_words
from consentcore.consent.owner_grants import OwnerGrants
from consentcore.consent.personal import REASON_TEXT, disclosed
from consentcore.consent.resource_words import counted
from consentcore.consent.shut_out import CLIENT_DISABLED
from consentcore.domain.clock import DAY
from consentcore.domain.event import ConsentEvent
from consentcore.domain.event_kinds import EventType
from consentcore.domain.grant import Grant
from consentcore.domain.grant_states import GrantState, state_profile
from consentcore.domain.message import message, plural_message
from consentcore.domain.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pyramid.request import Request

    from consentcore.domain.client import Client, Halt


FEW = 3
"""Names of data that a card lists one by one."""
SOON_DAYS = 30
"""From so many days before its end on it is counted."""


@dataclass(frozen=True)
class Card:
    """One grant as a page shows it: ``grant`` has its state of now, and as ``changed_at`` the end it has come to.

    :ivar stood: whether it is, or was, a permission; False where nothing was allowed.
    :ivar suspended: since when its application is kept out although it stands, and why; None where it is not.
    :ivar logo: of its application, see :class:`~consentcore.domain.client.Client`.
    :ivar data: what it is about in a few words, without what shares nothing.
    :ivar places: from how many sites, meters and devices; "" where there was nothing to choose.
    :ivar used: when it was last used.
    :ivar ends: until when it stands; in days where these are few.
    :ivar details: what it allows besides scopes, in words.
    """

    grant: Grant
    client_name: str
    publisher: str
    state_word: str
    stood: bool
    scopes: tuple[Scope, ...]
    acts: bool
    suspended: Halt | None = None
    logo: str = ""
    data: str = ""
    places: str = ""
    used: str = ""
    ends: str = ""
    details: tuple[DetailWords, ...] = ()


def own_grants(request: Request) -> OwnerGrants:
    """The permissions of whoever is signed in."""
    return OwnerGrants(request.uow, request.owner.owner_id, request.now)


def cards(request: Request, shown: Iterable[Grant], grants: OwnerGrants) -> list[Card]:
    """Grants with names and words."""
    return [card(request, grant, grants) for grant in shown]


def card(request: Request, grant: Grant, grants: OwnerGrants, *, used_at: int | None = None) -> Card:
    """One grant with names and words, as it stands now.

    :param used_at: when it was last used, in milliseconds; None where that is not known.
    """
    client = grants.client(grant.client_id)
    shown = grants.shown(grant)
    # What has ended shows the words of its end; what stands those of today, of the version that was agreed to.
    at = None if shown.state is GrantState.ACTIVE else shown.changed_at
    scopes = request.catalog.as_of(grant.scopes, at=at)
    details = all_in_words(grant.authorization_details, request.catalog)
    return Card(
        grant=shown,
        client_name=client.name if client else grant.client_id,
        publisher=client.publisher if client else "",
        state_word=state_profile(shown.state).word,
        stood=state_profile(shown.state).stood,
        scopes=scopes,
        acts=any(scope.type == "act" for scope in scopes),
        suspended=client.suspended if client and shown.state is GrantState.ACTIVE else None,
        logo=client.logo if client else "",
        data=_in_few_words(scopes, details),
        places=counted(shown.resources),
        used=_used(request, used_at),
        ends=_ends(request, shown.expires_at),
        details=details,
    )


def _in_few_words(scopes: Sequence[Scope], details: Sequence[DetailWords]) -> str:
    """The names of the data where they are few, else the headings under which they are listed."""
    shares = [scope for scope in scopes if scope.type != "session"]
    labels = [scope.label for scope in shares]
    if len(labels) > FEW:
        labels = list(dict.fromkeys(scope.cluster or scope.label for scope in shares))
    return " · ".join([*labels, *dict.fromkeys(one.label for one in details)])


def _used(request: Request, at: int | None) -> str:
    language, timezone = request.language, request.owner.timezone
    if at is None:
        return message("not used so far")
    if language.day(at, timezone) == language.day(request.now, timezone):
        return message("last used today, %(time)s", time=language.clock(at, timezone, seconds=False))
    return message("last used on %(day)s", day=language.day(at, timezone))


def _ends(request: Request, at: int) -> str:
    day = request.language.day(at, request.owner.timezone)
    days = (at - request.now) // DAY
    if not 0 <= days < SOON_DAYS:
        return message("ends on %(day)s", day=day)
    if days == 0:
        return message("ends within a day, on %(day)s", day=day)
    return plural_message("ends in %(n)s day, on %(day)s", "ends in %(n)s days, on %(day)s", n=days, day=day)


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
