"""Probes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pyramid.response import Response
from pyramid.view import view_config

if TYPE_CHECKING:
    from pyramid.request import Request


@view_config(route_name="livez", request_method=("GET", "HEAD"))
def livez(_request: Request) -> Response:
    """The process answers; says nothing about what it depends on."""
    return Response("ok\n", content_type="text/plain", charset="utf-8")


@view_config(route_name="readyz", request_method=("GET", "HEAD"))
def readyz(request: Request) -> Response:
    """Ready for traffic: the storage can be reached and is migrated. 503 with the reasons otherwise."""
    problems = list(request.runtime.storage.check())
    status = 503 if problems else 200
    body = {"ready": not problems, "checks": {"storage": problems or "ok"}}
    return Response(json.dumps(body) + "\n", status=status, content_type="application/json", charset="utf-8")
