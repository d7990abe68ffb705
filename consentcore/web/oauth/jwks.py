"""``GET /jwks`` and ``{prefix}/jwks``: the public keys of JWT access tokens (RFC 7517)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.web.oauth.adapter import document

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response


@view_config(route_name="oauth.jwks", require_csrf=False)
@view_config(route_name="oauth.jwks.prefixed", require_csrf=False)
def jwks(request: Request) -> Response:
    """Publish the keys; nothing in it comes from the request."""
    return document(request, "application/jwk-set+json", request.runtime.server.jwks)
