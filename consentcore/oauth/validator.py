# ruff: noqa: ARG002 - the signatures are oauthlib's
"""oauthlib's RequestValidator: thin, stateless, shared by all threads.

Whatever belongs to one request hangs on the request: ``request.exchange`` at the token endpoint,
``request.authorize_state`` at the authorization endpoint.
"""

from __future__ import annotations

from typing import Any

from oauthlib.oauth2 import RequestValidator

from consentcore.domain.client import ClientKind
from consentcore.oauth import scope_strings
from consentcore.oauth.redirect_uris import is_registered


class Validator(RequestValidator):  # type: ignore[misc]  # oauthlib has no types
    """Answers oauthlib's questions from what the endpoints have read already."""

    # authorization endpoint

    def validate_client_id(self, client_id: str, request: Any, *_: Any, **__: Any) -> bool:
        """Whether a person may be sent here by that client: known, enabled, an application."""
        client = request.authorize_state.context.client
        request.client = client
        return client is not None and client.enabled and client.kind is ClientKind.APPLICATION

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Any, *_: Any, **__: Any
    ) -> bool:
        """Exact comparison, see :func:`is_registered`."""
        return is_registered(request.client, redirect_uri)

    def get_default_redirect_uri(self, client_id: str, request: Any, *_: Any, **__: Any) -> str | None:
        """The registered URI when there is just one (RFC 6749 section 3.1.2.3); at the token endpoint the code's."""
        exchange = getattr(request, "exchange", None)
        if exchange is not None:
            return str(exchange.redirect_uri)
        registered = request.client.redirect_uris
        return registered[0] if len(registered) == 1 else None

    def validate_response_type(
        self, client_id: str, response_type: str, client: Any, request: Any, *_: Any, **__: Any
    ) -> bool:
        """Only ``code``; the strict check before has said so already (gap 15)."""
        return response_type == "code"

    def is_pkce_required(self, client_id: str, request: Any) -> bool:
        """Public clients always; others by their own or the server's switch."""
        return bool(request.client.public or request.client.require_pkce or request.require_pkce)

    def get_default_scopes(self, client_id: str, request: Any, *_: Any, **__: Any) -> list[str]:
        """See :func:`scope_strings.default`; none where authorization details say what is asked (RFC 9396 section
        3.1)."""
        if request.details:
            return []
        return list(scope_strings.default(request.client, request.authorize_state.catalog))

    def validate_scopes(
        self, client_id: str, scopes_: list[str], client: Any, request: Any, *_: Any, **__: Any
    ) -> bool:
        """Only scopes that the client is registered for and that the catalog holds; at least one, or an authorization
        detail."""
        return bool(scopes_ or request.details) and scope_strings.permitted(
            client, request.authorize_state.catalog, scopes_
        )

    # client authentication: done before oauthlib sees the request, see client_auth

    def client_authentication_required(self, request: Any, *_: Any, **__: Any) -> bool:
        """Confidential clients have a secret to show."""
        return not request.client.public

    def authenticate_client(self, request: Any, *_: Any, **__: Any) -> bool:
        """Whether the endpoint found the credentials good."""
        return request.client is not None

    def authenticate_client_id(self, client_id: str, request: Any, *_: Any, **__: Any) -> bool:
        """Whether the endpoint took it for that public client."""
        return request.client is not None and request.client.client_id == client_id

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Any, *_: Any, **__: Any
    ) -> bool:
        """Applications may use both grants; an API has nothing to exchange."""
        return bool(client.kind is ClientKind.APPLICATION)

    # code and refresh token

    def validate_code(self, client_id: str, code: str, client: Any, request: Any, *_: Any, **__: Any) -> bool:
        """See :meth:`CodeExchange.check`, which raises where the answer is no."""
        request.exchange.check(request)
        return True

    def get_code_challenge(self, code: str, request: Any) -> str | None:
        """None, never "" (gap 3)."""
        return request.exchange.code_challenge  # type: ignore[no-any-return]

    def get_code_challenge_method(self, code: str, request: Any) -> str:
        """The only one there is."""
        return "S256"

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Any, request: Any, *_: Any, **__: Any
    ) -> bool:
        """See :meth:`CodeExchange.confirm_redirect_uri`, which raises where the answer is no."""
        request.exchange.confirm_redirect_uri(redirect_uri, given=not request.using_default_redirect_uri)
        return True

    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Any, *_: Any, **__: Any
    ) -> bool:
        """See :meth:`RefreshExchange.check`, which raises where the answer is no."""
        request.exchange.check(request)
        return True

    def get_original_scopes(self, refresh_token: str, request: Any, *_: Any, **__: Any) -> list[str]:
        """The most that a refresh may ask for."""
        return request.exchange.original_scopes  # type: ignore[no-any-return]

    def is_within_original_scope(
        self, request_scopes: list[str], refresh_token: str, request: Any, *_: Any, **__: Any
    ) -> bool:
        """No other scope is contained in the original ones."""
        return False

    def rotate_refresh_token(self, request: Any) -> bool:
        """Every use of a refresh token makes a new one (RFC 9700 section 4.14.2), except in FAPI 2.0."""
        return bool(request.exchange.rotates)
