"""A WSGI middleware that lets only requests with a good token through."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from consentcore.resource.bearer import Refused
from consentcore.resource.protection import Answered, Middleware, Protection

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

TOKEN = "consentcore.token"
"""The environ key under which the application finds the :class:`~consentcore.resource.bearer.Token`."""


class BearerMiddleware(Middleware[WsgiApp, Environ]):
    """Check the bearer token of each request before the application sees it; made as every
    :class:`~consentcore.resource.protection.Middleware`, whose functions are given the environ."""

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ.pop(TOKEN, None)
        described = self._protection.described(environ)
        if described is not None:
            return send(described, start_response)
        wanted = self._wanted(environ)
        if wanted is not None:
            try:
                sign_in = self._sign_in_of(environ)
                environ[TOKEN] = self._protection.token(environ, wanted, sign_in)
            except Refused as refusal:
                return refuse(refusal, self._protection, start_response)
        return self._app(environ, start_response)


def send(answered: Answered, start_response: StartResponse) -> Iterable[bytes]:
    """Send an answer."""
    status, headers, body = answered
    start_response(f"{status} {HTTPStatus(status).phrase}", headers)
    return [body]


def refuse(refusal: Refused, protection: Protection, start_response: StartResponse) -> Iterable[bytes]:
    """Send a refusal."""
    start_response(refusal.status_line, protection.headers(refusal))
    return [b""]
