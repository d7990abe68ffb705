"""An ASGI middleware that lets only requests with a good token through: for Starlette, FastAPI, MCP servers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import unquote_to_bytes

from consentcore.resource.bearer import Refused, Token
from consentcore.resource.protection import Answered, Middleware
from consentcore.resource.wsgi import TOKEN

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_NO_ENTRY = 1008
"""What a WebSocket is closed with that may not be opened (RFC 6455 section 7.4.1)."""


class AsgiBearerMiddleware(Middleware[AsgiApp, Scope]):
    """Check the bearer token of each request before the application sees it, as
    :class:`~consentcore.resource.wsgi.BearerMiddleware` does; it asks in a thread, so nobody else waits for the answer.

    The application finds the :class:`~consentcore.resource.bearer.Token` as ``scope["consentcore.token"]``. A WebSocket
    is let in by the same rules.

    It is made as every :class:`~consentcore.resource.protection.Middleware`, whose functions are given the ASGI scope.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        scope.pop(TOKEN, None)
        environ = environ_of(scope)
        answered = self._protection.described(environ) if scope["type"] == "http" else None
        if answered is None:
            answered = await self._refused(scope, environ)
        if answered is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await _send(answered, send)
        else:
            await send({"type": "websocket.close", "code": _NO_ENTRY})

    async def _refused(self, scope: Scope, environ: dict[str, Any]) -> Answered | None:
        """What a request is refused with; None for one that may go on, whose token then is in ``scope``."""
        wanted = self._wanted(scope)
        if wanted is None:
            return None
        sign_in = self._sign_in_of(scope)
        try:
            scope[TOKEN] = await asyncio.to_thread(self._protection.token, environ, tuple(wanted), sign_in)
        except Refused as refusal:
            return refusal.status, self._protection.headers(refusal), b""
        return None


def token_of(scope: Scope) -> Token:
    """The token of a request that the middleware has let through.

    :raises KeyError: it came by another way.
    """
    found: Token = scope[TOKEN]
    return found


def environ_of(scope: Scope) -> dict[str, Any]:
    """A request as WSGI has it (PEP 3333), as far as tokens need it.

    A header whose name has an underscore is left out: it would pass as the one with hyphens.
    """
    raw = scope.get("raw_path")
    path = unquote_to_bytes(raw) if raw is not None else scope["path"].encode("utf-8", "surrogateescape")
    host, port = scope.get("server") or ("", None)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.get("method", "GET"),
        "SCRIPT_NAME": "",
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": scope.get("query_string", b"").decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or ""),
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.url_scheme": _SCHEMES.get(scope.get("scheme", "http"), "http"),
    }
    for name, value in _headers(scope):
        environ[name] = f"{environ[name]},{value}" if name in environ else value
    return environ


def _headers(scope: Scope) -> Iterable[tuple[str, str]]:
    for name, value in scope.get("headers", ()):
        if b"_" not in name:
            key = name.decode("latin-1").upper().replace("-", "_")
            yield f"HTTP_{key}", value.decode("latin-1")


async def _send(answered: Answered, send: Send) -> None:
    status, headers, body = answered
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
