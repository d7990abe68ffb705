"""``/api/v1/grants``: the truth about the grants of the application that asks."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from pyramid.response import Response
from pyramid.view import view_config

from consentcore.domain.errors import InvalidTransition
from consentcore.domain.event import Evidence
from consentcore.domain.parties import Actor, ActorType
from consentcore.web.api.access import answer, page_answer, page_size, parameters
from consentcore.web.api.own_grants import find, own, truth
from consentcore.web.security import APPLICATION

if TYPE_CHECKING:
    from pyramid.request import Request


@view_config(route_name="api.grants", request_method="GET", permission=APPLICATION, require_csrf=False)
def grants(request: Request) -> Response:
    """A page of the application's grants, by id."""
    client = request.identity
    values = parameters(request, "after", "limit", "state", "subject")
    page = find(request, client.client_id, values, limit=page_size(values))
    things = [truth(request, one) for one in page.grants]
    return page_answer(request, things, next_after=page.next_after, has_more=page.has_more)


@view_config(route_name="api.grant", request_method="GET", permission=APPLICATION, require_csrf=False)
def grant(request: Request) -> Response:
    """One grant: what ``grant_url`` in a webhook leads to."""
    client = request.identity
    parameters(request)
    return answer(truth(request, own(request, client.client_id)))


@view_config(route_name="api.grant", request_method="DELETE", permission=APPLICATION, require_csrf=False)
def close(request: Request) -> Response:
    """End a grant from the application's side; 204 also when it has ended already."""
    client = request.identity
    parameters(request)
    grant_id = own(request, client.client_id).grant_id
    actor = Actor(ActorType.CLIENT, client.client_id)
    evidence = Evidence("api:delete_grant", reason_code="client_request")
    # Whoever was faster: it has ended, and that is what was asked for.
    with contextlib.suppress(InvalidTransition):
        request.runtime.service.revoke(
            request.uow, grant_id, actor=actor, evidence=evidence, client_id=client.client_id
        )
    return Response(status=204, headerlist=[("Cache-Control", "no-store")])
