"""A WSGI middleware that lets only requests with a good token through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Any

from consentcore.resource.bearer import Checker, Refused
from consentcore.resource.metadata import ProtectedResource
from consentcore.resource.possession import Possession
from consentcore.resource.protection import Answered, Protection
from consentcore.resource.sign_in import SignIn

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]
Scopes = Sequence[str] | Callable[[Environ], Sequence[str] | None]
SignedIn = SignIn | Callable[[Environ], SignIn | None] | None

TOKEN = "consentcore.token"
"""The environ key under which the application finds the :class:`~consentcore.resource.bearer.Token`."""


class BearerMiddleware:
    """Check the bearer token of each request before the application sees it.

    :param scopes: what every token must allow; or a function of the environ that says it for this request, None for
        one that needs no token.
    :param sign_in: what the sign-in has to be that a token stands on, or such a function; None: any.
    :param realm: named in challenges.
    :param possession: what tokens that are bound to a key are held against; behind a proxy one with a ``base_url``.
    :param metadata: what clients are told about the API (RFC 9728); needs no token.
    """

    def __init__(
        self,
        app: WsgiApp,
        checker: Checker,
        *,
        scopes: Scopes = (),
        sign_in: SignedIn = None,
        realm: str = "api",
        possession: Possession | None = None,
        metadata: ProtectedResource | None = None,
    ) -> None:
        self._app = app
        self._scopes = scopes
        self._sign_in = sign_in
        self._protection = Protection(checker, realm, possession, metadata)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ.pop(TOKEN, None)
        described = self._protection.described(environ)
        if described is not None:
            return send(described, start_response)
        wanted = self._scopes(environ) if callable(self._scopes) else self._scopes
        if wanted is not None:
            try:
                sign_in = self._sign_in(environ) if callable(self._sign_in) else self._sign_in
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
