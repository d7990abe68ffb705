"""What the authorization endpoint says to methods that it does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.httpexceptions import HTTPMethodNotAllowed
from pyramid.view import view_config

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response


@view_config(route_name="oauth.authorize", csrf=False)
def other_method(_request: Request) -> Response:
    """405: without this view, the predicate of the real one would make it a 404."""
    raise HTTPMethodNotAllowed("The authorization endpoint is opened in a browser.", headers={"Allow": "GET"})
