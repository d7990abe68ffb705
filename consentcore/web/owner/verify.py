"""``/verify``: whether a receipt, or a bundle of evidence, comes from us and was not changed. For anybody; nothing of
what is brought is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.domain.errors import InvalidInput
from consentcore.domain.message import Message, message
from consentcore.web.owner.account_pages import time_to_wait, too_often
from consentcore.web.pages import page_for_anybody
from consentcore.web.uploads import posted_parts

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response


@view_config(route_name="verify", request_method="GET", require_csrf=False)
def form(request: Request) -> Response:
    """Ask for the file."""
    return _page(request)


# No anti-forgery field: it changes nothing, whoever sends it, and knows nobody.
@view_config(route_name="verify", request_method="POST", require_csrf=False)
def check(request: Request) -> Response:
    """Say what holds."""
    bundles = request.runtime.bundles
    if seconds := bundles.waits(request.remote_addr or "", request.now):
        return too_often(request, seconds, _wait(seconds))
    parts = posted_parts(request)
    brought = parts.get("file") or parts.get("text", b"").strip()
    if not brought:
        raise InvalidInput("file", "expected a receipt or a bundle")
    response = _page(request, report=bundles.check(brought))
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(request: Request, **values: object) -> Response:
    runtime = request.runtime
    most = runtime.settings.server.max_body_bytes // 1024
    return page_for_anybody(request, "verify.jinja2", most=most, log=runtime.evidence.origin, **values)


def _wait(seconds: int) -> Message:
    return message(
        "Too many files came from here. Please wait %(time)s and try again.", time=time_to_wait(seconds)
    )
