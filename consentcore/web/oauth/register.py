"""``POST {prefix}/register`` (RFC 7591)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.domain.errors import NotFound
from consentcore.web.oauth.adapter import received, sent

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response


@view_config(route_name="oauth.register", require_csrf=False)
def register(request: Request) -> Response:
    """Register an application by what it says of itself.

    :raises NotFound: where none can.
    """
    endpoint = request.runtime.registration
    if endpoint is None:
        raise NotFound("endpoint", "register")
    return sent(endpoint.answer(received(request)))
