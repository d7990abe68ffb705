"""Methods of HTTP."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from pyramid.httpexceptions import HTTPMethodNotAllowed

if TYPE_CHECKING:
    from pyramid.request import Request

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Those that change nothing (RFC 9110 section 9.2.1)."""

_ORDER = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def not_allowed(request: Request) -> HTTPMethodNotAllowed | None:
    """405 with ``Allow`` (RFC 9110 section 15.5.6) for a route that has no view for the method of the request.

    :returns: None where no view of the route names its methods, or one names this method: then it is not the method.
    """
    allowed = _methods_of(request)
    if not allowed or request.method in allowed:
        return None
    known = [method for method in _ORDER if method in allowed]
    listed = ", ".join([*known, *sorted(allowed.difference(known))])
    return HTTPMethodNotAllowed(f"method: expected {listed}", headers={"Allow": listed})


def _methods_of(request: Request) -> set[str]:
    route = getattr(request, "matched_route", None)
    views = request.registry.introspector.get_category("views", default=())
    found: set[str] = set()
    for view in (item["introspectable"] for item in views):
        if route is not None and view["route_name"] == route.name:
            methods = view["request_methods"]
            if isinstance(
                methods, Collection
            ):  # not one that names what it does not take (``pyramid.config.not_``)
                found.update([methods] if isinstance(methods, str) else methods)
    return found | {"HEAD"} if "GET" in found else found  # Pyramid lets HEAD in where GET is named
