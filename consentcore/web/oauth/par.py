"""``POST {prefix}/par`` (RFC 9126)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.web.oauth.adapter import received, sent

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response


@view_config(route_name="oauth.par", require_csrf=False)
def par(request: Request) -> Response:
    """Keep an authorization request until its browser comes."""
    return sent(request.runtime.server.par.answer(received(request)))
