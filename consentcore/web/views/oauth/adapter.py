"""Between Pyramid and the authorization server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.response import Response

from consentcore.oauth.messages import HttpRequest

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.oauth.messages import HttpResponse

# Only these are looked at; copying every header would cost more than reading the body.
HEADERS = {
    "HTTP_AUTHORIZATION": "authorization",
    "CONTENT_TYPE": "content-type",
    "HTTP_CONTENT_ENCODING": "content-encoding",
}


def received(request: Request) -> HttpRequest:
    """Take what the authorization server reads out of a request; the body only where one is expected."""
    environ = request.environ
    return HttpRequest(
        method=request.method,
        query=environ.get("QUERY_STRING", ""),
        headers={name: environ[key] for key, name in HEADERS.items() if key in environ},
        body=request.body if request.method == "POST" else b"",
        remote_addr=environ.get("REMOTE_ADDR", ""),
    )


def sent(answer: HttpResponse) -> Response:
    """Make the response; built here and not by a renderer, which would cost as much as the rest."""
    return Response(body=answer.body, status=answer.status, headerlist=list(answer.headers))
