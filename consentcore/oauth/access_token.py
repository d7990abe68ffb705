"""The access token of one exchange: a reference, or a JWT where the client is registered for those."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consentcore.domain.client import TokenFormat
from consentcore.oauth.jwt_access_token import default_audience, mint_jwt
from consentcore.oauth.token_claims import Statement

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.grant import Grant
    from consentcore.oauth.context import Parts


@dataclass(frozen=True, slots=True)
class Wish:
    """What the token shall stand for. ``audience`` may be empty; times in milliseconds since the epoch."""

    scopes: tuple[str, ...]
    audience: tuple[str, ...]
    now: int
    auth_time: int | None
    acr: str


@dataclass(frozen=True, slots=True)
class Access:
    """An access token in clear, and the audience that is stored with it."""

    text: str = field(repr=False)
    audience: tuple[str, ...]


def make(parts: Parts, client: Client, grant: Grant, wish: Wish, reference: str) -> Access:
    """Make the access token.

    :param reference: the opaque token, which is what most clients get.
    :raises ProtocolError: what was asked for is too much for a JWT.
    :raises ConfigurationError: claims of plugins
        are not in order.
    """
    if client.access_token_format is not TokenFormat.JWT:
        return Access(reference, wish.audience)
    audience = wish.audience or default_audience(parts)
    end = parts.lifetimes.access_end(wish.now, grant)
    said = Statement(
        grant=grant,
        client_id=client.client_id,
        scopes=wish.scopes,
        audience=audience,
        created_at=wish.now,
        expires_at=end,
        auth_time=wish.auth_time,
        acr=wish.acr,
    )
    return Access(mint_jwt(parts, said), audience)
