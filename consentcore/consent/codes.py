"""Authorization codes that are issued together with a consent."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from consentcore.domain.grant import Grant
from consentcore.domain.interaction import AuthorizationRequest
from consentcore.domain.token import Code


def code_under(
    grant: Grant,
    request: AuthorizationRequest,
    allowed: Collection[str],
    *,
    code_hash: bytes,
    now: int,
    ttl_ms: int,
    auth_time: int | None,
    acr: str,
) -> Code:
    """A code for those scopes of ``request`` that are ``allowed``, as it is stored.

    :param now: in milliseconds since the epoch, from which ``ttl_ms`` counts.
    :param auth_time: when the owner signed
        in, and
    :param acr: how strongly.
    """
    return Code(
        code_hash=code_hash,
        family_id=str(uuid.uuid4()),
        grant_id=grant.grant_id,
        client_id=grant.client_id,
        redirect_uri=request.redirect_uri,
        redirect_uri_given=request.redirect_uri_given,
        code_challenge=request.code_challenge,
        scopes=tuple(scope for scope in request.scopes if scope in allowed),
        created_at=now,
        expires_at=now + ttl_ms,
        audience=request.audience,
        auth_time=auth_time,
        acr=acr,
    )
