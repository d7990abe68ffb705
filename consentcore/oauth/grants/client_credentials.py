"""The grant type ``client_credentials`` (RFC 6749 section 4.4), for the grant management endpoint alone: what is a data
owner's is never had without the data owner."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from consentcore.domain.clock import SECOND
from consentcore.oauth import management_token
from consentcore.oauth.errors import ProtocolError
from consentcore.oauth.grant_management import QUERY_SCOPE, REVOKE_SCOPE, may_manage
from consentcore.oauth.grants.exchange import GrantType
from consentcore.oauth.management_token import LIFE_MS, ManagementToken
from consentcore.oauth.responses import json_answer
from consentcore.oauth.scope_strings import parse
from consentcore.oauth.token_binding import binding_of, nonce_headers, token_type_of, use_up

if TYPE_CHECKING:
    from consentcore.oauth.client_auth import Credentials
    from consentcore.oauth.messages import HttpRequest, HttpResponse

SCOPES = (QUERY_SCOPE, REVOKE_SCOPE)


class ClientCredentials(GrantType):
    """Gives a client that may manage its grants a token for that."""

    NAME = "client_credentials"
    PARAMETERS = MappingProxyType({"scope": 4096})

    def exchange(
        self, http: HttpRequest, credentials: Credentials, parameters: Mapping[str, str]
    ) -> HttpResponse:
        """See :meth:`GrantType.exchange`; one read, and one write for a proof that may be used once."""
        server, now = self._server, self._server.clock.now()
        known = server.storage.protocol.read_authorize(credentials.client_id, None, now).client
        client = server.authenticator.authenticate("token", http, credentials, known, now)
        if not may_manage(server.settings.oauth.grant_management, client):
            raise ProtocolError(400, "unauthorized_client", "This client may not manage its grants")
        scopes = parse(parameters.get("scope", ""))
        if scopes is None or not set(scopes).issubset(SCOPES):
            raise ProtocolError(400, "invalid_scope", f"scope: expected {' or '.join(SCOPES)}, or both")
        binding = binding_of(server, http, "token", client, now)
        use_up(server, binding, now)
        made = ManagementToken(client.client_id, scopes, now + LIFE_MS, binding.confirmation)
        answer = {
            "access_token": management_token.write(server.keys, made),
            "token_type": token_type_of(binding.confirmation),
            "expires_in": LIFE_MS // SECOND,
            "scope": " ".join(scopes),
        }
        return json_answer(answer, headers=nonce_headers(server, now))
