"""One permission: its page, what is being done after its end, and Revoke Access."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.web.owner import dashboard, grant_page
from consentcore.web.owner.confirmation import confirmation
from consentcore.web.owner.dashboard import own_grants
from consentcore.web.pages import page
from consentcore.web.redirects import see_other
from consentcore.web.security import OWNER
from consentcore.web.tweens import asks_in_dialogs

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.consent.owner_grants import OwnerGrants
    from consentcore.domain.grant import Grant
    from consentcore.web.owner.confirmation import Confirmation


@view_config(route_name="consents.grant", request_method="GET", permission=OWNER, decorator=asks_in_dialogs)
def grant_details(request: Request) -> Response:
    """What was allowed, when, until when, what has changed since, and its own history."""
    grants = own_grants(request)
    built = grant_page.build(request, grants, grants.find(request.matchdict["grant_id"]))
    return page(request, "grant.jinja2", changed=request.query.one("changed") == "1", **vars(built))


@view_config(route_name="consents.progress", request_method="GET", permission=OWNER)
def grant_progress(request: Request) -> Response:
    """The lines that fill in after Proceed, for the script of the page; it asks again while something is waiting."""
    grants = own_grants(request)
    grant = grants.find(request.matchdict["grant_id"])
    if grants.standing(grant).active:
        return see_other(f"/consents/{grant.grant_id}")
    return page(request, "progress.jinja2", progress=grant_page.build_progress(request, grants, grant))


@view_config(route_name="consents.revoke", request_method="GET", permission=OWNER)
def confirm_revoke(request: Request) -> Response:
    """Say what stops and what does not, before Proceed; changes nothing (mail scanners follow links)."""
    grants = own_grants(request)
    grant = grants.find(request.matchdict["grant_id"])
    if not grants.standing(grant).active:
        return see_other(f"/consents/{grant.grant_id}")
    return _confirmation(request, grants, grant).show()


@view_config(route_name="consents.revoke", request_method="POST", permission=OWNER)
def revoke(request: Request) -> Response:
    """Proceed: from this commit on every token under the grant is dead."""
    grants, grant_id = own_grants(request), request.matchdict["grant_id"]
    how, seen = _confirmation(request, grants, grants.find(grant_id)).answered("dialog:proceed")
    grants.revoke(request.runtime.service, grant_id, how, seen)
    return see_other(f"/consents/{grant_id}")


def _confirmation(request: Request, grants: OwnerGrants, grant: Grant) -> Confirmation:
    card = dashboard.card(request, grant, grants)
    return confirmation(request, "revoke.jinja2", card=card, client=grants.client(grant.client_id))
