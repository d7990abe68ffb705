"""Revoke all: every permission that stands, by one confirmation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.web.owner import dashboard, evidence
from consentcore.web.owner.dashboard import own_grants
from consentcore.web.pages import page
from consentcore.web.redirects import see_other
from consentcore.web.security import OWNER

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

MOST = 100
"""So many at once; who has more is asked again for the rest."""


@view_config(route_name="consents.revoke_all", request_method="GET", permission=OWNER)
def confirm_revoke_all(request: Request) -> Response:
    """Say what stops and what does not, before Proceed; changes nothing."""
    grants = own_grants(request)
    live = grants.live()[: grants.at_once(request.runtime.storage.capabilities, MOST)]
    if not live:
        return see_other("/consents")
    return page(request, "revoke_all.jinja2", cards=dashboard.cards(request, live, grants))


@view_config(route_name="consents.revoke_all", request_method="POST", permission=OWNER)
def revoke_all(request: Request) -> Response:
    """Proceed: whatever the page has named ends, in one transaction; what came later is not touched."""
    grants, how = own_grants(request), evidence.collect(request, "dialog:proceed")
    grants.revoke_all(request.runtime.service, request.form.all("grant")[:MOST], how)
    return see_other("/consents/revoke-all" if grants.live() else "/consents/revoked")
