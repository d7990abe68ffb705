"""Between Pyramid and the authorization server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pyramid.httpexceptions import HTTPBadRequest
from pyramid.response import Response

from consentcore.domain.forwarding import CLIENT_CERTIFICATE
from consentcore.oauth.client_certificate import CERTIFICATE
from consentcore.oauth.cross_origin import ANYWHERE, is_preflight, preflight
from consentcore.oauth.errors import ProtocolError
from consentcore.oauth.messages import HttpRequest
from consentcore.oauth.responses import error_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyramid.request import Request

    from consentcore.oauth.messages import HttpResponse

MAX_AGE_S = 300
"""How long documents about the server may be kept; a new key waits longer before it signs."""

# Only these are looked at; copying every header would cost more than reading the body.
HEADERS = {
    "HTTP_AUTHORIZATION": "authorization",
    "CONTENT_TYPE": "content-type",
    "HTTP_ACCEPT": "accept",
    "HTTP_CONTENT_ENCODING": "content-encoding",
    "HTTP_DPOP": "dpop",
    CLIENT_CERTIFICATE: CERTIFICATE,
    "HTTP_ORIGIN": "origin",
    "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "access-control-request-method",
}


def received(request: Request) -> HttpRequest:
    """Take what the authorization server reads out of a request; the body only where one is expected.

    :raises HTTPBadRequest: when the body is shorter than announced.
    """
    environ = request.environ
    return HttpRequest(
        method=request.method,
        query=environ.get("QUERY_STRING", ""),
        headers=_headers(request),
        body=_body(request) if request.method == "POST" else b"",
        remote_addr=environ.get("REMOTE_ADDR", ""),
    )


def _headers(request: Request) -> dict[str, str]:
    environ = request.environ
    return {name: environ[key] for key, name in HEADERS.items() if key in environ}


def _body(request: Request) -> bytes:
    """Read the body where it stands: ``request.body`` would make a file of every body over 10 kB."""
    environ = request.environ
    announced = environ.get("CONTENT_LENGTH")
    if announced:
        body: bytes = environ["wsgi.input"].read(int(announced))
        if len(body) < int(announced):
            raise HTTPBadRequest("body: expected as many bytes as announced")
        return body
    if environ.get("wsgi.input_terminated"):  # chunked; one byte more shows that it is too large
        chunked: bytes = environ["wsgi.input"].read(request.runtime.settings.server.max_body_bytes + 1)
        return chunked
    return b""


def sent(answer: HttpResponse) -> Response:
    """Make the response; built here and not by a renderer, which would cost as much as the rest."""
    return Response(body=answer.body, status=answer.status, headerlist=list(answer.headers))


def document(request: Request, content_type: str, make: Callable[[], Mapping[str, object]]) -> Response:
    """Answer with a JSON document that anybody may read from anywhere and keep for a while; 405 to every method but GET
    and HEAD."""
    if is_preflight(request.method, _headers(request)):
        return sent(preflight("GET", "HEAD"))
    if request.method not in ("GET", "HEAD"):
        more = {"Allow": "GET, HEAD", **dict(ANYWHERE)}
        refusal = ProtocolError(405, "invalid_request", "method: expected GET", more)
        return sent(error_answer(refusal))
    headers = [("Content-Type", content_type), ("Cache-Control", f"public, max-age={MAX_AGE_S}"), *ANYWHERE]
    return Response(body=json.dumps(make()).encode(), headerlist=headers)
