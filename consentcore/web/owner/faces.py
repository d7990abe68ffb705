"""What pages show beside the name of an application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.response import Response
from pyramid.view import view_config

from consentcore.clients.logo import logo_digest
from consentcore.domain.errors import NotFound

if TYPE_CHECKING:
    from pyramid.request import Request


@view_config(route_name="application.logo", request_method="GET")
def logo(request: Request) -> Response:
    """The logo of an application: what was fetched at registration, as the picture that it was then found to be.

    It is anybody's to see, as the application's name is; opened by itself it can do nothing. One that is not what the
    application says is none: somebody has put it there.
    """
    client_id = request.matchdict["client_id"]
    client, found = request.uow.clients.get(client_id), request.uow.clients.logo(client_id)
    if client is None or found is None or client.logo != logo_digest(found.content):
        raise NotFound("logo", client_id)
    response = Response(found.content, content_type=found.content_type)
    same = request.query.one("v") == client.logo
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if same else "no-cache"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
