"""What a token says: the claims that introspection answers (RFC 7662) and JWT access tokens (RFC 9068) share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from consentcore.domain.clock import SECOND
from consentcore.domain.errors import ConfigurationError
from consentcore.ports.extension import RESERVED_CLAIMS, TokenContext
from consentcore.ports.keys import pairwise_subject

if TYPE_CHECKING:
    from consentcore.domain.grant import Grant
    from consentcore.oauth.context import ServerContext


class TokenClaims(NamedTuple):
    """What there is to say of a token. Times in milliseconds since the epoch."""

    grant: Grant
    client_id: str
    scopes: tuple[str, ...]
    audience: tuple[str, ...]
    created_at: int
    expires_at: int
    auth_time: int | None = None
    acr: str = ""


def standard_claims(server: ServerContext, claims: TokenClaims, subject: str) -> dict[str, object]:
    """The claims that the product itself makes. ``aud`` is absent where the token names no audience.

    :param subject: see :func:`subject_of`.
    """
    members: dict[str, object] = {
        "iss": server.settings.issuer,
        "sub": subject,
        "client_id": claims.client_id,
        "scope": " ".join(claims.scopes),
        "exp": min(claims.expires_at, claims.grant.expires_at) // SECOND,
        "iat": claims.created_at // SECOND,
        "grant_id": claims.grant.grant_id,
    }
    if claims.audience:
        members["aud"] = claims.audience[0] if len(claims.audience) == 1 else list(claims.audience)
    if claims.auth_time is not None:
        members["auth_time"] = claims.auth_time // SECOND
    if claims.acr:
        members["acr"] = claims.acr
    if claims.grant.resources:
        members["resources"] = list(claims.grant.resources)
    return members


def subject_of(server: ServerContext, claims: TokenClaims) -> str:
    """Under which name the client knows the data owner."""
    return pairwise_subject(server.keys, claims.client_id, claims.grant.owner_id)


def plugin_claims(server: ServerContext, claims: TokenClaims, subject: str) -> Mapping[str, object]:
    """The claims that plugins add.

    :raises ConfigurationError: one of them is reserved, or given twice.
    """
    extra = server.claims(
        TokenContext(claims.grant, claims.client_id, claims.scopes, subject, claims.audience)
    )
    shadowed = sorted(RESERVED_CLAIMS.intersection(extra))
    if shadowed:
        raise ConfigurationError([f"a plugin gave the reserved claim {name}" for name in shadowed])
    return extra
