"""What every view of the API shares: who calls, what the query says, and how an answer looks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from pyramid.response import Response

from consentcore.domain.errors import InvalidInput
from consentcore.web.oauth.adapter import received

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.domain.client import Client

PAGE = 100
LONGEST_PAGE = 500
LONGEST_VALUE = 200
CALLER = "consentcore.kept.api_caller"
"""Kept where a request starts again, in a lane or after a conflict: an assertion may be used once."""


def caller(request: Request) -> Client:
    """The application that calls.

    :raises ProtocolError: when it is none.
    """
    found: Client | None = request.environ.get(CALLER)
    if found is None:
        found = request.runtime.server.api_clients.authenticate(received(request))
        request.environ[CALLER] = found
    return found


def parameters(request: Request, *known: str) -> dict[str, str]:
    """The query parameters that have a value.

    :raises InvalidInput: when one is not known, comes twice or is longer than 200 characters.
    """
    query = request.query
    for name in query.names:
        if name not in known:
            raise InvalidInput(
                name[:40], f"expected one of {', '.join(known)}" if known else "expected nothing"
            )
    found = {name: query.one(name) for name in known}
    for name, value in found.items():
        if len(value) > LONGEST_VALUE:
            raise InvalidInput(name, f"expected at most {LONGEST_VALUE} characters")
    return {name: value for name, value in found.items() if value}


def page_size(values: Mapping[str, str]) -> int:
    """The parameter ``limit``, 1 to 500, by default 100.

    :raises InvalidInput: when it is none.
    """
    text = values.get("limit", str(PAGE))
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= LONGEST_PAGE):
        raise InvalidInput("limit", f"expected a number from 1 to {LONGEST_PAGE}")
    return int(text)


def answer(members: Mapping[str, object]) -> Response:
    """Write JSON, that nobody keeps."""
    body = json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()
    return Response(
        body=body, headerlist=[("Content-Type", "application/json"), ("Cache-Control", "no-store")]
    )


def page_answer(
    request: Request, things: Sequence[Mapping[str, object]], *, next_after: str | None, has_more: bool
) -> Response:
    """Write a page: ``data``, ``has_more``, and as ``next_after`` what ``after`` has to be for the next one.

    The same stands in a ``Link`` with ``rel="next"`` (RFC 8288) while there is more.
    """
    response = answer({"data": list(things), "has_more": has_more, "next_after": next_after})
    if has_more and next_after:
        asked = {name: request.query.one(name) for name in request.query.names}
        query = urlencode({**asked, "after": next_after}, quote_via=quote)
        path = request.runtime.settings.issuer.rstrip("/") + quote(request.path_info)
        response.headers["Link"] = f'<{path}?{query}>; rel="next"'
    return response
