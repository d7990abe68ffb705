"""Making authorization codes (RFC 6749 section 4.1.2): the one place, whoever decides that there shall be one."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import TYPE_CHECKING

from consentcore.domain.secret import CODE, digest, mint
from consentcore.domain.token import Code
from consentcore.keys.seals import sealed

if TYPE_CHECKING:
    from consentcore.domain.grant import Grant
    from consentcore.domain.interaction import AuthorizationRequest
    from consentcore.ports.keys import KeyRing

PROOF_BYTES = 16


def new_code(
    request: AuthorizationRequest,
    grant: Grant,
    allowed: Collection[str],
    keys: KeyRing,
    *,
    now: int,
    ttl_ms: int,
    auth_time: int | None,
    acr: str,
) -> tuple[str, Code]:
    """Make a code for those scopes of ``request`` that are ``allowed``; stores nothing.

    :param keys: what it is sealed with.
    :param now: in milliseconds since the epoch, from which ``ttl_ms`` counts.
    :param auth_time: when the owner signed in, in milliseconds since the epoch; None where that is not known.
    :param acr: how strongly, in the words of the login plugin, or "".
    :returns: the code in clear, for the redirect and nowhere else, and as it is stored.
    """
    clear = mint(CODE)
    # Another node may have changed the grant, whose clock is ahead: nothing is older than what it descends from.
    now = max(now, grant.refresh_from)
    code = Code(
        code_hash=digest(clear),
        family_id=_uuid(),
        grant_id=grant.grant_id,
        client_id=grant.client_id,
        redirect_uri=request.redirect_uri,
        redirect_uri_given=request.redirect_uri_given,
        code_challenge=request.code_challenge,
        scopes=tuple([scope for scope in request.scopes if scope in allowed]),
        created_at=now,
        expires_at=now + ttl_ms,
        audience=request.audience,
        auth_time=auth_time,
        acr=acr,
        confirmation=request.confirmation,
        authorization_details=request.authorization_details,
        family_proof=os.urandom(PROOF_BYTES),
    )
    return clear, sealed(keys, code)


def _uuid() -> str:
    """A random UUID (RFC 9562 section 5.4), written at once: as an object of :mod:`uuid` it takes as long as the code's
    seal."""
    text = os.urandom(16).hex()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"
