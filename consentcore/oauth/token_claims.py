"""What a token says: the claims that introspection answers (RFC 7662) and JWT access tokens (RFC 9068) share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from consentcore.domain.clock import SECOND
from consentcore.domain.errors import ConfigurationError
from consentcore.domain.resource import by_kind, id_of
from consentcore.oauth.authorization_details import told_of
from consentcore.oauth.client_documents import shown_id
from consentcore.oauth.token_binding import cnf_of
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
    confirmation: str = ""
    authorization_details: tuple[str, ...] = ()


def standard_claims(server: ServerContext, claims: TokenClaims, subject: str) -> dict[str, object]:
    """The claims that the product itself makes. ``aud`` is absent where the token names no audience.

    :param subject: see :func:`subject_of`.
    """
    members: dict[str, object] = {
        "iss": server.settings.issuer,
        "sub": subject,
        "client_id": shown_id(server, claims.client_id),
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
    members |= cnf_of(claims.confirmation)
    members |= told_of(claims.authorization_details, claims.grant)
    return members | chosen_resources(server, claims.grant)


def chosen_resources(server: ServerContext, grant: Grant) -> dict[str, object]:
    """The member ``resources`` of whatever is told of a token: what the owner has chosen, by kind.

    It is there whenever the catalog knows a scope that needs a choice, and empty where none was made: an API then gives
    nothing.
    """
    if not grant.resources and not server.catalog.resource_kinds:
        return {}
    return {"resources": by_kind(grant.resources)}


def subject_of(server: ServerContext, claims: TokenClaims) -> str:
    """Under which name the client knows the data owner."""
    return pairwise_subject(server.keys, claims.client_id, claims.grant.owner_id)


def plugin_claims(server: ServerContext, claims: TokenClaims, subject: str) -> Mapping[str, object]:
    """The claims that plugins add.

    :raises ConfigurationError: one of them is reserved, or given twice.
    """
    if server.claims is None:
        return {}
    # To plugins the grant names resources by the ids of their directory, as it always has.
    grant = replace(claims.grant, resources=tuple(id_of(one) for one in claims.grant.resources))
    extra = server.claims(TokenContext(grant, claims.client_id, claims.scopes, subject, claims.audience))
    shadowed = sorted(RESERVED_CLAIMS.intersection(extra))
    if shadowed:
        raise ConfigurationError([f"a plugin gave the reserved claim {name}" for name in shadowed])
    return extra
