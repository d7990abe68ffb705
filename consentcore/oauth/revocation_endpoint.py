"""The revocation endpoint (RFC 7009): one read, one write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oauthlib.common import Request
from oauthlib.oauth2 import RevocationEndpoint as OAuthlibRevocation

from consentcore.domain.secret import digest
from consentcore.oauth import parameters as front
from consentcore.oauth.responses import empty_answer

if TYPE_CHECKING:
    from consentcore.oauth.context import Parts
    from consentcore.oauth.messages import HttpRequest, HttpResponse
    from consentcore.oauth.validator import Validator


class RevocationEndpoint:
    """Lets a client give its tokens back. The grant stays: that is the owner's, or a call of its own."""

    def __init__(self, parts: Parts, validator: Validator) -> None:
        self._parts = parts
        self._oauthlib = OAuthlibRevocation(validator)

    def respond(self, http: HttpRequest) -> HttpResponse:
        """Kill the family of the client's own token; 200 for any other, unknown ones included (section 2.2).

        :raises ProtocolError: a refusal.
        :raises OAuth2Error: a refusal by oauthlib.
        :raises StorageError: nothing was revoked, and this must not be answered with 200.
        """
        parameters = front.read_body(http, front.ABOUT_TOKEN, self._parts.settings.server.max_body_bytes)
        credentials = self._parts.admission.identify("revoke", http, parameters)
        presented, now = parameters.get("token", ""), self._parts.clock.now()
        protocol = self._parts.storage.protocol
        lookup = protocol.find_token(credentials.client_id, digest(presented))
        client = self._parts.admission.authenticate("revoke", http, credentials, lookup.client, now)
        request = Request("", "POST", {"token": presented, "client_id": client.client_id})
        request.client = client
        self._oauthlib.validate_revocation_request(request)
        token = lookup.token
        # Gap 19: whose token it is, oauthlib does not ask.
        if token is not None and token.client_id == client.client_id and lookup.family_killed_at is None:
            protocol.kill_family(token.family_id, now)
        return empty_answer()
