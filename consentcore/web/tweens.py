"""What happens around every request: the security headers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

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
    """Outermost, so that refusals carry the headers too."""
    config.add_tween("consentcore.web.tweens.security_headers")
