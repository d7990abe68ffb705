"""Counting requests, and who may read the numbers."""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from consentcore.domain.address import is_in
from consentcore.domain.forwarding import came_through_a_proxy
from consentcore.egress.errands import moving

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.registry import Registry
    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.settings import WebSettings


BEGAN = "consentcore.began"
"""In the environ: when the work on a request began that was not done by Pyramid alone (``time.perf_counter``)."""
Note = Callable[[str, int, float], object]
"""Takes the route of a request, the status of its answer, and how many seconds that took."""


def includeme(config: Configurator) -> None:
    """Count, where somebody may read it."""
    if is_on(config.registry["consentcore.runtime"].settings.web):
        config.add_tween("consentcore.web.metering.counting")


def is_on(settings: WebSettings) -> bool:
    """Whether anybody may read the numbers of the web processes."""
    return bool(settings.metrics or settings.metrics_token)


def counting(handler: Callable[[Request], Response], registry: Registry) -> Callable[[Request], Response]:
    """Note the route, the status and the time of every request."""
    note: Note = registry["consentcore.runtime"].meters.request

    def tween(request: Request) -> Response:
        began, status = request.environ.get(BEGAN) or time.perf_counter(), 500
        try:
            response = handler(request)
            status = response.status_int
            return response
        finally:
            route = getattr(request, "matched_route", None)
            count(note, route.name if route is not None else "none", status, began)

    return tween


def count(note: Note, route: str, status: int, began: float) -> None:
    """Count a request that began at ``began`` (``time.perf_counter``); one that starts again in a lane only when it
    finds no room there."""
    took_s, place = time.perf_counter() - began, moving()
    if place is None:
        note(route, status, took_s)
    else:
        place.refused = partial(note, route, status, took_s)


def may_read(request: Request) -> bool:
    """Whether somebody may read the numbers: by the token, or by the address when no proxy stands between."""
    settings = request.runtime.settings.web
    token = str.__str__(settings.metrics_token)
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if token and scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode()):
        return True
    if came_through_a_proxy(request.environ):
        return False
    return is_in(map(ipaddress.ip_network, settings.metrics), request.remote_addr or "")
