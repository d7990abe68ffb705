"""Pushed authorization requests (RFC 9126): checked and stored now, opened by one browser within a minute.

What is stored is the query string that the authorization endpoint would have had, so that it is read and checked
there by the same code once more, with the client as it is then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from consentcore.domain.client import ClientKind
from consentcore.domain.clock import SECOND
from consentcore.domain.interaction import PushedRequest
from consentcore.domain.secret import REQUEST, digest, looks_like, mint
from consentcore.oauth import front
from consentcore.oauth.errors import ProtocolError, bad_request
from consentcore.oauth.responses import json_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from consentcore.domain.interaction import AuthorizeContext
    from consentcore.oauth.messages import HttpRequest, HttpResponse
    from consentcore.oauth.parts import Parts

URN = "urn:ietf:params:oauth:request_uri:"


class PushedRequestEndpoint:
    """Takes authorization requests from clients directly.

    :param check: the rules of the authorization endpoint; raises ProtocolError where it would refuse.
    """

    def __init__(self, parts: Parts, check: Callable[[Mapping[str, str], AuthorizeContext], None]) -> None:
        self._parts = parts
        self._check = check

    def respond(self, http: HttpRequest) -> HttpResponse:
        """Answer a pushed request: one read, one write; 201 with ``request_uri`` and ``expires_in`` in seconds.

        :raises ProtocolError: a refusal. :raises StorageError: nothing was stored.
        """
        parameters = front.read_body(http, front.PUSH, self._parts.settings.server.max_body_bytes)
        credentials = self._parts.admission.identify("par", http, parameters)
        now = self._parts.clock.now()
        context = self._parts.storage.protocol.read_authorize(credentials.client_id, None, now)
        client = self._parts.admission.authenticate("par", http, credentials, context.client, now)
        if client.kind is not ClientKind.APPLICATION:
            raise ProtocolError(400, "unauthorized_client", "A resource server authorizes nobody")
        if "request_uri" in parameters:
            raise bad_request("request_uri: expected none in a pushed request")  # section 2.1
        wanted = {name: value for name, value in parameters.items() if name in front.AUTHORIZE}
        wanted["client_id"] = client.client_id
        self._check(wanted, context)
        return self._stored(wanted, now)

    def _stored(self, wanted: Mapping[str, str], now: int) -> HttpResponse:
        secret, life_s = mint(REQUEST), self._parts.settings.oauth.par_ttl_s
        self._parts.storage.protocol.push_request(
            PushedRequest(
                request_hash=digest(secret),
                client_id=wanted["client_id"],
                query=_query(wanted),
                created_at=now,
                expires_at=now + life_s * SECOND,
            )
        )
        return json_answer({"request_uri": URN + secret, "expires_in": life_s}, 201)


def is_pushed(request_uri: str) -> bool:
    """Whether it has the form of what we give out. Any other is refused and never fetched (CVE-2020-10770)."""
    return request_uri.startswith(URN)


def take(parts: Parts, request_uri: str, client_id: str) -> str | None:
    """The query of a pushed request, once, and to its own client only; None when there is none.

    :raises StorageError: the storage did not answer.
    """
    secret = request_uri.removeprefix(URN)
    if not looks_like(REQUEST, secret):
        return None
    found = parts.storage.protocol.take_pushed(digest(secret), client_id, parts.clock.now())
    return None if found is None else found.query


def _query(wanted: Mapping[str, str]) -> str:
    pairs = [
        (name, value)
        for name, text in wanted.items()
        for value in (front.several(wanted, name) if name in front.REPEATABLE else (text,))
    ]
    return urlencode(pairs, quote_via=quote)
