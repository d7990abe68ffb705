"""The endpoint for pushed authorization requests (RFC 9126): checked and stored now, opened by a browser within a
minute, see :mod:`consentcore.oauth.pushed_requests`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from consentcore.domain.client import ClientKind
from consentcore.domain.clock import SECOND
from consentcore.domain.interaction import PushedRequest
from consentcore.domain.secret import REQUEST, digest, mint
from consentcore.oauth.client_documents import DocumentRefused, read_context
from consentcore.oauth.endpoint import Endpoint
from consentcore.oauth.errors import ProtocolError, bad_request, invalid_client
from consentcore.oauth.fapi import LONGEST_PUSHED_S, demanded
from consentcore.oauth.grant_management import authorize_parameters
from consentcore.oauth.parameters import CREDENTIALS, REPEATABLE, read_body, several
from consentcore.oauth.pushed_requests import URN
from consentcore.oauth.request_objects import requested_by
from consentcore.oauth.responses import json_answer
from consentcore.oauth.token_binding import binding_of, nonce_headers, used_before

if TYPE_CHECKING:
    from collections.abc import Callable

    from consentcore.domain.client import Client
    from consentcore.domain.interaction import AuthorizeContext
    from consentcore.oauth.client_auth import Credentials
    from consentcore.oauth.context import ServerContext
    from consentcore.oauth.cross_origin import Readers
    from consentcore.oauth.messages import HttpRequest, HttpResponse
    from consentcore.oauth.token_binding import Binding


class PushedAuthorizationRequestEndpoint(Endpoint):
    """Takes authorization requests from clients directly.

    :param check: the rules of the authorization endpoint; raises ProtocolError where it would refuse.
    """

    def __init__(
        self,
        server: ServerContext,
        readers: Readers,
        check: Callable[[Mapping[str, str], AuthorizeContext], None],
    ) -> None:
        super().__init__(server, readers)
        self._check = check
        self._known = authorize_parameters(server.settings.oauth.grant_management)
        self._pushed = {**CREDENTIALS, **self._known}  # RFC 9126 section 2.1

    def respond(self, http: HttpRequest) -> HttpResponse:
        """Answer a pushed request: one read, one write; 201 with ``request_uri`` and ``expires_in`` in seconds."""
        server, now = self._server, self._server.clock.now()
        parameters = read_body(http, self._pushed, server.settings.server.max_body_bytes)
        credentials = server.authenticator.identify("par", http, parameters)
        context = self._context_of(credentials)
        client = server.authenticator.authenticate("par", http, credentials, context.client, now)
        if client.kind is not ClientKind.APPLICATION:
            raise ProtocolError(400, "unauthorized_client", "A resource server authorizes nobody")
        if "request_uri" in parameters:
            raise bad_request("request_uri: expected none in a pushed request")  # section 2.1
        requested = self._requested(client, parameters, now)
        binding = binding_of(server, http, "par", client, now)
        if binding.thumbprint and requested.setdefault("dpop_jkt", binding.thumbprint) != binding.thumbprint:
            raise bad_request(
                "dpop_jkt: expected the thumbprint of the key of the proof"
            )  # RFC 9449 section 10.1
        self._check(requested, context)
        life_s = server.settings.oauth.par_ttl_s
        if demanded(server.settings, client):
            life_s = min(life_s, LONGEST_PUSHED_S)
        return self._store(requested, binding, life_s, now)

    def _context_of(self, credentials: Credentials) -> AuthorizeContext:
        try:
            return read_context(self._server, credentials.document_url or credentials.client_id, None)
        except DocumentRefused as error:
            raise invalid_client(str(error)) from None

    def _requested(self, client: Client, parameters: Mapping[str, str], now: int) -> dict[str, str]:
        """What is asked for: by a request object (RFC 9126 section 3), or by plain parameters."""
        if "request" in parameters:
            signed = requested_by(self._server, client, parameters["request"], self._known, now)
            return {**signed, "client_id": client.client_id}  # as it is kept, whatever the protocol calls it
        if client.require_signed_request_object or self._server.settings.oauth.require_signed_request_object:
            raise bad_request("request: expected a signed request object")  # RFC 9101 section 10.5
        requested = {name: value for name, value in parameters.items() if name in self._known}
        requested["client_id"] = client.client_id
        return requested

    def _store(self, requested: Mapping[str, str], binding: Binding, life_s: int, now: int) -> HttpResponse:
        secret = mint(REQUEST)
        pushed = PushedRequest(
            request_hash=digest(secret),
            client_id=requested["client_id"],
            query=_query(requested),
            created_at=now,
            expires_at=now + life_s * SECOND,
        )
        if not self._server.storage.protocol.push_request(pushed, binding.one_use):
            raise used_before()
        answer = {"request_uri": URN + secret, "expires_in": life_s}
        return json_answer(answer, 201, nonce_headers(self._server, now))


def _query(requested: Mapping[str, str]) -> str:
    pairs = [
        (name, value)
        for name, text in requested.items()
        for value in (several(requested, name) if name in REPEATABLE else (text,))
    ]
    return urlencode(pairs, quote_via=quote)
