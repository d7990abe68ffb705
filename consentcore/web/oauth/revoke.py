"""``POST {prefix}/revoke`` (RFC 7009)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.web.oauth.adapter import received, sent

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response


@view_config(route_name="oauth.revoke", require_csrf=False)
def revoke(request: Request) -> Response:
    """Give tokens back."""
    return sent(request.runtime.server.revocation.answer(received(request)))
