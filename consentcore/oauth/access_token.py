"""The access token of one exchange: a reference, or a JWT where the client is registered for those."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consentcore.domain.client import TokenFormat
from consentcore.oauth.jwt_access_token import default_audience, fits, mint_jwt
from consentcore.oauth.token_claims import TokenClaims

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.grant import Grant
    from consentcore.oauth.context import ServerContext


MOST_IN_JWT = 50
"""Chosen resources that a JWT names; of a grant with more, a token is a reference whatever its client prefers.
So it is where authorization details do not fit into one."""


@dataclass(frozen=True, slots=True)
class AccessTokenRequest:
    """What a token shall stand for. ``audience`` and ``confirmation`` may be empty; times are in milliseconds."""

    scopes: tuple[str, ...]
    audience: tuple[str, ...]
    now: int
    auth_time: int | None
    acr: str
    confirmation: str
    authorization_details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token in clear, and the audience that is stored with it."""

    text: str = field(repr=False)
    audience: tuple[str, ...]


def make_access_token(
    server: ServerContext, client: Client, grant: Grant, request: AccessTokenRequest, reference: str
) -> AccessToken:
    """Make the access token.

    :param reference: the opaque token, which is what most clients get.
    :raises ProtocolError: what was asked for is too much for a JWT.
    :raises ConfigurationError: claims of plugins are not in order.
    """
    if client.access_token_format is not TokenFormat.JWT or len(grant.resources) > MOST_IN_JWT:
        return AccessToken(reference, request.audience)
    audience = request.audience or default_audience(server)
    claims = TokenClaims(
        grant=grant,
        client_id=client.client_id,
        scopes=request.scopes,
        audience=audience,
        created_at=request.now,
        expires_at=server.lifetimes.access_end(request.now, grant),
        auth_time=request.auth_time,
        acr=request.acr,
        confirmation=request.confirmation,
        authorization_details=request.authorization_details,
    )
    if request.authorization_details and not fits(server, claims):
        return AccessToken(reference, request.audience)
    return AccessToken(mint_jwt(server, claims), audience)
