"""The dashboard: Authorized Applications, Revoked Accesses, history, one grant, Revoke Access."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.domain.errors import InvalidTransition, NotFound
from consentcore.domain.event_kinds import SECURITY_EVENTS
from consentcore.domain.grant_states import GrantState
from consentcore.domain.parties import Actor, ActorType
from consentcore.i18n.wording import confirmation_number
from consentcore.web.owner import current_grants as standings
from consentcore.web.owner import dashboard as overview
from consentcore.web.owner import evidence
from consentcore.web.owner.current_grants import PAGE, Names, to_be_recorded
from consentcore.web.owner.notice_status import told
from consentcore.web.pages import page
from consentcore.web.redirects import see_other
from consentcore.web.security import OWNER

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.domain.grant import Grant


@view_config(route_name="home", request_method="GET")
def home(_request: Request) -> Response:
    """The front door is the dashboard."""
    return see_other("/consents")


@view_config(route_name="consents", request_method="GET", permission=OWNER)
def authorized(request: Request) -> Response:
    """Authorized Applications."""
    names = Names(request)
    grants, more = standings.live(request, names)
    return page(request, "consents.jinja2", cards=overview.cards(request, grants, names), more=more)


@view_config(route_name="consents.revoked", request_method="GET", permission=OWNER)
def revoked(request: Request) -> Response:
    """Revoked Accesses: everything that once stood and has ended, whoever or whatever ended it."""
    names = Names(request)
    grants, more = standings.ended(request, names)
    return page(request, "revoked.jinja2", cards=overview.cards(request, grants, names), more=more)


@view_config(route_name="consents.history", request_method="GET", permission=OWNER)
def history(request: Request) -> Response:
    """Every event of this owner, newest first; on the first page also ends that no event tells of yet."""
    before, names = request.query.one("before"), Names(request)
    events = list(request.uow.ledger.of_owner(request.owner.owner_id, before=before, limit=PAGE + 1))
    more = events[PAGE - 1].event_id if len(events) > PAGE else ""
    coming = [] if before else standings.unrecorded(request, names)
    shown = [*(event for grant in coming for event in to_be_recorded(grant, names)), *events[:PAGE]]
    lines = overview.history(request, shown, names)
    lines.sort(key=lambda line: line.event.occurred_at, reverse=True)
    return page(request, "history.jinja2", lines=lines, more=more)


@view_config(route_name="consents.grant", request_method="GET", permission=OWNER)
def grant_details(request: Request) -> Response:
    """One grant: what was allowed, when, until when, and its own history."""
    grant, names = _own_grant(request), Names(request)
    events = [*request.uow.ledger.of_grant(grant.grant_id), *to_be_recorded(grant, names)]
    deciding = next(event for event in reversed(events) if event.type not in SECURITY_EVENTS)
    return page(
        request,
        "grant.jinja2",
        card=overview.card(request, grant, names),
        client=names.client(grant.client_id),
        lines=overview.history(request, events, names),
        number=confirmation_number(deciding.event_id),
        why=overview.why(deciding, names.client(grant.client_id)),
        told=told(request, deciding),
    )


@view_config(route_name="consents.revoke", request_method="GET", permission=OWNER)
def confirm_revoke(request: Request) -> Response:
    """Say what stops and what does not, before Proceed; changes nothing (mail scanners follow links)."""
    grant, names = _own_grant(request), Names(request)
    if not names.standing(grant).active:
        return see_other(f"/consents/{grant.grant_id}")
    client = names.client(grant.client_id)
    return page(request, "revoke.jinja2", card=overview.card(request, grant, names), client=client)


@view_config(route_name="consents.revoke", request_method="POST", permission=OWNER)
def revoke(request: Request) -> Response:
    """Proceed: from this commit on every token under the grant is dead."""
    grant = _own_grant(request)
    found = Names(request).standing(grant)
    if not found.recorded:
        raise InvalidTransition(grant.grant_id, found.state, GrantState.WITHDRAWN)
    request.runtime.service.revoke(
        request.uow,
        grant.grant_id,
        actor=Actor(ActorType.OWNER, request.owner.owner_id),
        evidence=evidence.gather(request, "dialog:proceed"),
        owner_id=request.owner.owner_id,
    )
    return see_other(f"/consents/{grant.grant_id}")


def _own_grant(request: Request) -> Grant:
    grant_id = request.matchdict["grant_id"]
    grant = request.uow.grants.get(grant_id)
    if grant is None or grant.owner_id != request.owner.owner_id:
        raise NotFound("grant", grant_id)
    return grant
