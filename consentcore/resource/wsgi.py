"""A WSGI middleware that lets only requests with a good token through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from consentcore.resource.access import authorize
from consentcore.resource.bearer import Checker, Refused
from consentcore.resource.possession import Possession

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]
Scopes = Sequence[str] | Callable[[Environ], Sequence[str] | None]

TOKEN = "consentcore.token"
"""The environ key under which the application finds the :class:`~consentcore.resource.bearer.Token`."""


class BearerMiddleware:
    """Check the bearer token of each request before the application sees it.

    :param scopes: what every token must allow; or a function of the environ that says it for this request, None for
        one that needs no token.
    :param realm: named in challenges.
    :param possession: what tokens that are bound to a key are held against; behind a proxy one with a ``base_url``.
    """

    def __init__(
        self,
        app: WsgiApp,
        checker: Checker,
        *,
        scopes: Scopes = (),
        realm: str = "api",
        possession: Possession | None = None,
    ) -> None:
        self._app = app
        self._checker = checker
        self._scopes = scopes
        self._realm = realm
        self._possession = possession or Possession()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ.pop(TOKEN, None)
        wanted = self._scopes(environ) if callable(self._scopes) else self._scopes
        if wanted is not None:
            try:
                environ[TOKEN] = authorize(environ, self._checker, wanted, self._possession)
            except Refused as refusal:
                return answer(refusal, self._realm, start_response)
        return self._app(environ, start_response)


def answer(refusal: Refused, realm: str, start_response: StartResponse) -> Iterable[bytes]:
    """Send a refusal."""
    start_response(refusal.status_line, refusal.headers(realm))
    return [b""]
