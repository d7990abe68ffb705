"""Client authentication outside of the protocol's endpoints: who calls the JSON API."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from consentcore.domain.client import AuthMethod, ClientKind
from consentcore.oauth.client_auth.credentials import ASSERTION_TYPE
from consentcore.oauth.errors import ProtocolError, invalid_client

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.oauth.context import ServerContext
    from consentcore.oauth.messages import HttpRequest


class ApiClientAuthenticator:
    """Finds out which application calls. Safe to share between threads."""

    def __init__(self, server: ServerContext) -> None:
        self._server = server

    def authenticate(self, http: HttpRequest) -> Client:
        """Authenticate an application by the method that it is registered with, with one read.

        A GET has no body: a secret comes by Basic, whichever of the two ways the client is registered with, and an
        assertion (RFC 7523 section 2.2) as ``Authorization: Bearer``, checked just as at the token endpoint.

        :raises ProtocolError: 401 ``invalid_client``, for public clients too; 403 ``unauthorized_client`` for a
            resource server, which has no grants; 429 beyond a limit.
        :raises StorageError: there was no answer.
        """
        http, parameters = _assertion_in_body(http)
        authenticator, now = self._server.authenticator, self._server.clock.now()
        credentials = authenticator.identify("api", http, parameters)
        known = self._server.storage.protocol.read_authorize(credentials.client_id, None, now).client
        if known is not None and known.auth_method is AuthMethod.SECRET_POST:
            credentials = replace(credentials, method=AuthMethod.SECRET_POST)
        client = authenticator.authenticate("api", http, credentials, known, now)
        if client.public:
            raise invalid_client()
        if client.kind is ClientKind.RESOURCE_SERVER:
            raise ProtocolError(403, "unauthorized_client", "A resource server has no grants")
        return client


def _assertion_in_body(http: HttpRequest) -> tuple[HttpRequest, dict[str, str]]:
    """Put an assertion of the header where the token endpoint has it."""
    scheme, _, presented = http.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer":
        return http, {}
    rest = {name: value for name, value in http.headers.items() if name != "authorization"}
    parameters = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": presented.strip()}
    return replace(http, headers=rest), parameters
