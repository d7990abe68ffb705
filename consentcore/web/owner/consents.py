"""The dashboard: Authorized Applications, Revoked Accesses, history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.consent.owner_grants import PAGE
from consentcore.web.owner import grant_list, past_list
from consentcore.web.owner import history as story
from consentcore.web.owner.dashboard import own_grants
from consentcore.web.pages import page
from consentcore.web.redirects import see_other
from consentcore.web.security import OWNER
from consentcore.web.tweens import asks_in_dialogs

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response


@view_config(route_name="home", request_method="GET")
def home(_request: Request) -> Response:
    """The front door is the dashboard."""
    return see_other("/consents")


@view_config(route_name="consents", request_method="GET", permission=OWNER, decorator=asks_in_dialogs)
def authorized(request: Request) -> Response:
    """Authorized Applications: who can use the owner's data, to be searched, narrowed and sorted."""
    return page(request, "consents.jinja2", page=grant_list.build(request, own_grants(request)))


@view_config(route_name="consents.revoked", request_method="GET", permission=OWNER)
def revoked(request: Request) -> Response:
    """Revoked Accesses: everything that once stood and has ended, whoever or whatever ended it."""
    return page(request, "revoked.jinja2", page=past_list.build(request, own_grants(request)))


@view_config(route_name="consents.history", request_method="GET", permission=OWNER)
def history(request: Request) -> Response:
    """Every event of this owner, newest first; on the first page also ends that no event tells of yet."""
    before, grants = request.query.one("before"), own_grants(request)
    events = list(request.uow.ledger.of_owner(request.owner.owner_id, before=before, limit=PAGE + 1))
    more = events[PAGE - 1].event_id if len(events) > PAGE else ""
    coming = [] if before else grants.unrecorded()
    shown = [*(event for grant in coming for event in grants.to_be_recorded(grant)), *events[:PAGE]]
    lines = sorted(story.lines(request, shown), key=lambda line: line.event.occurred_at, reverse=True)
    return page(request, "history.jinja2", months=story.by_month(request, lines), more=more)
