"""Whoever is told to come back later (503) finds the cause in the log, once and under the id of the request."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pyramid_retry import is_error_retryable

from consentcore.egress.errands import moving
from consentcore.logs import is_told, log_cause

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyramid.config import Configurator
    from pyramid.registry import Registry
    from pyramid.request import Request
    from pyramid.response import Response

log = logging.getLogger("consentcore.web")

CAUSE = "consentcore.cause"
"""In the environ: why a view answers 503, in words for the operator."""


def telling(handler: Callable[[Request], Response], _registry: Registry) -> Callable[[Request], Response]:
    """Log the cause of every 503 that is really given, whichever view, page of a plugin or API route gives it."""

    def tween(request: Request) -> Response:
        response = handler(request)
        if response.status_int != 503 or is_error_retryable(request, request.exception):
            return response
        place = moving()
        if place is None:
            _tell(request)
        else:  # it starts again in a lane, unless there is no room
            before = place.refused

            def refused() -> None:
                before()
                _tell(request)

            place.refused = refused
        return response

    return tween


def _tell(request: Request) -> None:
    if is_told():
        return
    cause = request.environ.get(CAUSE) or request.exception or "the view gave no cause"
    log_cause(log, "503 on %s %s: %s", request.method, request.path, cause)


def includeme(config: Configurator) -> None:
    """After the tweens that it has to see the answers of, so that it stands around them."""
    config.add_tween("consentcore.web.failures.telling")
