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
        cause = request.environ.get(CAUSE) or request.exception or "the view gave no cause"
        tell(request.method, request.path, cause)
        return response

    return tween


def tell(method: str, path: str, cause: object) -> None:
    """Log why a request is answered with 503, unless that was told; when it starts again in a lane, only if it finds no
    room there."""
    place = moving()
    if place is None:
        _tell(method, path, cause)
        return
    before = place.refused

    def refused() -> None:
        before()
        _tell(method, path, cause)

    place.refused = refused


def _tell(method: str, path: str, cause: object) -> None:
    if not is_told():
        log_cause(log, "503 on %s %s: %s", method, path, cause)


def includeme(config: Configurator) -> None:
    """After the tweens that it has to see the answers of, so that it stands around them."""
    config.add_tween("consentcore.web.failures.telling")
