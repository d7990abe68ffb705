"""The metadata document (RFC 8414 section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.web.oauth.adapter import document

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response


@view_config(route_name="oauth.metadata", require_csrf=False)
def metadata(request: Request) -> Response:
    """Describe the server; nothing in it comes from the request."""
    return document(request, "application/json", request.runtime.server.metadata)
