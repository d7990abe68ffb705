"""``/api/v1/grants``: the truth about the grants of the application that asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.response import Response
from pyramid.view import view_config

from consentcore.web.api.access import answer, page_answer, page_size, parameters
from consentcore.web.api.bodies import Objects, members
from consentcore.web.security import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyramid.request import Request

LONGEST_CHOICE = 256 * 1024
"""Bytes: a thousand identifiers of the longest kind."""


@view_config(route_name="api.grants", request_method="GET", permission=APPLICATION, require_csrf=False)
def grants(request: Request) -> Response:
    """A page of the application's grants, by id."""
    client = request.identity
    values = parameters(request, "after", "limit", "state", "subject")
    service, limit = request.runtime.client_grants, page_size(values)
    page = service.page(request.uow, client.client_id, **_narrowing(values), limit=limit)
    things = [service.grant_json(one) for one in page.grants]
    return page_answer(request, things, next_after=page.next_after, has_more=page.has_more)


@view_config(route_name="api.grant", request_method="GET", permission=APPLICATION, require_csrf=False)
def grant(request: Request) -> Response:
    """One grant: what ``grant_url`` in a webhook leads to."""
    client = request.identity
    parameters(request)
    service = request.runtime.client_grants
    return answer(
        service.grant_json(service.find(request.uow, client.client_id, request.matchdict["grant_id"]))
    )


@view_config(route_name="api.grant", request_method="PATCH", permission=APPLICATION, require_csrf=False)
def narrow(request: Request) -> Response:
    """Give back part of a grant: fewer scopes or resources, an earlier end. The answer is the grant as it is then."""
    client = request.identity
    parameters(request)
    given = members(request, longest=LONGEST_CHOICE, scopes=list, resources=Objects, expires_at=str)
    grant_id, service = request.matchdict["grant_id"], request.runtime.client_grants
    narrowed = service.narrow(
        request.uow,
        client.client_id,
        grant_id,
        scopes=given.get("scopes"),
        resources=given.get("resources"),
        expires_at=given.get("expires_at"),
        method="api:patch_grant",
    )
    return answer(service.grant_json(narrowed))


@view_config(route_name="api.grant", request_method="DELETE", permission=APPLICATION, require_csrf=False)
def close(request: Request) -> Response:
    """End a grant from the application's side; 204 also when it has ended already."""
    client = request.identity
    parameters(request)
    grant_id, service = request.matchdict["grant_id"], request.runtime.client_grants
    service.close(request.uow, client.client_id, grant_id, method="api:delete_grant")
    return Response(status=204, headerlist=[("Cache-Control", "no-store")])


@view_config(
    route_name="api.grant.deletion", request_method="POST", permission=APPLICATION, require_csrf=False
)
def confirm_deletion(request: Request) -> Response:
    """The application has deleted what it received under a grant that has ended; once more it changes nothing."""
    client = request.identity
    parameters(request)
    grant_id, service = request.matchdict["grant_id"], request.runtime.client_grants
    return answer(
        service.confirm_deletion(request.uow, client.client_id, grant_id, method="api:confirm_deletion")
    )


@view_config(route_name="api.grant.at", request_method="GET", permission=APPLICATION, require_csrf=False)
def grant_at(request: Request) -> Response:
    """What one grant permitted at a moment."""
    values = parameters(request, "time", "scope")
    service, grant_id = request.runtime.client_grants, request.matchdict["grant_id"]
    at, scope = values.get("time", ""), values.get("scope", "")
    return answer(service.at(request.uow, request.identity.client_id, grant_id, time=at, scope=scope))


def _narrowing(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name != "limit"}
