"""``/metrics`` for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.httpexceptions import HTTPNotFound
from pyramid.response import Response
from pyramid.view import view_config

from consentcore.web.metering import is_on, may_read

if TYPE_CHECKING:
    from pyramid.request import Request


@view_config(route_name="metrics", request_method=("GET", "HEAD"))
def metrics(request: Request) -> Response:
    """The numbers of all web processes and of the outbox, for those who may read them."""
    from consentcore.metrics import CONTENT_TYPE

    settings = request.runtime.settings.web
    if not is_on(settings):
        raise HTTPNotFound
    if may_read(request):
        return Response(request.runtime.meters.text(), headerlist=[("Content-Type", CONTENT_TYPE)])
    refused = Response("not from here, see consentcore.web.metrics\n", status=403, content_type="text/plain")
    if settings.metrics_token:
        refused.status_int = 401
        refused.headers["WWW-Authenticate"] = 'Bearer realm="metrics"'
    return refused
