"""Redirects."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from pyramid.httpexceptions import HTTPException
from pyramid.response import Response

from consentcore.hosts import origin_of

if TYPE_CHECKING:
    from pyramid.request import Request

_BODY = frozenset({"content-type", "content-length", "location"})


def see_other(url: str) -> Response:
    """Lead on by GET (303, never 307: RFC 9700 section 4.12).

    A bare response: Pyramid's exception class would render a page that nobody sees.
    """
    return Response(status=303, headerlist=[("Location", url), ("Content-Length", "0")])


def without_foreign_host(request: Request, response: Response, own: Collection[str]) -> Response:
    """Keep a redirect within the site when the framework made it from the Host header, which anybody can choose.

    Static folders, append-slash and whatever a plugin makes with ``route_url`` do so, and the body of such an answer
    names the address as well; relative ones are made absolute by WebOb, out of the Host header again. Where an
    application or an identity provider is told to send people (:func:`see_other`) stays as it is.

    :param own: the origins of our own settings (:func:`~consentcore.hosts.origin_of`); what leads there stays.
    :returns: the same response, or one with a path as its ``Location`` and without a body.
    """
    location = response.headers.get("Location")
    if location is None or (location.startswith("/") and not location.startswith("//")):
        return response
    path = _path_within(request, location, own, absolute=isinstance(response, HTTPException))
    if path is None:
        return response
    kept = [(name, value) for name, value in response.headerlist if name.lower() not in _BODY]
    # Two slashes at the beginning would be a host again, and browsers take a backslash for a slash.
    headers = [*kept, ("Location", "/" + path.lstrip("/\\")), ("Content-Length", "0")]
    return Response(status=response.status_int, headerlist=headers)


def _path_within(request: Request, location: str, own: Collection[str], *, absolute: bool) -> str | None:
    try:
        parts = urlsplit(location)
    except ValueError:
        return None
    if not parts.scheme and not parts.netloc:
        return urljoin(request.path, location)
    origin = origin_of(location if parts.scheme else f"{request.scheme}:{location}")
    if not absolute or origin in own or origin != origin_of(request.host_url):
        return None
    return parts._replace(scheme="", netloc="").geturl()
