"""``POST {prefix}/token`` (RFC 6749 section 3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.web.oauth.adapter import received, sent

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response


@view_config(route_name="oauth.token", require_csrf=False)
def token(request: Request) -> Response:
    """Exchange a code or a refresh token; every method comes here, so that a wrong one is told so in JSON."""
    return sent(request.runtime.server.token.answer(received(request)))
