"""Which requests run under pyramid_tm.

``tm.activate_hook`` is asked before routing, so the choice is made by path: everything but the protocol
routes, the probes, static files and what is about the server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.settings import CoreSettings

OUTSIDE = ("/openapi.json", "/.well-known/", "/jwks", "/livez", "/readyz", "/metrics", "/static/", "/theme")
SCOPES = frozenset({"/scopes", "/scopes.json"})
"""Whole paths: what a plugin has beside them is a page like any other."""


def needs_transaction(settings: CoreSettings) -> Callable[[Request], bool]:
    """Make the hook: True for page, portal and API routes."""
    outside = (settings.oauth.prefix.rstrip("/") + "/", *OUTSIDE)

    def hook(request: Request) -> bool:
        path = request.environ.get("PATH_INFO", "")
        return path not in SCOPES and not path.startswith(outside)

    return hook


def begin_anew(request: Request) -> None:
    """Give back what this request's transaction holds, and begin another one: what follows until the next use of
    ``request.uow`` runs outside any. What was written so far is dropped, so call it before anything is."""
    request.tm.abort()
    request.__dict__.pop("uow", None)
    request.tm.begin()
