"""The metadata document (RFC 8414 section 3)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pyramid.response import Response
from pyramid.view import view_config

from consentcore.oauth.errors import ProtocolError
from consentcore.oauth.responses import error_answer
from consentcore.web.views.oauth.adapter import sent

if TYPE_CHECKING:
    from pyramid.request import Request

MAX_AGE_S = 300


@view_config(route_name="oauth.metadata", csrf=False)
def metadata(request: Request) -> Response:
    """Describe the server; nothing in it comes from the request."""
    if request.method not in ("GET", "HEAD"):
        return sent(
            error_answer(
                ProtocolError(405, "invalid_request", "method: expected GET", {"Allow": "GET, HEAD"})
            )
        )
    headers = [("Content-Type", "application/json"), ("Cache-Control", f"public, max-age={MAX_AGE_S}")]
    return Response(body=json.dumps(request.runtime.server.metadata()).encode(), headerlist=headers)
