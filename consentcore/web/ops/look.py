"""What makes the pages the operator's own: ``/theme.css`` and the mark in the header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.httpexceptions import HTTPNotFound
from pyramid.response import Response
from pyramid.view import view_config

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.web.look import Look


@view_config(route_name="theme.css", request_method="GET")
def stylesheet(request: Request) -> Response:
    """The operator's colours; nothing where they are ours."""
    look: Look = request.registry["consentcore.look"]
    return _kept(request, Response(look.stylesheet, content_type="text/css", charset="utf-8"))


@view_config(route_name="theme.mark", request_method="GET")
def mark(request: Request) -> Response:
    """The operator's mark. Opened by itself it can do nothing, whatever is drawn in it."""
    look: Look = request.registry["consentcore.look"]
    found = look.marks.get(request.matchdict["name"])
    if found is None:
        raise HTTPNotFound
    response = Response(found[1], content_type=found[0])
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return _kept(request, response)


def _kept(request: Request, response: Response) -> Response:
    same = request.query.one("v") == request.registry["consentcore.look"].version
    response.headers["Cache-Control"] = f"public, max-age={31536000 if same else 300}"
    return response
