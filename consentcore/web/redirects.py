"""Redirects."""

from __future__ import annotations

from pyramid.response import Response


def see_other(url: str) -> Response:
    """Lead on by GET (303, never 307: RFC 9700 section 4.12).

    A bare response: Pyramid's exception class would render a page that nobody sees.
    """
    return Response(status=303, headerlist=[("Location", url), ("Content-Length", "0")])
