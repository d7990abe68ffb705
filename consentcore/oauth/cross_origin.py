"""Applications that run in a browser (CORS, section 3.2 of the Fetch standard).

A preflight names no client, so it is answered for every origin. What the endpoint then says may be read only from an
origin of the redirect URIs of the public client that is asking, refusals included, so that the application learns what
is wrong; no confidential client belongs into a browser. Credentials of the browser never count: no answer allows them.
What describes the server may be read from anywhere. The authorization endpoint is navigated to and has none of this
(RFC 9700 section 2.6).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from consentcore.domain.described_client import kept_id
from consentcore.domain.errors import StorageError
from consentcore.hosts import origin_of
from consentcore.oauth.client_auth import read_credentials
from consentcore.oauth.errors import INVALID_CLIENT, ProtocolError
from consentcore.oauth.messages import HttpResponse
from consentcore.oauth.parameters import CLIENT, read_leniently

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.oauth.context import ServerContext
    from consentcore.oauth.messages import HttpRequest

log = logging.getLogger("consentcore.oauth")

ALLOW_ORIGIN = "Access-Control-Allow-Origin"
EXPOSED = ("Access-Control-Expose-Headers", "DPoP-Nonce, Retry-After, WWW-Authenticate, X-Request-ID")
ANYWHERE = ((ALLOW_ORIGIN, "*"), EXPOSED)
"""For documents that say the same to everybody."""
MAX_AGE_S = 7200
"""How long a browser may keep the answer to a preflight; Chromium keeps none for longer."""
_ALLOWED_HEADERS = "Accept, Authorization, Content-Type, DPoP, X-Request-ID, *"
"""Whatever else a library adds, such as ``traceparent``, is ignored here and harmless without credentials. ``*`` never
means ``Authorization``, and nothing to older browsers (Fetch standard, section 3.2.3)."""
_MOST_CLIENTS = 1000


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a browser asks if it may ask (Fetch standard, section 3.2.2). Names of ``headers`` in lower case."""
    return method == "OPTIONS" and {"origin", "access-control-request-method"} <= headers.keys()


def preflight(*methods: str) -> HttpResponse:
    """The answer to a preflight: these methods, from any origin."""
    headers = [
        (ALLOW_ORIGIN, "*"),
        ("Access-Control-Allow-Methods", ", ".join(methods)),
        ("Access-Control-Allow-Headers", _ALLOWED_HEADERS),
        ("Access-Control-Max-Age", str(MAX_AGE_S)),
        ("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
        ("Cache-Control", "no-store"),
    ]
    return HttpResponse(204, headers, b"")


class Readers:
    """Tells from which origin an answer may be read. Safe to share between threads."""

    def __init__(self, server: ServerContext) -> None:
        self._server = server
        self._seen: dict[str, frozenset[str]] = {}

    def named(self, http: HttpRequest, answer: HttpResponse) -> HttpResponse:
        """Name the origin of the request in its answer, if it is one of the client's own; one read more.

        Raises nothing: what cannot be found out is not allowed.

        :param http: with an ``Origin``.
        """
        origin = http.headers["origin"]
        more = [("Vary", "Origin")]
        if origin in self._origins(_named_client(http), answer.status):
            more += [(ALLOW_ORIGIN, origin), EXPOSED]
        return replace(answer, headers=[*answer.headers, *more])

    def _origins(self, client_id: str, status: int) -> frozenset[str]:
        if not client_id:
            return frozenset()
        if status == 429:  # decided before the storage is asked, and that stays so
            return self._seen.get(client_id, frozenset())
        now = self._server.clock.now()
        try:
            client = self._server.storage.protocol.read_authorize(kept_id(client_id), None, now).client
        except StorageError as error:
            log.warning("not found out from where an answer may be read: %s", error)
            return self._seen.get(client_id, frozenset())
        origins = origins_of(client) if client is not None else frozenset()
        if origins:
            if len(self._seen) >= _MOST_CLIENTS:
                self._seen = {}
            self._seen[client_id] = origins
        return origins


def origins_of(client: Client) -> frozenset[str]:
    """The origins of a public client's redirect URIs, as browsers write them (RFC 6454 section 6.2); none of any other
    client, and none of private-use schemes, for which browsers say ``null``.

    A port is part of it, on loopback too: RFC 8252 section 7.3 lets it differ for programs that are no web pages.
    """
    if not client.public:
        return frozenset()
    return frozenset(filter(None, map(origin_of, client.redirect_uris)))


def _named_client(http: HttpRequest) -> str:
    """The client that a request names, however wrong the rest of it is; "" when it names none, or two."""
    values = read_leniently(http, CLIENT)
    try:
        return read_credentials(http.headers, values).client_id
    except ProtocolError as error:
        return values.get("client_id", "") if error.error == INVALID_CLIENT else ""
