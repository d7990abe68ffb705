"""The dashboard: Authorized Applications, Revoked Accesses, history, one grant, Revoke Access."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.view import view_config

from consentcore.consent.notice_status import notice_status
from consentcore.consent.owner_grants import PAGE, OwnerGrants
from consentcore.domain.event_kinds import SECURITY_EVENTS
from consentcore.i18n.wording import confirmation_number
from consentcore.web.owner import dashboard, evidence
from consentcore.web.owner import history as story
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
    """Authorized Applications."""
    grants = _own_grants(request)
    live, more = grants.live(request.query.one("after"))
    return page(request, "consents.jinja2", cards=dashboard.cards(request, live, grants), more=more)


@view_config(route_name="consents.revoked", request_method="GET", permission=OWNER)
def revoked(request: Request) -> Response:
    """Revoked Accesses: everything that once stood and has ended, whoever or whatever ended it."""
    grants = _own_grants(request)
    ended, more = grants.ended(request.query.one("after"))
    return page(request, "revoked.jinja2", cards=dashboard.cards(request, ended, grants), more=more)


@view_config(route_name="consents.history", request_method="GET", permission=OWNER)
def history(request: Request) -> Response:
    """Every event of this owner, newest first; on the first page also ends that no event tells of yet."""
    before, grants = request.query.one("before"), _own_grants(request)
    events = list(request.uow.ledger.of_owner(request.owner.owner_id, before=before, limit=PAGE + 1))
    more = events[PAGE - 1].event_id if len(events) > PAGE else ""
    coming = [] if before else grants.unrecorded()
    shown = [*(event for grant in coming for event in grants.to_be_recorded(grant)), *events[:PAGE]]
    lines = sorted(story.lines(request, shown), key=lambda line: line.event.occurred_at, reverse=True)
    return page(request, "history.jinja2", months=story.by_month(request, lines), more=more)


@view_config(route_name="consents.grant", request_method="GET", permission=OWNER, decorator=asks_in_dialogs)
def grant_details(request: Request) -> Response:
    """One grant: what was allowed, when, until when, and its own history."""
    grants = _own_grants(request)
    grant = grants.find(request.matchdict["grant_id"])
    client = grants.client(grant.client_id)
    events = [*request.uow.ledger.of_grant(grant.grant_id), *grants.to_be_recorded(grant)]
    deciding = next(event for event in reversed(events) if event.type not in SECURITY_EVENTS)
    lines = story.lines(request, events)
    shown: dict[str, Any] = {
        "card": dashboard.card(request, grant, grants),
        "lines": lines,
        "timeline": story.life(request, grants.shown(grant), lines),
        "number": confirmation_number(deciding.event_id),
        "why": dashboard.why(deciding, client),
        "told": notice_status(request.runtime.storage, request.uow, deciding, request.now),
    }
    return page(request, "grant.jinja2", client=client, **shown)


@view_config(route_name="consents.revoke", request_method="GET", permission=OWNER)
def confirm_revoke(request: Request) -> Response:
    """Say what stops and what does not, before Proceed; changes nothing (mail scanners follow links)."""
    grants = _own_grants(request)
    grant = grants.find(request.matchdict["grant_id"])
    if not grants.standing(grant).active:
        return see_other(f"/consents/{grant.grant_id}")
    client = grants.client(grant.client_id)
    return page(request, "revoke.jinja2", card=dashboard.card(request, grant, grants), client=client)


@view_config(route_name="consents.revoke", request_method="POST", permission=OWNER)
def revoke(request: Request) -> Response:
    """Proceed: from this commit on every token under the grant is dead."""
    grant_id, how = request.matchdict["grant_id"], evidence.collect(request, "dialog:proceed")
    _own_grants(request).revoke(request.runtime.service, grant_id, how)
    return see_other(f"/consents/{grant_id}")


def _own_grants(request: Request) -> OwnerGrants:
    return OwnerGrants(request.uow, request.owner.owner_id, request.now)
