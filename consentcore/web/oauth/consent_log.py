"""``/.well-known/consent-log/``: the log of evidence for everybody (C2SP ``tlog-tiles``); hashes and nobody's name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyramid.httpexceptions import HTTPNotFound
from pyramid.response import Response
from pyramid.view import view_config

from consentcore.oauth.cross_origin import ANYWHERE
from consentcore.web.oauth.adapter import document

if TYPE_CHECKING:
    from pyramid.request import Request

FULL = 256
_PATH = re.compile(r"(0|[1-9]\d?)/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d?|1\d\d|2[0-4]\d|25[0-5]))?", re.ASCII)
_FOR_A_YEAR = "public, max-age=31536000, immutable"


@view_config(route_name="log.checkpoint", request_method="GET", require_csrf=False)
def checkpoint(request: Request) -> Response:
    """The newest checkpoint with the signatures of witnesses; 404 before there is one."""
    text = request.runtime.published_log.checkpoint()
    if not text:
        raise HTTPNotFound("no checkpoint was signed yet")
    return _sent(text.encode(), "text/plain; charset=utf-8", "public, max-age=2")


@view_config(route_name="log.tile", request_method="GET", require_csrf=False)
def tile(request: Request) -> Response:
    """Hashes of a tile, full or partial."""
    found = _PATH.fullmatch("/".join(request.matchdict["tile"]))
    hashes = request.runtime.published_log.tile(*_place(found)) if found else None
    if hashes is None:
        raise HTTPNotFound("there is no such tile")
    return _sent(hashes, "application/octet-stream", _FOR_A_YEAR)


@view_config(route_name="log.keys", require_csrf=False)
def keys(request: Request) -> Response:
    """The public keys, with their times."""
    return document(request, "application/json", request.runtime.published_log.key_list)


def _place(found: re.Match[str]) -> tuple[int, int, int]:
    level, number, width = found.groups()
    # Longer than any number of a tile: none is there, and it is not worth reading.
    place = int(number.replace("x", "").replace("/", "")) if len(number) < 40 else -1
    return int(level), place, int(width or FULL)


def _sent(body: bytes, content_type: str, kept: str) -> Response:
    return Response(
        body=body, headerlist=[("Content-Type", content_type), ("Cache-Control", kept), *ANYWHERE]
    )
