"""The outermost layer, before Pyramid: input that nothing behind it should see.

A WSGI wrapper and no tween, because pyramid_retry copies the body of a request before the first tween runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any

from consentcore.egress.errands import Here, served_at
from consentcore.logs import REQUEST_ID, identified
from consentcore.web.tweens import FIXED, OWN_LOCATION, content_security_policy

if TYPE_CHECKING:
    from pyramid.router import Router

    from consentcore.web.protocol_front import ProtocolFront

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


SLOW = frozenset(
    {
        ("POST", "/login"),
        ("POST", "/account/password"),
        ("POST", "/account/email"),
        ("POST", "/account/reset/new"),
        ("GET", "/login/callback"),
        ("POST", "/login/callback"),
    }
)

ASKING_ELSEWHERE = frozenset({("GET", "/login"), ("POST", "/logout")})
"""With a redirect login these ask the identity provider where it is, once an hour, and it may not answer."""


class Ingress:
    """Refuse a body over the limit, and a path that is not UTF-8 or holds control characters.

    Redirects within the site leave as the views wrote them: WebOb puts the Host header, which anybody can
    choose, in front of them.

    A request below the path of the issuer is one for the same thing without that path: the metadata names such
    addresses (RFC 8414 section 3), whether or not a proxy in front takes the path away.

    :param protocol: answers what clients post, without the application; None leaves that to it.
    :param max_body_bytes: largest body that is let through.
    :param signs_in_elsewhere: people sign in at an identity provider.
    :param mount: the path of the issuer, such as ``/tenant``; "" when it has none.
    :param waiting: requests that may wait for somebody outside at a time where the server has no lane for them.
    :ivar slow: method and path of requests that compute a password's hash or wait for an identity provider; the
        server does not let them take all of its threads.
    """

    def __init__(
        self,
        app: Router,
        max_body_bytes: int,
        *,
        signs_in_elsewhere: bool = False,
        mount: str = "",
        waiting: int = 2,
        protocol: ProtocolFront | None = None,
    ) -> None:
        self.app = app
        self._protocol = protocol
        slow = SLOW | ASKING_ELSEWHERE if signs_in_elsewhere else SLOW
        self.slow = slow | {(method, mount + path) for method, path in slow}
        self._limit = max_body_bytes
        self._mount = mount
        self._here = Here(waiting)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if REQUEST_ID in environ:  # our own server has done so
            return self._answer(environ, start_response)
        with identified(environ, start_response) as start:
            return self._answer(environ, start)

    def _answer(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if self._mount and environ.get("PATH_INFO", "").startswith(f"{self._mount}/"):
            environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(self._mount)
        with served_at(self._here):
            posted = self._protocol.answer(environ, start_response) if self._protocol is not None else None
        if posted is not None:
            return posted
        problem = self._problem(environ)
        if problem is None:
            _spare_copies(environ)
            with served_at(self._here):
                return self.app(environ, _keeping_own_location(environ, start_response))
        status, text = problem
        body, kind = _written(environ, text)
        headers = {
            **FIXED,
            "Content-Security-Policy": content_security_policy(),
            "Cache-Control": "no-store",
            "Content-Type": kind,
            "Content-Length": str(len(body)),
        }
        start_response(status, list(headers.items()))
        return [body]

    def _problem(self, environ: Environ) -> tuple[str, str] | None:
        length = environ.get("CONTENT_LENGTH") or "0"
        if not (length.isascii() and length.isdigit()):
            return "400 Bad Request", "Content-Length: expected a number"
        if int(length) > self._limit:
            return "413 Content Too Large", f"body: expected at most {self._limit} bytes"
        try:
            path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8")
        except UnicodeError:
            return "400 Bad Request", "path: expected UTF-8"
        if _CONTROL.search(path):
            return "400 Bad Request", "path: expected no control characters"
        return None


def _written(environ: Environ, text: str) -> tuple[bytes, str]:
    """The refusal as programs or people read it, and its media type."""
    if not environ.get("PATH_INFO", "").startswith("/api/"):
        return f"{text}\n".encode(), "text/plain; charset=utf-8"
    members = {"error": "invalid_request", "error_description": text}
    return json.dumps(members).encode(), "application/json"


def _spare_copies(environ: Environ) -> None:
    """Tell WebOb that a body in memory can be read again: it would copy it, from 10 kB on into a file in /tmp."""
    if isinstance(environ.get("wsgi.input"), BytesIO):
        environ["webob.is_body_seekable"] = True


def _keeping_own_location(environ: Environ, start_response: StartResponse) -> StartResponse:
    def start(status: str, headers: list[tuple[str, str]], *rest: object) -> object:
        own = environ.get(OWN_LOCATION)
        if own is not None:
            headers = [(name, own if name.lower() == "location" else value) for name, value in headers]
        return start_response(status, headers, *rest)

    return start
