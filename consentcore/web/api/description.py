"""``/openapi.json``: what the API and the webhooks look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.web.api.openapi import openapi_document
from consentcore.web.oauth.adapter import document

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response


@view_config(route_name="openapi", require_csrf=False)
def openapi(request: Request) -> Response:
    """The OpenAPI 3.1 document; anybody may read it."""
    issuer = request.runtime.settings.issuer
    return document(request, "application/json", lambda: openapi_document(issuer))
