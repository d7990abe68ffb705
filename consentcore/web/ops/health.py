"""Liveness and readiness."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING

from pyramid.response import Response
from pyramid.view import view_config

from consentcore.logs import log_cause, mark_told
from consentcore.worker.status import health, read_status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyramid.request import Request

log = logging.getLogger("consentcore.web")

_SAID = "consentcore.readyz_said"


@view_config(route_name="livez", request_method=("GET", "HEAD"))
def livez(_request: Request) -> Response:
    """The process answers; says nothing about what it depends on."""
    return Response("ok\n", content_type="text/plain", charset="utf-8")


@view_config(route_name="readyz", request_method=("GET", "HEAD"))
def readyz(request: Request) -> Response:
    """Ready for traffic: the storage can be reached and written to and is migrated, the worker beside us delivers. 503
    with the reasons otherwise."""
    problems = list(request.runtime.storage.check())
    checks: dict[str, str | list[str]] = {"storage": problems or "ok"}
    if not problems:
        problems = request.runtime.scope_pins.problems()
        checks |= {"scopes": problems} if problems else {}
    worker, wrong = read_status(), [*problems]
    if worker is not None:
        delivers, checks["worker"] = health(worker)
        wrong += [] if delivers else checks["worker"]
    _say(request, wrong)
    status = 503 if wrong else 200
    body = {"ready": not wrong, "checks": checks}
    return Response(json.dumps(body) + "\n", status=status, content_type="application/json", charset="utf-8")


def _say(request: Request, problems: Sequence[str]) -> None:
    """Log what changes, other than seconds: probes come all the time."""
    said = "; ".join(problems)
    now, before = re.sub("[0-9]+", "#", said), request.registry.get(_SAID, "")
    request.registry[_SAID] = now
    if problems and now != before:
        log_cause(log, "not ready: %s", said)
    elif problems:
        mark_told()
    elif before:
        log.info("ready again")
