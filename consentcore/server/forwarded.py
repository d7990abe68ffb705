"""WSGI middleware that believes forwarding headers from known proxies and from nobody else."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable

from consentcore.domain.address import is_in
from consentcore.domain.forwarding import CLIENT_CERTIFICATE, FORWARDED, came_through_a_proxy
from consentcore.jose.certificate import ALL_HEADERS, HEADERS
from consentcore.logs import identified
from consentcore.server.environ import Environ, StartResponse, WSGIApp


def key_of(header: str) -> str:
    """The key of a header in a WSGI environ (PEP 3333)."""
    return "HTTP_" + header.upper().replace("-", "_")


_HEADERS = (
    "HTTP_FORWARDED",
    "HTTP_X_REAL_IP",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_SERVER",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_SSL",
    "HTTP_X_FORWARDED_SCHEME",
    *(key_of(name) for name in ALL_HEADERS),
)


class Noting:
    """Keeps in the environ that a request came through a proxy, before anybody removes the headers that show it, and
    the id of the request, before anybody answers.

    ``consentcore serve`` does so when it builds the environ.

    :param app: the application behind.
    """

    def __init__(self, app: WSGIApp) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if came_through_a_proxy(environ):
            environ[FORWARDED] = True
        with identified(environ, start_response) as start:
            return self._app(environ, start)


class Forwarded:
    """Sets ``REMOTE_ADDR`` and ``wsgi.url_scheme`` from X-Forwarded-For and X-Forwarded-Proto.

    They count only when the peer is a trusted proxy. X-Forwarded-For is read from the right: the first
    address that is not a trusted proxy is the client. All forwarding headers are then removed, so nothing
    behind can believe one by mistake; host and port are never taken from them, because links are built from
    the issuer. What a trusted proxy says of the client's certificate is kept as :data:`CLIENT_CERTIFICATE`. That there
    were any is what ``Noting`` keeps.

    :param app: the application behind.
    :param trusted: addresses or networks of the proxies.
    :param certificate_header: which of their headers holds the client's certificate, a name of
        :data:`~consentcore.jose.certificate.HEADERS`; "" for none.
    :raises ValueError: for an entry that is neither.
    """

    def __init__(self, app: WSGIApp, trusted: Iterable[str], certificate_header: str = "") -> None:
        self._app = app
        self._certificate = key_of(HEADERS[certificate_header]) if certificate_header else ""
        self._networks = [ipaddress.ip_network(entry) for entry in trusted]
        self._is_trusted = functools.lru_cache(maxsize=1024)(self._judge)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        trusted = self._is_trusted(environ.get("REMOTE_ADDR", ""))
        if trusted:
            proto = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip().lower()
            if proto in {"http", "https"}:
                environ["wsgi.url_scheme"] = proto
            client = self._client(environ.get("HTTP_X_FORWARDED_FOR", ""))
            if client:
                environ["REMOTE_ADDR"] = client
            told = environ.get(self._certificate)
            if told:
                environ[CLIENT_CERTIFICATE] = told
        for key in _HEADERS:
            environ.pop(key, None)
        return self._app(environ, start_response)

    def _client(self, chain: str) -> str:
        """The nearest address in the chain that is no trusted proxy; empty when the chain names none."""
        client = ""
        for part in reversed(chain.split(",")):
            address = _address(part)
            if not address:
                break
            client = address
            if not self._is_trusted(address):
                break
        return client

    def _judge(self, address: str) -> bool:
        return is_in(self._networks, address)


def _address(text: str) -> str:
    """The address in one element of X-Forwarded-For, without a port; empty when there is none."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
