"""The dashboard: Authorized Applications, Revoked Accesses, history, one grant, Revoke Access."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.domain.errors import NotFound
from consentcore.domain.event import Actor, ActorType
from consentcore.domain.grant import ENDED, GrantState
from consentcore.web import evidence, overview
from consentcore.web.pages import page
from consentcore.web.redirects import see_other
from consentcore.web.told import told

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.domain.grant import Grant

PAGE = 50


@view_config(route_name="home", request_method="GET")
def home(_request: Request) -> Response:
    """The front door is the dashboard."""
    return see_other("/consents")


@view_config(route_name="consents", request_method="GET", signed_in=True)
def authorized(request: Request) -> Response:
    """Authorized Applications."""
    grants, more = _grants(request, [GrantState.ACTIVE])
    live = [grant for grant in grants if grant.is_active(request.now)]
    return page(request, "consents.jinja2", cards=overview.cards(request, live), more=more)


@view_config(route_name="consents.revoked", request_method="GET", signed_in=True)
def revoked(request: Request) -> Response:
    """Revoked Accesses: everything that once stood and has ended, whoever ended it."""
    grants, more = _grants(request, ENDED)
    return page(request, "revoked.jinja2", cards=overview.cards(request, grants), more=more)


@view_config(route_name="consents.history", request_method="GET", signed_in=True)
def history(request: Request) -> Response:
    """Every event of this owner, newest first."""
    before = request.query.one("before")
    events = request.uow.ledger.of_owner(request.owner.owner_id, before=before, limit=PAGE + 1)
    more = events[PAGE - 1].event_id if len(events) > PAGE else ""
    return page(request, "history.jinja2", lines=overview.history(request, events[:PAGE]), more=more)


@view_config(route_name="consents.grant", request_method="GET", signed_in=True)
def grant_details(request: Request) -> Response:
    """One grant: what was allowed, when, until when, and its own history."""
    grant = _own_grant(request)
    events = request.uow.ledger.of_grant(grant.grant_id)
    return page(
        request,
        "grant.jinja2",
        card=overview.card(request, grant),
        client=request.uow.clients.get(grant.client_id),
        lines=overview.history(request, events),
        told=told(request, events[-1]),
    )


@view_config(route_name="consents.revoke", request_method="GET", signed_in=True)
def confirm_revoke(request: Request) -> Response:
    """Say what stops and what does not, before Proceed; changes nothing (mail scanners follow links)."""
    grant = _own_grant(request)
    if grant.state is not GrantState.ACTIVE:
        return see_other(f"/consents/{grant.grant_id}")
    client = request.uow.clients.get(grant.client_id)
    return page(request, "revoke.jinja2", card=overview.card(request, grant), client=client)


@view_config(route_name="consents.revoke", request_method="POST", signed_in=True)
def revoke(request: Request) -> Response:
    """Proceed: from this commit on every token under the grant is dead."""
    grant_id = request.matchdict["grant_id"]
    request.runtime.service.revoke(
        request.uow,
        grant_id,
        actor=Actor(ActorType.OWNER, request.owner.owner_id),
        evidence=evidence.gather(request, "dialog:proceed"),
        owner_id=request.owner.owner_id,
    )
    return see_other(f"/consents/{grant_id}")


def _grants(request: Request, states: object) -> tuple[list[Grant], str]:
    after = request.query.one("after")
    found = list(request.uow.grants.of_owner(request.owner.owner_id, states, after=after, limit=PAGE + 1))
    return found[:PAGE], found[PAGE - 1].grant_id if len(found) > PAGE else ""


def _own_grant(request: Request) -> Grant:
    grant_id = request.matchdict["grant_id"]
    grant = request.uow.grants.get(grant_id)
    if grant is None or grant.owner_id != request.owner.owner_id:
        raise NotFound("grant", grant_id)
    return grant
