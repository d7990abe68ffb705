"""Which key the tokens of a request are bound to (RFC 9449, RFC 8705; the ``cnf`` of RFC 7800).

A client proves the key with each request, by a DPoP proof or by the certificate that it shows with TLS. What it is
bound to stands on the code or token as a *confirmation*: the member of ``cnf``, a colon, and the thumbprint of key or
certificate.
"""

from __future__ import annotations

import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hmac import compare_digest
from typing import TYPE_CHECKING

from consentcore.domain.clock import MINUTE, SECOND
from consentcore.domain.secret import digest
from consentcore.domain.token import OneUse
from consentcore.jose.certificate import X5T_S256, x5t_of
from consentcore.jose.dpop import AHEAD_S, Expected, InvalidProof, NonceWanted, Proof, check_proof
from consentcore.oauth.client_certificate import certificate_of
from consentcore.oauth.errors import ProtocolError, bad_request
from consentcore.oauth.fapi import demanded

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.oauth.context import ServerContext
    from consentcore.oauth.messages import HttpRequest
    from consentcore.ports.keys import KeyRing

HEADER = "DPoP"
NONCE_HEADER = "DPoP-Nonce"
JKT = "jkt"
INVALID_PROOF = "invalid_dpop_proof"
NONCE_PURPOSE = "dpop-nonce"
NONCE_LIFE_MS = 5 * MINUTE
"""How long a nonce is good."""
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Binding:
    """What a request has proven.

    :ivar confirmation: of the key; "" for none.
    :ivar one_use: what is used up by it; None for nothing.
    """

    confirmation: str = ""
    one_use: OneUse | None = None

    @property
    def thumbprint(self) -> str:
        """Of a key that was proven by a DPoP proof; "" for none."""
        return thumbprint_of(self.confirmation)


UNBOUND = Binding()


def binding_of(
    server: ServerContext, http: HttpRequest, endpoint: str, client: Client, now: int, *, bound_to: str = ""
) -> Binding:
    """Find out what a request proves.

    :param endpoint: ``token`` or ``par``.
    :param client: already authenticated.
    :param bound_to: the confirmation of the refresh token that is presented.
    :raises ProtocolError: 400 ``invalid_dpop_proof`` (RFC 9449 section 5), or ``use_dpop_nonce`` (section 8);
        ``invalid_request`` for a proof, or certificate, that is missing, or for a proof where a certificate is wanted.
    """
    header = http.headers.get(HEADER.lower())
    if client.tls_client_certificate_bound_access_tokens or (bound_to and is_certificate(bound_to)):
        return _certificate_binding(http, endpoint, header)
    if header is None:
        if endpoint != "token" or not (client.dpop_bound_access_tokens or demanded(server.settings, client)):
            return UNBOUND
        return _without_proof(http, client)
    proof = _checked(server, header, http.method, endpoint, now)
    return Binding(f"{JKT}:{proof.thumbprint}", _one_use(proof))


def _without_proof(http: HttpRequest, client: Client) -> Binding:
    """FAPI 2.0 section 5.3.2.1: there is no token that is bound to nothing."""
    if client.dpop_bound_access_tokens:
        raise bad_request(f"{HEADER}: expected a proof, as this client is registered for")
    certificate = certificate_of(http)
    if certificate is None:
        raise bad_request(f"{HEADER}: expected a proof, or a certificate with TLS, as FAPI 2.0 demands")
    return Binding(f"{X5T_S256}:{x5t_of(certificate)}")


def _certificate_binding(http: HttpRequest, endpoint: str, proof: str | None) -> Binding:
    """RFC 8705 section 3. A code is bound to no certificate: whoever redeems it proves the client's own key anyway."""
    if proof is not None:
        raise bad_request(f"{HEADER}: expected none, tokens of this client are bound to its certificate")
    if endpoint != "token":
        return UNBOUND
    certificate = certificate_of(http)
    if certificate is None:
        raise bad_request("client certificate: expected one, as this client is registered for")
    return Binding(f"{X5T_S256}:{x5t_of(certificate)}")


def used_before() -> ProtocolError:
    """The answer to a proof that was used before (section 11.1)."""
    return _invalid("expected a proof that was not used before")


