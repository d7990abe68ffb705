"""``POST {prefix}/introspect`` (RFC 7662)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.web.oauth.adapter import received, sent

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response


@view_config(route_name="oauth.introspect", require_csrf=False)
def introspect(request: Request) -> Response:
    """Say what a token stands for."""
    return sent(request.runtime.server.introspection.answer(received(request)))
