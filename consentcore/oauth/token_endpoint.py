"""The token endpoint: one read, one writing verb (RFC 6749 sections 4.1.3 and 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from oauthlib.common import Request

from consentcore.domain.secret import digest
from consentcore.oauth import parameters as front
from consentcore.oauth import scope_strings as scopes
from consentcore.oauth.errors import ProtocolError, bad_request
from consentcore.oauth.grants.authorization_code import CodeExchange
from consentcore.oauth.grants.oauthlib_types import bearer, code_grant, refresh_grant
from consentcore.oauth.grants.refresh_token import RefreshExchange
from consentcore.oauth.responses import json_answer

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.oauth.client_auth import Credentials
    from consentcore.oauth.context import Parts
    from consentcore.oauth.messages import HttpRequest, HttpResponse
    from consentcore.oauth.validator import Validator

CODE_GRANT = "authorization_code"
REFRESH_GRANT = "refresh_token"


class TokenEndpoint:
    """Exchanges codes and refresh tokens."""

    def __init__(self, parts: Parts, validator: Validator) -> None:
        self._parts = parts
        self._code = code_grant(validator)
        self._refresh = refresh_grant(validator)
        self._bearer = bearer(validator)

    def respond(self, http: HttpRequest) -> HttpResponse:
        """Answer a token request.

        :raises ProtocolError: a refusal.
        :raises OAuth2Error: a refusal by oauthlib's hooks.
        :raises StorageError: nothing was changed.
        """
        parameters = front.read_body(http, front.TOKEN, self._parts.settings.server.max_body_bytes)
        grant_type = parameters.get("grant_type")
        if grant_type is None:
            raise bad_request("grant_type: expected authorization_code or refresh_token")
        if grant_type not in (CODE_GRANT, REFRESH_GRANT):
            description = "grant_type: expected authorization_code or refresh_token"
            raise ProtocolError(400, "unsupported_grant_type", description)
        credentials = self._parts.admission.identify("token", http, parameters)
        exchange = self._exchange_code if grant_type == CODE_GRANT else self._exchange_refresh
        return exchange(http, credentials, parameters)

    def _exchange_code(
        self, http: HttpRequest, credentials: Credentials, parameters: Mapping[str, str]
    ) -> HttpResponse:
        presented, now = parameters.get("code", ""), self._parts.clock.now()
        lookup = self._parts.storage.protocol.read_code(credentials.client_id, digest(presented))
        client = self._parts.admission.authenticate("token", http, credentials, lookup.client, now)
        request = _request(client, parameters, ("code", "redirect_uri", "code_verifier"))
        wanted = front.several(parameters, "resource")
        request.exchange = CodeExchange(self._parts, client, lookup, presented, now, wanted=wanted)
        request.require_pkce = self._parts.settings.oauth.require_pkce
        return self._issue(self._code, request)

    def _exchange_refresh(
        self, http: HttpRequest, credentials: Credentials, parameters: Mapping[str, str]
    ) -> HttpResponse:
        presented, now = parameters.get("refresh_token", ""), self._parts.clock.now()
        lookup = self._parts.storage.protocol.find_token(credentials.client_id, digest(presented))
        client = self._parts.admission.authenticate("token", http, credentials, lookup.client, now)
        request = _request(client, parameters, ("refresh_token", "scope"))
        if request.scope is not None:
            wanted = scopes.parse(request.scope)
            if wanted is None:
                raise ProtocolError(400, "invalid_scope", scopes.MALFORMED)
            request.scope = " ".join(wanted)
        wanted = front.several(parameters, "resource")
        request.exchange = RefreshExchange(self._parts, client, lookup, presented, now, wanted=wanted)
        return self._issue(self._refresh, request)

    def _issue(self, grant: Any, request: Any) -> HttpResponse:
        """Validate, make, store. oauthlib's create_token_response does not let errors of the storing through
        as answers, and writes answers that we do not want (gaps 8, 13, 18)."""
        grant.validate_token_request(request)
        token = self._bearer.create_token(request, refresh_token=True)
        request.exchange.store(request, token)
        return json_answer(token)


def _request(client: Client, parameters: Mapping[str, str], names: tuple[str, ...]) -> Any:
    """Make oauthlib's request with nothing in it that this grant does not use (gaps 6 and 18)."""
    body = {name: parameters[name] for name in ("grant_type", *names) if name in parameters}
    request = Request("", "POST", {**body, "client_id": client.client_id})
    request.client = client
    return request
