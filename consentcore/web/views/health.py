"""Probes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pyramid.response import Response
from pyramid.view import view_config

from consentcore.outbox.pulse import beside, health

if TYPE_CHECKING:
    from pyramid.request import Request


@view_config(route_name="livez", request_method=("GET", "HEAD"))
def livez(_request: Request) -> Response:
    """The process answers; says nothing about what it depends on."""
    return Response("ok\n", content_type="text/plain", charset="utf-8")


@view_config(route_name="readyz", request_method=("GET", "HEAD"))
def readyz(request: Request) -> Response:
    """Ready for traffic: the storage can be reached and is migrated, the worker beside us delivers. 503 with the
    reasons otherwise."""
    problems = list(request.runtime.storage.check())
    checks: dict[str, str | list[str]] = {"storage": problems or "ok"}
    pulse, ready = beside(), not problems
    if pulse is not None:
        delivers, checks["worker"] = health(pulse)
        ready = ready and delivers
    status = 200 if ready else 503
    body = {"ready": ready, "checks": checks}
    return Response(json.dumps(body) + "\n", status=status, content_type="application/json", charset="utf-8")
