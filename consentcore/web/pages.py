"""Rendering a page for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.renderers import render_to_response

from consentcore.web.language import in_its_language

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response


def page(request: Request, template: str, *, status: int = 200, **values: object) -> Response:
    """Render a template of the search path with what every page of ours shows.

    :param values: what the template names; ``viewer`` (who is signed in) and ``csrf_token`` are added.
    """
    values.setdefault("viewer", request.owner)
    values.setdefault("csrf_token", request.browser.csrf_token)
    response = render_to_response(template, values, request=request)
    response.status_int = status
    return in_its_language(request, response)


def page_of(request: Request, markup: str) -> Response:
    """Answer with a page that was rendered already, in the language of the request."""
    response = request.response
    response.text = markup
    return in_its_language(request, response)


def page_for_anybody(request: Request, template: str, **values: object) -> Response:
    """Render a page that is the same for everybody who reads its language: it names nobody, needs no cookie and looks
    nothing up in the storage.

    :param values: what the template names; ``viewer`` is nobody.
    """
    response = render_to_response(template, {"viewer": None, **values}, request=request)
    return in_its_language(request, response)


def without_referrer(response: Response) -> Response:
    """For a page whose address holds a secret: no request that it causes may carry more than the site's origin.

    Not ``no-referrer``, under which browsers send "Origin: null" with our own forms.
    """
    response.headers["Referrer-Policy"] = "strict-origin"
    return response
