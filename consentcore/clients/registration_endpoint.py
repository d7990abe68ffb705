"""The endpoint where applications register themselves (RFC 7591 section 3).

It can be called from any page: no credentials of a browser count here. Nothing of what is registered can be read or
changed there afterwards (RFC 7592 is not spoken): who made a mistake registers anew.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from consentcore.clients.metadata import member_of, metadata_of, once
from consentcore.clients.registration import TooManyRegistrations
from consentcore.clients.registration_tokens import TokenRefused
from consentcore.domain.address import network_of
from consentcore.domain.clock import SECOND
from consentcore.domain.errors import InvalidInput
from consentcore.domain.json_text import read_json
from consentcore.oauth.cross_origin import ANYWHERE, is_preflight, preflight
from consentcore.oauth.endpoint import Endpoint
from consentcore.oauth.errors import ProtocolError, bad_request
from consentcore.oauth.parameters import JSON_TYPE, check_whole, media_type
from consentcore.oauth.responses import json_answer

if TYPE_CHECKING:
    from consentcore.clients.registration import Registrations
    from consentcore.clients.service import NewClient
    from consentcore.oauth.context import ServerContext
    from consentcore.oauth.messages import HttpRequest, HttpResponse

MAX_BYTES = 65_536
"""Largest request: a key set and fifty redirect URIs fit, and nobody reads more of a stranger."""


class RegistrationEndpoint(Endpoint):
    """Takes registrations.

    :param registrations: the rules, and where what is sound is stored.
    """

    def __init__(self, server: ServerContext, registrations: Registrations) -> None:
        super().__init__(server)
        self._registrations = registrations

    def answer(self, http: HttpRequest) -> HttpResponse:
        """Answer whatever comes, to any origin. Raises nothing."""
        if is_preflight(http.method, http.headers):
            return preflight("POST")
        answer = self._answer(http)
        return replace(answer, headers=[*answer.headers, *ANYWHERE])

    def respond(self, http: HttpRequest) -> HttpResponse:
        """Answer a registration: 201 with what was registered (section 3.2.1), 400 with ``invalid_redirect_uri`` or
        ``invalid_client_metadata`` (section 3.2.2), 401 without the token that is needed (RFC 6750 section 3)."""
        token = _token(http)
        try:
            self._registrations.admit(token)
        except TokenRefused:
            raise _unauthorized(shown=bool(token)) from None
        members = _members(http, min(MAX_BYTES, self._server.settings.server.max_body_bytes))
        if members.get("software_statement") is not None:
            expected = "software_statement: expected none, this server trusts nobody's"
            raise ProtocolError(400, "unapproved_software_statement", expected)
        try:
            made = self._registrations.register(members, network_of(http.remote_addr), token)
        except TokenRefused:
            raise _unauthorized(shown=True) from None
        except InvalidInput as error:
            raise _refusal(error) from None
        except TooManyRegistrations as error:
            wait = {"Retry-After": str(error.retry_after_s)}
            raise ProtocolError(429, "temporarily_unavailable", "Too many registrations", wait) from None
        return _registered(made)


def _token(http: HttpRequest) -> str:
    """The initial access token of a request (RFC 6750 section 2.1); "" where it has no ``Authorization``."""
    header = http.headers.get("authorization")
    if header is None:
        return ""
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _unauthorized(shown=True)
    return token.strip()


def _unauthorized(*, shown: bool) -> ProtocolError:
    """Who shows no token is not told of an error (RFC 6750 section 3.1)."""
    error = ', error="invalid_token"' if shown else ""
    challenge = {"WWW-Authenticate": f'Bearer realm="consentcore"{error}'}
    return ProtocolError(401, "invalid_token", "Expected an initial access token", challenge)


def _members(http: HttpRequest, most: int) -> dict[str, Any]:
    check_whole(http, most)
    if media_type(http) != JSON_TYPE:
        raise bad_request(f"Content-Type: expected {JSON_TYPE}", 415)
    try:
        found = read_json(http.body, once)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ProtocolError(
            400, "invalid_client_metadata", "body: expected a JSON object in UTF-8, each member once"
        )
    return found


def _refusal(error: InvalidInput) -> ProtocolError:
    member = member_of(error.field)
    code = "invalid_redirect_uri" if member == "redirect_uris" else "invalid_client_metadata"
    return ProtocolError(400, code, f"{member}: {error.expected}")


def _registered(made: NewClient) -> HttpResponse:
    client = made.client
    given: dict[str, object] = {
        "client_id": client.client_id,
        "client_id_issued_at": client.created_at // SECOND,
    }
    if made.client_secret:
        given |= {"client_secret": made.client_secret, "client_secret_expires_at": 0}
    return json_answer({**given, **metadata_of(client)}, 201)
