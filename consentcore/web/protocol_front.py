"""The protocol's endpoints without Pyramid around them.

Router, tweens, request and response objects cost as much as authenticating the client and looking the token up, and
these answers need nothing of them: what stands around every answer (security headers, counting, the cause of a 503) is
done here by the same functions. Everything unusual is left to the views in :mod:`consentcore.web.oauth`, which answer
the same: another method, a body that is not there as a whole, an authorization request that needs a page, and all of it
as soon as a plugin has put something between (a tween, a subscriber, a view of its own), for that has to see every
request.
"""

from __future__ import annotations

import time
from http.client import responses
from io import BytesIO
from typing import TYPE_CHECKING, Any

from pyramid.interfaces import IBeforeRender, IExecutionPolicy, ITweens

from consentcore.oauth.messages import HttpRequest, Redirect
from consentcore.web.failures import tell
from consentcore.web.metering import BEGAN, count, is_on
from consentcore.web.oauth.adapter import HEADERS
from consentcore.web.oauth.outcome import OUTCOME, outcome
from consentcore.web.session import session_of
from consentcore.web.tweens import AnswerHeaders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pyramid.config import Configurator

    from consentcore.oauth.endpoint import Endpoint
    from consentcore.runtime import Runtime

ENDPOINTS = {"token": "token", "introspect": "introspection", "revoke": "revocation", "par": "par"}
"""Of what is posted to: the last part of each path, which is that of its route too, and the endpoint's name in the
server."""
AUTHORIZE = "authorize"
"""The same of what browsers open."""
_OURS = ("consentcore.web.", "pyramid.", "pyramid_tm.")


class ProtocolFront:
    """Answers POSTs to the protocol's endpoints, and authorization requests that lead straight back. Safe to share
    between threads."""

    def __init__(self, runtime: Runtime) -> None:
        prefix = runtime.settings.oauth.prefix.rstrip("/")
        self._routes = {f"{prefix}/{name}": (f"oauth.{name}", found) for name, found in ENDPOINTS.items()}
        self._authorize = f"{prefix}/{AUTHORIZE}"
        self._runtime = runtime
        self._secure = bool(runtime.settings.web.secure_cookies)
        self._limit = runtime.settings.server.max_body_bytes
        self._headers = AnswerHeaders(runtime)
        self._note = runtime.meters.request if is_on(runtime.settings.web) else None

    def answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes] | None:
        """Answer a request; None when it is one for Pyramid."""
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        route = self._routes.get(path)
        if route is not None:
            return self._posted(environ, start_response, *route) if method == "POST" else None
        return self._opened(environ, start_response) if path == self._authorize and method == "GET" else None

    def _posted(
        self, environ: dict[str, Any], start_response: Callable[..., Any], route: str, name: str
    ) -> Iterable[bytes] | None:
        body = _whole_body(environ)
        if body is None or len(body) > self._limit:
            return None
        began, status = time.perf_counter(), 500
        http = HttpRequest(
            method="POST",
            query=environ.get("QUERY_STRING", ""),
            headers={name: environ[key] for key, name in HEADERS.items() if key in environ},
            body=body,
            remote_addr=environ.get("REMOTE_ADDR", ""),
        )
        endpoint: Endpoint = getattr(self._runtime.server, name)
        try:
            answer = endpoint.answer(http)
            status = answer.status
        finally:
            if self._note is not None:
                count(self._note, route, status, began)
        # After the counting, in the order of the tweens: the later one takes over what the other has left to be done.
        if status == 503:
            tell("POST", environ["PATH_INFO"], "the endpoint gave no cause")
        headers = [*answer.headers, ("Content-Length", str(len(answer.body)))]
        self._headers.complete(headers)
        start_response(f"{status} {responses.get(status, '')}", headers)
        return (answer.body,)

    def _opened(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes] | None:
        """Lead back what needs no page; anything else is the view's, which goes on from what was found out here."""
        if environ.get("CONTENT_LENGTH", "0") != "0":
            return None
        began = time.perf_counter()
        try:
            sid = session_of(environ, self._runtime.keys, secure=self._secure)
            found = outcome(self._runtime, environ.get("QUERY_STRING", ""), sid)
        except Exception as error:  # noqa: BLE001 - whatever it is, the views have an answer to it
            environ[OUTCOME], environ[BEGAN] = error, began
            return None
        if not isinstance(found, Redirect):
            environ[OUTCOME], environ[BEGAN] = found, began
            return None
        if self._note is not None:
            count(self._note, "oauth.authorize", 303, began)
        headers = [("Location", found.url), ("Content-Length", "0")]
        self._headers.complete(headers)
        start_response("303 See Other", headers)
        return (b"",)


def _whole_body(environ: dict[str, Any]) -> bytes | None:
    """The body, if it is in memory and as long as announced."""
    stream, announced = environ.get("wsgi.input"), environ.get("CONTENT_LENGTH")
    if not isinstance(stream, BytesIO) or not announced:
        return None
    body = stream.getvalue()
    return body if announced == str(len(body)) else None


def stands_alone(config: Configurator) -> bool:
    """Whether nothing but what comes with the product stands around the protocol's views. Ask when all is committed."""
    registry = config.registry
    tweens = registry.queryUtility(ITweens)
    named = [] if tweens is None else [name for name, _ in tweens.explicit or tweens.implicit()]
    policy = registry.queryUtility(IExecutionPolicy)
    return (
        all(name.startswith(_OURS) for name in named)
        and (policy is None or policy.__module__.startswith("pyramid_retry"))
        and all(handler.required[0].isOrExtends(IBeforeRender) for handler in registry.registeredHandlers())
        and _own_views(config)
    )


def _own_views(config: Configurator) -> bool:
    """No view and no deriver of somebody else's, as far as the protocol's routes are concerned."""
    known = config.introspector
    views = [each["introspectable"] for each in known.get_category("views") or ()]
    routes = {f"oauth.{name}" for name in (*ENDPOINTS, AUTHORIZE)}
    ours = [view for view in views if view.get("route_name") in routes]
    derivers = [each["introspectable"] for each in known.get_category("view derivers") or ()]
    return (
        len(ours) == len(routes)
        and all(view["callable"].__module__.startswith("consentcore.web.oauth.") for view in ours)
        and all(deriver["deriver"].__module__.startswith(_OURS) for deriver in derivers)
    )
