"""JWT access tokens (RFC 9068), for clients that are registered for them.

They are stored like every other token, as the SHA-256 of their text, so that introspection, revocation, family and
grant treat them the same. Who verifies one without asking learns of a revocation only when it ends.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

from consentcore.domain.errors import ConfigurationError
from consentcore.oauth.errors import bad_request
from consentcore.oauth.token_claims import TokenClaims, plugin_claims, standard_claims, subject_of

if TYPE_CHECKING:
    from consentcore.oauth.context import ServerContext

TYP = "at+jwt"
MAX_CLAIMS_BYTES = 2900
"""With header, signature and base64 the token stays under 4,096 bytes, which every server takes in a header."""

_JTI_BYTES = 40


def mint_jwt(server: ServerContext, claims: TokenClaims) -> str:
    """Make a signed access token (RFC 9068 section 2).

    :raises ProtocolError: ``invalid_request``, when the scopes and resources that were asked for do not fit.
    :raises ConfigurationError: claims of plugins are reserved, given twice or too large. Nothing was stored.
    """
    subject = subject_of(server, claims)
    own = {**standard_claims(server, claims, subject), "jti": secrets.token_urlsafe(16)}
    if len(_written(own)) > MAX_CLAIMS_BYTES:
        raise bad_request("scope: the access token would be too large, expected fewer scopes or resources")
    payload = _written({**own, **plugin_claims(server, claims, subject)})
    if len(payload) > MAX_CLAIMS_BYTES:
        raise ConfigurationError(
            [
                f"the claims of plugins make {len(payload)} bytes of a token, expected at most {MAX_CLAIMS_BYTES}"
            ]
        )
    return server.signing.sign(TYP, payload)


def fits(server: ServerContext, claims: TokenClaims) -> bool:
    """Whether what the product itself says of a token fits into a JWT."""
    own = standard_claims(server, claims, subject_of(server, claims))
    return len(_written(own)) <= MAX_CLAIMS_BYTES - _JTI_BYTES


def default_audience(server: ServerContext) -> tuple[str, ...]:
    """The ``aud`` of a token for which no audience was asked (RFC 9068 section 3)."""
    return (server.settings.oauth.jwt_default_audience or server.settings.issuer,)


def _written(members: dict[str, object]) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()
