"""The introspection endpoint (RFC 7662): one read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from oauthlib.oauth2 import IntrospectEndpoint

from consentcore.domain.authorization_detail import read
from consentcore.domain.client import ClientKind
from consentcore.domain.secret import digest
from consentcore.domain.token import TokenKind
from consentcore.keys.seals import still_counts
from consentcore.oauth.authorization_details import at_locations
from consentcore.oauth.endpoint import Endpoint
from consentcore.oauth.errors import invalid_client
from consentcore.oauth.parameters import ABOUT_TOKEN, read_body
from consentcore.oauth.parsed_request import ParsedRequest
from consentcore.oauth.remembered import Remembered
from consentcore.oauth.responses import answer, json_answer
from consentcore.oauth.signed_introspection import signed_answer, wants_signed
from consentcore.oauth.token_binding import token_type_of
from consentcore.oauth.token_claims import TokenClaims, plugin_claims, standard_claims, subject_of
from consentcore.oauth.token_seals import genuine_token

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.grant import Grant
    from consentcore.domain.token import Token, TokenLookup
    from consentcore.oauth.context import ServerContext
    from consentcore.oauth.messages import HttpRequest, HttpResponse
    from consentcore.oauth.validator import Validator

INACTIVE = {"active": False}
REMEMBERED = 2000
"""Look-ups whose answers are kept, a few hundred bytes each."""


class _Told(NamedTuple):
    """What there is to say of a token.

    :ivar body: ``members`` as JSON; plugins may add to them.
    """

    claims: TokenClaims
    subject: str
    members: dict[str, object]
    body: str


class IntrospectionEndpoint(Endpoint):
    """Tells APIs and clients about tokens."""

    def __init__(self, server: ServerContext, validator: Validator) -> None:
        super().__init__(server)
        self._oauthlib = IntrospectEndpoint(validator)
        self._told: Remembered[TokenLookup, _Told] = Remembered(REMEMBERED)

    def respond(self, http: HttpRequest) -> HttpResponse:
        """Answer an introspection request.

        A resource server learns about access tokens that carry one of its scopes, or an authorization detail of one of
        its types (any, when it has neither), and, where
        both name an audience, one of its own; an application about its own tokens. Everything else is
        ``{"active": false}`` and nothing more (section 4). Signed where that is asked for (RFC 9701).
        """
        parameters = read_body(http, ABOUT_TOKEN, self._server.settings.server.max_body_bytes)
        credentials = self._server.authenticator.identify("introspect", http, parameters)
        token, now = parameters.get("token", ""), self._server.clock.now()
        found = self._server.storage.protocol.find_token(credentials.client_id, digest(token))
        client = self._server.authenticator.authenticate("introspect", http, credentials, found.client, now)
        if client.public:
            raise invalid_client()  # section 2.1: the endpoint must require authorization
        request = ParsedRequest("POST", {"token": token, "client_id": client.client_id})
        request.client = client
        self._oauthlib.validate_introspect_request(request)
        # Gap 7: oauthlib would make {"active": true} of an inactive answer, so it does not write it.
        told = self._answer_about(client, found, now)
        return signed_answer(self._server, client, told, now) if wants_signed(http) else told

    def _answer_about(self, client: Client, found: TokenLookup, now: int) -> HttpResponse:
        """What ``client`` is told of what was found for it. Whether a token is live is asked each time; what there is
        to say of it follows from what was found, so it is said again for the very same look-up."""
        told = self._told.of(found)
        if told is not None and found.token is not None and not still_counts(self._server.keys, found.token):
            told = None
        lookup = genuine_token(self._server.keys, found) if told is None else found
        token, grant = lookup.token, lookup.grant
        if token is None or grant is None or not lookup.is_live(now) or not _may_know(client, lookup):
            return json_answer(INACTIVE)
        if client.kind is ClientKind.RESOURCE_SERVER:  # somebody stands there with the token and wants data
            self._server.used(grant.grant_id)
        if told is None:
            told = self._what_to_tell(lookup, token, grant)
            self._told.keep(found, told)
        if self._server.claims is None:
            return answer(told.body)
        return json_answer({**told.members, **plugin_claims(self._server, told.claims, told.subject)})

    def _what_to_tell(self, lookup: TokenLookup, token: Token, grant: Grant) -> _Told:
        claims = TokenClaims(
            grant=grant,
            client_id=token.client_id,
            scopes=lookup.effective_scopes(),
            audience=token.audience,
            created_at=token.created_at,
            expires_at=token.expires_at,
            auth_time=token.auth_time,
            acr=token.acr,
            confirmation=token.confirmation,
            authorization_details=_details_for(lookup),
        )
        # An access token must not be mistaken for the other kind (security requirement 53).
        access = token.kind is TokenKind.ACCESS
        kind = token_type_of(token.confirmation) if access else "refresh_token"
        subject = subject_of(self._server, claims)
        own = {"active": True, "token_type": kind, **standard_claims(self._server, claims, subject)}
        return _Told(claims, subject, own, json.dumps(own))


def _may_know(client: Client, lookup: TokenLookup) -> bool:
    token = lookup.token
    if token is None:
        return False
    if client.kind is not ClientKind.RESOURCE_SERVER:
        return token.client_id == client.client_id
    # Nobody presents a refresh token to an API, nor to this one a token that names others (RFC 8707 section 3).
    if token.kind is not TokenKind.ACCESS or _names_others(client, token):
        return False
    types = client.authorization_details_types
    if not client.scopes and not types:
        return True
    return not set(client.scopes).isdisjoint(lookup.effective_scopes()) or bool(
        types and _details_for(lookup)
    )


def _details_for(lookup: TokenLookup) -> tuple[str, ...]:
    """The authorization details that the asking client is told of: an API those of its types, and for its own
    locations, where it names any (RFC 9396 section 9.2). One that is registered for scopes and no type is told of
    none: it is told what is meant for it, and everything only where it is registered for nothing."""
    details, client = lookup.effective_details(), lookup.client
    if not details or client is None or client.kind is not ClientKind.RESOURCE_SERVER:
        return details
    if client.authorization_details_types or client.scopes:
        details = tuple(one for one in details if read(one).type in client.authorization_details_types)
    return at_locations(details, client.audiences)


def _names_others(client: Client, token: Token) -> bool:
    """Whether token and API name audiences, and none of them is the same."""
    return bool(client.audiences and token.audience) and set(client.audiences).isdisjoint(token.audience)
