"""``{prefix}/grants/{grant_id}`` (Grant Management for OAuth 2.0 section 6)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.domain.errors import NotFound
from consentcore.web.oauth.adapter import received, sent

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response


@view_config(route_name="oauth.grants", require_csrf=False)
def grants(request: Request) -> Response:
    """Tell a client of a grant of its own, or end it.

    :raises NotFound: where no client manages its grants.
    """
    endpoint = request.runtime.grant_management
    if endpoint is None:
        raise NotFound("endpoint", "grants")
    return sent(endpoint.answer(replace(received(request), about=request.matchdict["grant_id"])))
