"""A small HTTP client for one URL: connections are kept, everything has a time limit and a size limit.

The server's guard of outgoing requests has no place here: an API asks one address, which whoever runs it has written,
and installs nothing of the server.
"""

from __future__ import annotations

import http.client
import ssl
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from consentcore.hosts import ascii_host
from consentcore.resource.bearer import Unavailable

MAX_ANSWER = 256 * 1024
_MAX_IDLE = 16
_NO_ANSWER = (OSError, http.client.HTTPException, ValueError)
"""What :mod:`http.client` raises of what it is sent; ``ValueError`` of a chunk with a negative length."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (names in lower case) and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Endpoint:
    """Sends requests to one URL. Safe to share between threads; redirects are not followed.

    :param url: http or https.
    :param timeout_s: for connecting, and for each read.
    :param context: TLS settings; by default the system's certificates are trusted.
    """

    def __init__(self, url: str, timeout_s: float = 3.0, context: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"expected an http or https URL, not {url!r}")
        self._host, self._port = ascii_host(parts.hostname), parts.port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._timeout = timeout_s
        self._tls = (context or ssl.create_default_context()) if parts.scheme == "https" else None
        self._idle: list[http.client.HTTPConnection] = []
        # An application that is let go of without a word leaves no socket open.
        weakref.finalize(self, _close, self._idle)
        self._lock = threading.Lock()

    def send(self, method: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Send and read the answer; once more where a kept connection turns out to be closed.

        :raises Unavailable: no answer, or one that is too large.
        """
        kept = self._take()
        if kept is not None:
            try:
                return self._exchange(kept, method, headers, body)
            except (http.client.BadStatusLine, ConnectionError):
                pass  # closed by the other side while it was idle
            except _NO_ANSWER as error:
                raise _silent(error) from error
        try:
            return self._exchange(self._connection(), method, headers, body)
        except _NO_ANSWER as error:
            raise _silent(error) from error

    def close(self) -> None:
        """Close what is idle."""
        while (connection := self._take()) is not None:
            connection.close()

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Answer:
        try:
            connection.request(method, self._path, body, dict(headers))
            response = connection.getresponse()
            content = response.read(MAX_ANSWER + 1)
        except BaseException:
            connection.close()
            raise
        if len(content) > MAX_ANSWER or response.will_close:
            connection.close()
        else:
            self._keep(connection)
        if len(content) > MAX_ANSWER:
            raise Unavailable("the authorization server's answer is too large")
        return Answer(
            response.status, {name.lower(): value for name, value in response.getheaders()}, content
        )

    def _connection(self) -> http.client.HTTPConnection:
        options: dict[str, Any] = {"timeout": self._timeout}
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, context=self._tls, **options)
        return http.client.HTTPConnection(self._host, self._port, **options)

    def _take(self) -> http.client.HTTPConnection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _keep(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if len(self._idle) < _MAX_IDLE:
                self._idle.append(connection)
                return
        connection.close()


def _close(idle: list[http.client.HTTPConnection]) -> None:
    while idle:
        idle.pop().close()


def _silent(error: Exception) -> Unavailable:
    return Unavailable(f"the authorization server does not answer: {type(error).__name__}")
