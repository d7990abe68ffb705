"""What happens around every request: input no view should see, and the security headers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pyramid.httpexceptions import HTTPBadRequest, HTTPRequestEntityTooLarge

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.registry import Registry
    from pyramid.request import Request
    from pyramid.response import Response

Handler = Callable[["Request"], "Response"]

FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: browsers then send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def sane_input(handler: Handler, registry: Registry) -> Handler:
    """Refuse a path that is not UTF-8 or holds control characters, and a body over the limit."""
    limit = registry["consentcore.runtime"].settings.server.max_body_bytes

    def tween(request: Request) -> Response:
        length = request.environ.get("CONTENT_LENGTH") or "0"
        if not (length.isascii() and length.isdigit()):
            return HTTPBadRequest("Content-Length: expected a number")
        if int(length) > limit:
            return HTTPRequestEntityTooLarge(f"body: expected at most {limit} bytes")
        try:
            path = request.environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8")
        except UnicodeError:
            return HTTPBadRequest("path: expected UTF-8")
        if any(ord(char) < 32 or char == "\x7f" for char in path):
            return HTTPBadRequest("path: expected no control characters")
        return handler(request)

    return tween


def security_headers(handler: Handler, registry: Registry) -> Handler:
    """Add the headers of security.md 1.8 to every answer."""
    hsts = registry["consentcore.runtime"].settings.web.hsts_s

    def tween(request: Request) -> Response:
        response = handler(request)
        headers = response.headers
        for name, value in FIXED.items():
            headers.setdefault(name, value)
        headers.setdefault("Content-Security-Policy", content_security_policy())
        if "Cache-Control" not in headers:
            headers["Cache-Control"] = "no-store"
        if hsts:
            headers["Strict-Transport-Security"] = f"max-age={hsts}; includeSubDomains"
        return response

    return tween


def content_security_policy(redirect_uri: str = "") -> str:
    """The policy of a page.

    :param redirect_uri: where the page's form may lead in the end: Chromium applies ``form-action`` to the
        redirect after the POST too, so the client's origin (or its private-use scheme) must be named.
    """
    form_action = "'self'"
    if redirect_uri:
        parts = urlsplit(redirect_uri)
        target = f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
        form_action += f" {target}"
    return (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; "
        f"form-action {form_action}; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
    )


def includeme(config: Configurator) -> None:
    """Headers outermost, so that refusals carry them too."""
    config.add_tween("consentcore.web.tweens.sane_input")
    config.add_tween("consentcore.web.tweens.security_headers")
