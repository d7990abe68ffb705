"""An access token as a client presents it to this server itself (RFC 6750, RFC 9449 section 7)."""

from __future__ import annotations

import re
from hmac import compare_digest
from typing import TYPE_CHECKING

from consentcore.domain.clock import SECOND
from consentcore.domain.secret import digest
from consentcore.jose.certificate import X5T_S256, x5t_of
from consentcore.jose.dpop import ALGORITHMS, Expected, InvalidProof, NonceWanted, check_proof
from consentcore.oauth.client_certificate import certificate_of
from consentcore.oauth.errors import ProtocolError, bad_request
from consentcore.oauth.token_binding import (
    HEADER,
    INVALID_PROOF,
    is_certificate,
    is_nonce,
    nonce_headers,
    thumbprint_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consentcore.oauth.context import ServerContext
    from consentcore.oauth.messages import HttpRequest

BEARER, DPOP, REALM = "Bearer", "DPoP", "consentcore"
INVALID_TOKEN = "invalid_token"
LONGEST = 4096
_B64TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


def presented_token(http: HttpRequest) -> tuple[str, str]:
    """Scheme (``Bearer`` or ``DPoP``) and token of the Authorization header, which is the only place for it.

    :raises ProtocolError: 401 ``invalid_token`` without one, whose challenge names no error (RFC 6750 section 3.1);
        400 where there is anything but one.
    """
    given, _, text = http.headers.get("authorization", "").strip().partition(" ")
    scheme = {"bearer": BEARER, "dpop": DPOP}.get(given.lower(), "")
    if not scheme:
        refusal = challenge("expected an access token in the Authorization header")
        refusal.headers["WWW-Authenticate"] = f'{BEARER} realm="{REALM}"'
        raise refusal
    token = text.strip()
    if len(token) > LONGEST or not _B64TOKEN.fullmatch(token):
        raise bad_request("Authorization: expected one token")
    return scheme, token


def check_possession(
    server: ServerContext,
    http: HttpRequest,
    urls: tuple[str, ...],
    presented: tuple[str, str],
    confirmation: str,
) -> None:
    """Hold a good token against the proof, or the certificate, that came with it (RFC 9449 section 7.1, RFC 8705
    section 3); at most one signature is checked.

    :param urls: which the request may have been sent to, as the settings have them.
    :param presented: see :func:`presented_token`.
    :param confirmation: of the token; "" for one of whoever has it.
    :raises ProtocolError: 401 ``invalid_token``, ``invalid_dpop_proof`` or ``use_dpop_nonce``.
    """
    scheme, token = presented
    if is_certificate(confirmation):
        _check_certificate(http, scheme, confirmation)
        return
    thumbprint = thumbprint_of(confirmation)
    if not thumbprint:
        if scheme == DPOP:
            raise challenge("the token is not bound to the key of a proof", scheme=scheme)
        return
    if scheme != DPOP:
        raise challenge("the token is bound to a key, expected the scheme DPoP and a proof", scheme=DPOP)
    now = server.clock.now()
    wanted = (lambda nonce: is_nonce(server.keys, nonce, now)) if server.settings.oauth.dpop_nonce else None
    expected = Expected(http.method, urls, now / SECOND, nonce=wanted, access_token=token)
    try:
        proof = check_proof(http.headers.get(HEADER.lower(), ""), expected)
    except InvalidProof as problem:
        raise challenge(f"{HEADER}: {problem}", INVALID_PROOF, scheme=DPOP) from None
    except NonceWanted:
        refusal = challenge("nonce: expected the one of this answer", "use_dpop_nonce", scheme=DPOP)
        refusal.headers.update(nonce_headers(server, now))
        raise refusal from None
    if proof.thumbprint != thumbprint:
        raise challenge("the token is bound to another key", scheme=DPOP)
    name = digest(f"dpop\x1f{proof.thumbprint}\x1f{proof.jti}")
    if name in http.proven:  # this request, once more after transactions collided
        return
    if not server.storage.protocol.use_once(name, now, int(proof.expires_at * SECOND)):
        raise challenge(f"{HEADER}: expected a proof that was not used before", INVALID_PROOF, scheme=DPOP)
    http.proven.add(name)


def _check_certificate(http: HttpRequest, scheme: str, confirmation: str) -> None:
    certificate = certificate_of(http)
    shown = f"{X5T_S256}:{x5t_of(certificate)}" if certificate is not None else ""
    if scheme != BEARER or not compare_digest(shown, confirmation):
        raise challenge("the token is bound to another certificate than was shown")


def challenge(
    description: str,
    error: str = INVALID_TOKEN,
    *,
    status: int = 401,
    scheme: str = BEARER,
    scopes: Iterable[str] = (),
) -> ProtocolError:
    """A refusal with the challenge of RFC 6750 section 3.

    :param scopes: what the token would have to allow.
    """
    refusal = ProtocolError(status, error, description)
    members = {
        "realm": REALM,
        "error": error,
        "error_description": refusal.description,
        "scope": " ".join(scopes),
        "algs": " ".join(ALGORITHMS) if scheme == DPOP else "",
    }
    text = ", ".join(f'{name}="{value}"' for name, value in members.items() if value)
    refusal.headers["WWW-Authenticate"] = f"{scheme} {text}"
    return refusal
