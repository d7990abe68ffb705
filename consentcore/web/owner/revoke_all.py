"""Revoke all: every permission that stands, by one confirmation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.web.owner import dashboard
from consentcore.web.owner.confirmation import confirmation
from consentcore.web.owner.dashboard import own_grants
from consentcore.web.redirects import see_other
from consentcore.web.security import OWNER

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.consent.owner_grants import OwnerGrants
    from consentcore.domain.grant import Grant
    from consentcore.web.owner.confirmation import Confirmation

MOST = 100
"""So many at once; who has more is asked again for the rest."""


@view_config(route_name="consents.revoke_all", request_method="GET", permission=OWNER)
def confirm_revoke_all(request: Request) -> Response:
    """Say what stops and what does not, before Proceed; changes nothing."""
    grants = own_grants(request)
    live = grants.live()[: grants.at_once(request.runtime.storage.capabilities, MOST)]
    return _confirmation(request, grants, live).show() if live else see_other("/consents")


@view_config(route_name="consents.revoke_all", request_method="POST", permission=OWNER)
def revoke_all(request: Request) -> Response:
    """Proceed: whatever the page has named ends, in one transaction; what came later is not touched."""
    grants, named = own_grants(request), request.form.all("grant")[:MOST]
    live = [grant for grant in grants.live() if grant.grant_id in named]
    how, seen = _confirmation(request, grants, live).answered("dialog:proceed")
    grants.revoke_all(request.runtime.service, named, how, seen)
    return see_other("/consents/revoke-all" if grants.live() else "/consents/revoked")


def _confirmation(request: Request, grants: OwnerGrants, live: list[Grant]) -> Confirmation:
    return confirmation(request, "revoke_all.jinja2", cards=dashboard.cards(request, live, grants))
