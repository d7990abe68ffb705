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
    from consentcore.oauth.context import Parts


class Statement(NamedTuple):
    """What is to be said of a token. Times in milliseconds since the epoch."""

    grant: Grant
    client_id: str
    scopes: tuple[str, ...]
    audience: tuple[str, ...]
    created_at: int
    expires_at: int
    auth_time: int | None = None
    acr: str = ""


def standard_claims(parts: Parts, said: Statement, subject: str) -> dict[str, object]:
    """The claims that the product itself makes. ``aud`` is absent where the token names no audience.

    :param subject: see :func:`subject_of`.
    """
    claims: dict[str, object] = {
        "iss": parts.settings.issuer,
        "sub": subject,
        "client_id": said.client_id,
        "scope": " ".join(said.scopes),
        "exp": min(said.expires_at, said.grant.expires_at) // SECOND,
        "iat": said.created_at // SECOND,
        "grant_id": said.grant.grant_id,
    }
    if said.audience:
        claims["aud"] = said.audience[0] if len(said.audience) == 1 else list(said.audience)
    if said.auth_time is not None:
        claims["auth_time"] = said.auth_time // SECOND
    if said.acr:
        claims["acr"] = said.acr
    if said.grant.resources:
        claims["resources"] = list(said.grant.resources)
    return claims


def subject_of(parts: Parts, said: Statement) -> str:
    """Under which name the client knows the data owner."""
    return pairwise_subject(parts.keys, said.client_id, said.grant.owner_id)


def plugin_claims(parts: Parts, said: Statement, subject: str) -> Mapping[str, object]:
    """The claims that plugins add.

    :raises ConfigurationError: one of them is reserved, or given twice.
    """
    extra = parts.claims(TokenContext(said.grant, said.client_id, said.scopes, subject, said.audience))
    shadowed = sorted(RESERVED_CLAIMS.intersection(extra))
    if shadowed:
        raise ConfigurationError([f"a plugin gave the reserved claim {name}" for name in shadowed])
    return extra
