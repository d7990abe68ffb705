"""From granian's view of a request to a WSGI environ (PEP 3333), and from a WSGI answer to bytes."""

from __future__ import annotations

import functools
import io
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from consentcore.domain.forwarding import FORWARDED, shows_proxy
from consentcore.jose.certificate import ALL_HEADERS
from consentcore.logs.current_request import REQUEST_ID, chosen_id
from consentcore.logs.wsgi import KEY

Environ = dict[str, Any]
StartResponse = Callable[..., Callable[[bytes], object]]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]
Answer = tuple[int, list[tuple[str, str]], bytes]
Scope = Mapping[str, Any]
"""What granian says of a request: the connection scope of ASGI, whose headers, path and query are bytes."""

# Proxy: a CGI-style library would take it for the environment variable HTTP_PROXY.
_NEVER = frozenset({"proxy"})
_FORWARDING = frozenset({"forwarded", "x-real-ip", *(name.lower() for name in ALL_HEADERS)})
_KNOWN_NAMES = 256
_LONGEST_METHOD = 32
# RFC 3986 section 3.2.2, with an optional port.
_HOST = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Za-z.:]+\])(?::[0-9]{0,5})?")


class BadRequest(Exception):
    """The request cannot be passed on; ``str(error)`` says why and may be shown to the client."""


class Environs:
    """Builds environs for one listening address.

    :param address: the socket's own name as ``(host, port)``.
    :param scheme: ``http``, or ``https`` where TLS ends in front of this process on every request.
    :param multithread: whether the application is called from more than one thread.
    :param multiprocess: whether there are further processes with the same application.
    :param forwarding: keep ``X-Forwarded-*``, and what is said of certificates, for ``forwarded.Forwarded`` to judge;
        else they are dropped.
    """

    def __init__(
        self,
        address: tuple[str, int],
        *,
        scheme: str = "http",
        multithread: bool = True,
        multiprocess: bool = True,
        forwarding: bool = False,
    ) -> None:
        self._forwarding = forwarding
        self._keys: dict[bytes, tuple[str, bool]] = {}
        self._base: Environ = {
            "SCRIPT_NAME": "",
            "SERVER_NAME": address[0],
            "SERVER_PORT": str(address[1]),
            "SERVER_SOFTWARE": "consentcore",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": scheme,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": multithread,
            "wsgi.multiprocess": multiprocess,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
        }

    def build(self, scope: Scope) -> Environ:
        """The environ without its body, which ``attach_body`` adds, and with the id of the request.

        No header, path or query is lost: bytes beyond ASCII arrive as Latin-1, as PEP 3333 has it.

        :raises BadRequest: for a request target that is no path, for a request that has no or several Host
            headers or one that names no host (RFC 9112 section 3.2), and for a method that nobody has heard of.
        """
        environ = self._base.copy()
        keys = self._keys
        for name, value in scope["headers"]:
            key, proxy = keys.get(name) or self._key(name)
            if proxy:
                environ[FORWARDED] = True
            if not key:
                continue
            text = value.decode("latin-1")
            if key not in environ:
                environ[key] = text
            elif key == "HTTP_HOST":
                raise BadRequest("Host: expected once")
            else:
                # Cookies are the one list that commas do not separate (RFC 6265 section 5.4).
                environ[key] += ("; " if key == "HTTP_COOKIE" else ",") + text
        environ["SERVER_PROTOCOL"] = "HTTP/1.1" if scope["http_version"] == "1.1" else "HTTP/1.0"
        environ["REQUEST_METHOD"] = scope["method"]
        path: bytes = scope["raw_path"]
        if not path.startswith(b"/"):
            raise BadRequest("request target: expected a path")
        environ["PATH_INFO"] = (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1")
        environ["QUERY_STRING"] = scope["query_string"].decode("latin-1")
        environ["REMOTE_ADDR"] = scope["client"][0]
        environ[REQUEST_ID] = environ[KEY] = chosen_id(environ.get(KEY, ""))
        _check_line(environ)
        return environ

    def _key(self, header: bytes) -> tuple[str, bool]:
        """The environ key of a header, empty for one that is dropped, and whether it shows a proxy."""
        name = header.decode("latin-1")
        if "_" in name or name in _NEVER or (not self._forwarding and _is_forwarding(name)):
            # With an underscore, X_Forwarded_For would land on the key of X-Forwarded-For.
            key = ""
        else:
            key = name.upper().replace("-", "_")
            if name not in {"content-type", "content-length"}:
                key = "HTTP_" + key
        found = key, shows_proxy(name)
        if len(self._keys) < _KNOWN_NAMES:
            self._keys[header] = found
        return found


def id_of(scope: Scope) -> str:
    """The id of a request from which no environ can be built."""
    given = [value for name, value in scope["headers"] if name == b"x-request-id"]
    return chosen_id(given[0].decode("latin-1") if len(given) == 1 else "")


def _check_line(environ: Environ) -> None:
    """Refuse a host that is missing or none, and a method that is none."""
    host = environ.get("HTTP_HOST")
    if not host:
        # granian makes an empty one where there is none; an http URI has a host (RFC 9110 section 4.2.1).
        environ.pop("HTTP_HOST", None)
        if environ["SERVER_PROTOCOL"] == "HTTP/1.1":
            raise BadRequest("Host: expected in every HTTP/1.1 request")
    elif not _is_host(host):
        raise BadRequest("Host: expected a host name or address")
    if len(environ["REQUEST_METHOD"]) > _LONGEST_METHOD:
        raise BadRequest(f"method: expected at most {_LONGEST_METHOD} characters")


@functools.lru_cache(maxsize=256)
def _is_host(text: str) -> bool:
    return _HOST.fullmatch(text) is not None


def _is_forwarding(name: str) -> bool:
    return name.startswith("x-forwarded-") or name in _FORWARDING


def attach_body(environ: Environ, body: bytes) -> None:
    """Put a complete body into an environ: its stream and its true length."""
    environ["wsgi.input"] = io.BytesIO(body)
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    if body or "CONTENT_LENGTH" in environ:
        environ["CONTENT_LENGTH"] = str(len(body))


def call(app: WSGIApp, environ: Environ) -> Answer:
    """Run a WSGI application to its end and return status, headers and the whole body.

    :raises RuntimeError: when the application never called ``start_response``, or with a status that HTTP
        does not have; anything that the application raises comes through.
    """
    status = 0
    headers: list[tuple[str, str]] = []
    parts: list[bytes] = []

    def start_response(
        line: str, fields: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        nonlocal status, headers
        del exc_info  # nothing has been sent yet, so the later call simply wins (PEP 3333)
        status, headers = int(line[:3]), fields
        return parts.append

    result = app(environ, start_response)
    try:
        parts.extend(result)
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()
    if not 200 <= status <= 599:
        raise RuntimeError(f"the application answered with status {status}")
    return status, list(headers), parts[0] if len(parts) == 1 else b"".join(parts)
