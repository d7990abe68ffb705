"""The id of a request under any WSGI server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from consentcore.logs.current_request import REQUEST_ID, answering, chosen_id

HEADER = "X-Request-ID"
KEY = "HTTP_X_REQUEST_ID"


@contextmanager
def identified(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Choose the id of a request, unless a server in front has done so, and give it back with the answer.

    :param environ: gets :data:`~consentcore.logs.current_request.REQUEST_ID`, and no other ``X-Request-ID`` than that.
    :returns: what to use as ``start_response`` until the block ends.
    """
    if REQUEST_ID in environ:
        yield start_response
        return
    request_id = environ[REQUEST_ID] = environ[KEY] = chosen_id(environ.get(KEY, ""))

    def start(status: str, headers: list[tuple[str, str]], *rest: object) -> object:
        return start_response(status, [*headers, (HEADER, request_id)], *rest)

    with answering(request_id):
        yield start