def use_up(server: ServerContext, binding: Binding, now: int) -> None:
    """Use up what was proven with a request that writes nothing else; one write, none where nothing is used up.

    :param now: milliseconds since the epoch.
    :raises ProtocolError: 400 ``invalid_dpop_proof``: it was used before.
    :raises StorageError: nothing was written.
    """
    once = binding.one_use
    if once is not None and not server.storage.protocol.use_once(once.key_hash, now, once.expires_at):
        raise used_before()


def confirmation_of(dpop_jkt: str | None, client: Client) -> str:
    """The confirmation that the parameter ``dpop_jkt`` asks for (section 10); "" without one.

    :raises ProtocolError: 400 ``invalid_request``: it is no thumbprint, or the client's tokens are bound otherwise.
    """
    if dpop_jkt is None:
        return ""
    if client.tls_client_certificate_bound_access_tokens:
        raise bad_request("dpop_jkt: expected none, tokens of this client are bound to its certificate")
    if not _THUMBPRINT.fullmatch(dpop_jkt):
        raise bad_request("dpop_jkt: expected the SHA-256 thumbprint of a key (RFC 7638)")
    return f"{JKT}:{dpop_jkt}"


def thumbprint_of(confirmation: str) -> str:
    """Of the key of a DPoP proof; "" for anything else."""
    method, _, thumbprint = confirmation.partition(":")
    return thumbprint if method == JKT else ""


def is_certificate(confirmation: str) -> bool:
    """Whether it is that of a certificate, and not of the key of a proof."""
    return confirmation.startswith(X5T_S256)


def token_type_of(confirmation: str) -> str:
    """``token_type`` of an access token (RFC 6749 section 7.1, RFC 9449 section 5)."""
    return "DPoP" if thumbprint_of(confirmation) else "Bearer"


def cnf_of(confirmation: str) -> dict[str, object]:
    """The claim ``cnf`` (RFC 9449 section 6, RFC 8705 section 3) as a member to add; none for a token of whoever has
    it."""
    method, _, thumbprint = confirmation.partition(":")
    return {"cnf": {method: thumbprint}} if thumbprint else {}


def nonce_headers(server: ServerContext, now: int) -> list[tuple[str, str]]:
    """The header that tells a client the nonce of its next proof (section 8.2); none where none is demanded."""
    if not server.settings.oauth.dpop_nonce:
        return []
    return [(NONCE_HEADER, new_nonce(server.keys, now))]


def new_nonce(keys: KeyRing, now: int) -> str:
    """A nonce that any process with the key ring knows again, so nothing is stored of it."""
    told = now.to_bytes(8) + secrets.token_bytes(8)
    return urlsafe_b64encode(told + keys.mac(NONCE_PURPOSE, told)[:16]).decode()


def is_nonce(keys: KeyRing, nonce: str, now: int) -> bool:
    """Whether a nonce is one that was given out, and not too long ago."""
    try:
        given = urlsafe_b64decode(nonce.encode("ascii"))
    except ValueError:
        return False
    if urlsafe_b64encode(given).decode() != nonce:  # the decoder passes over whatever comes after the padding
        return False
    told, mac = given[:16], given[16:]
    # It may be of another node, whose clock is ahead of ours, and be back before that moment has come here.
    if len(mac) != 16 or not -AHEAD_S * SECOND <= now - int.from_bytes(told[:8]) <= NONCE_LIFE_MS:
        return False
    good = [key_id for key_id in keys.ids if not keys.revoked_at(key_id)]
    return any(compare_digest(keys.mac(NONCE_PURPOSE, told, key_id)[:16], mac) for key_id in good)


def _checked(server: ServerContext, header: str, method: str, endpoint: str, now: int) -> Proof:
    wanted = server.settings.oauth.dpop_nonce
    expected = Expected(
        method,
        server.settings.endpoint_urls(endpoint),
        now / SECOND,
        nonce=(lambda nonce: is_nonce(server.keys, nonce, now)) if wanted else None,
    )
    try:
        return check_proof(header, expected)
    except InvalidProof as problem:
        raise _invalid(str(problem)) from None
    except NonceWanted:
        nonce = dict(nonce_headers(server, now))
        raise ProtocolError(400, "use_dpop_nonce", "nonce: expected the one of this answer", nonce) from None


def _one_use(proof: Proof) -> OneUse:
    name = f"dpop\x1f{proof.thumbprint}\x1f{proof.jti}"
    return OneUse(digest(name), int(proof.expires_at * SECOND))


def _invalid(problem: str) -> ProtocolError:
    return ProtocolError(400, INVALID_PROOF, f"{HEADER}: {problem}")
