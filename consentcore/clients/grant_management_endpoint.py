"""The endpoint where a client asks about its grants and ends them (Grant Management for OAuth 2.0 section 6).

A token is the client's own, see :mod:`consentcore.oauth.management_token`, and whether it may still be used is looked
up each time. A grant that has ended, one of another client and one that never was get the same answer.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from consentcore.domain.clock import SECOND
from consentcore.domain.errors import NotFound
from consentcore.domain.grant import standing
from consentcore.oauth import management_token
from consentcore.oauth.authorization_details import told_of
from consentcore.oauth.endpoint import Endpoint
from consentcore.oauth.errors import ProtocolError, suspended
from consentcore.oauth.grant_management import INVALID_GRANT_ID, QUERY_SCOPE, REVOKE_SCOPE, may_manage
from consentcore.oauth.messages import HttpResponse
from consentcore.oauth.presented_token import challenge, check_possession, presented_token
from consentcore.oauth.responses import NO_STORE, json_answer
from consentcore.oauth.token_binding import nonce_headers
from consentcore.oauth.token_claims import chosen_resources
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.clients.grants import ClientGrants
    from consentcore.domain.grant import Grant
    from consentcore.oauth.context import ServerContext
    from consentcore.oauth.messages import HttpRequest
    from consentcore.ports.transactions import UnitOfWork

SCOPES = {"GET": QUERY_SCOPE, "DELETE": REVOKE_SCOPE}
METHOD = "grant_management:delete"
"""How evidence calls the control that a client has used."""


class GrantManagementEndpoint(Endpoint):
    """Answers about one grant, and ends it.

    :param grants: what a client sees of its grants, and ends.
    """

    METHODS: ClassVar[tuple[str, ...]] = tuple(SCOPES)

    def __init__(self, server: ServerContext, grants: ClientGrants) -> None:
        super().__init__(server)
        self._grants = grants

    def respond(self, http: HttpRequest) -> HttpResponse:
        """200 with what the grant permits (section 6.4), or 204 when it has ended (section 6.5).

        :raises ProtocolError: 401 ``invalid_token``, 403 ``insufficient_scope``, 404 (section 6.6); 429 beyond the
            limits of ``/api/v1``.
        """
        server, now = self._server, self._server.clock.now()
        client_id = self._authorized(http, now)
        headers = nonce_headers(server, now)
        if http.method == "DELETE":
            transact(server.storage, lambda uow: self._end(uow, client_id, http.about))
            return HttpResponse(204, [*NO_STORE, *headers], b"")
        with server.storage.reading() as uow:
            grant = self._standing(uow, client_id, http.about)
        return json_answer(self._told(grant), headers=headers)

    def _authorized(self, http: HttpRequest, now: int) -> str:
        """The client whose token allows the request."""
        server, wanted = self._server, SCOPES[http.method]
        presented = presented_token(http)
        token = management_token.read(server.keys, presented[1], now)
        server.authenticator.admit("api", http, token.client_id if token else "")
        if token is None:
            raise challenge("the token is unknown, or its time is over", scheme=presented[0], scopes=[wanted])
        client = server.storage.protocol.read_authorize(token.client_id, None, now).client
        if client is None or not client.enabled:
            raise challenge("the token is unknown, or its time is over", scheme=presented[0])
        if client.suspended is not None:
            raise suspended(403)
        if not may_manage(server.settings.oauth.grant_management, client):
            raise ProtocolError(403, "unauthorized_client", "This client may not manage its grants")
        urls = tuple(f"{url}/{http.about}" for url in server.settings.endpoint_urls("grants"))
        check_possession(server, http, urls, presented, token.confirmation)
        server.authenticator.count("api", http, token.client_id)
        if wanted not in token.scopes:
            refusal = "the token does not allow this"
            raise challenge(refusal, "insufficient_scope", status=403, scheme=presented[0], scopes=[wanted])
        return token.client_id

    def _standing(self, uow: UnitOfWork, client_id: str, grant_id: str) -> Grant:
        with suppress(NotFound):
            grant = self._grants.find(uow, client_id, grant_id)
            if standing(grant, self._server.clock.now()).active:
                return grant
        raise ProtocolError(404, INVALID_GRANT_ID, "No grant of this client that stands has this id")

    def _end(self, uow: UnitOfWork, client_id: str, grant_id: str) -> None:
        self._standing(uow, client_id, grant_id)
        self._grants.close(uow, client_id, grant_id, method=METHOD)

    def _told(self, grant: Grant) -> dict[str, object]:
        """Section 6.4, and what tokens under it say of chosen resources."""
        return {
            "scopes": [{"scope": " ".join(grant.scope_ids)}] if grant.scopes else [],
            "claims": [],
            **told_of(grant.authorization_details, grant),
            **chosen_resources(self._server, grant),
            "created_at": grant.created_at // SECOND,
            "last_updated": grant.changed_at // SECOND,
            "expires_at": grant.expires_at // SECOND,
        }
