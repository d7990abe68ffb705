"""The revocation endpoint (RFC 7009): one read, one write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oauthlib.oauth2 import RevocationEndpoint as OAuthlibRevocation

from consentcore.domain.secret import digest
from consentcore.oauth import management_token
from consentcore.oauth.endpoint import Endpoint
from consentcore.oauth.errors import ProtocolError
from consentcore.oauth.parameters import ABOUT_TOKEN, read_body
from consentcore.oauth.parsed_request import ParsedRequest
from consentcore.oauth.responses import empty_answer

if TYPE_CHECKING:
    from consentcore.oauth.context import ServerContext
    from consentcore.oauth.cross_origin import Readers
    from consentcore.oauth.messages import HttpRequest, HttpResponse
    from consentcore.oauth.validator import Validator

_ENDS_BY_ITSELF = "token: expected none for grant management, which ends within five minutes and not before"


class RevocationEndpoint(Endpoint):
    """Lets a client give its tokens back. The grant stays: that is the owner's, or a call of its own."""

    def __init__(self, server: ServerContext, readers: Readers, validator: Validator) -> None:
        super().__init__(server, readers)
        self._oauthlib = OAuthlibRevocation(validator)

    def respond(self, http: HttpRequest) -> HttpResponse:
        """Kill the family of the client's own token; 200 for any other, unknown ones included (section 2.2).

        :raises ProtocolError: 400 ``unsupported_token_type`` (section 2.2.1) for one of the client that goes on until
            its time is over, see :mod:`~consentcore.oauth.management_token`.
        :raises StorageError: nothing was revoked, and this must not be answered with 200.
        """
        parameters = read_body(http, ABOUT_TOKEN, self._server.settings.server.max_body_bytes)
        credentials = self._server.authenticator.identify("revoke", http, parameters)
        presented, now = parameters.get("token", ""), self._server.clock.now()
        protocol = self._server.storage.protocol
        lookup = protocol.find_token(credentials.client_id, digest(presented))
        client = self._server.authenticator.authenticate("revoke", http, credentials, lookup.client, now)
        request = ParsedRequest("POST", {"token": presented, "client_id": client.client_id})
        request.client = client
        self._oauthlib.validate_revocation_request(request)
        managing = management_token.read(self._server.keys, presented, now)
        if managing is not None and managing.client_id == client.client_id:
            raise ProtocolError(400, "unsupported_token_type", _ENDS_BY_ITSELF)
        token = lookup.token
        # Gap 19: whose token it is, oauthlib does not ask.
        if token is not None and token.client_id == client.client_id and lookup.family_killed_at is None:
            protocol.kill_family(token.family_id, now)
        return empty_answer()
