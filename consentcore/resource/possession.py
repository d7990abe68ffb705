"""Tokens that only the holder of a key may use: DPoP at an API (RFC 9449 section 7), and certificates that clients show
with TLS (RFC 8705 section 3)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from hmac import compare_digest
from typing import Any
from urllib.parse import quote

from consentcore.jose.certificate import X5T_S256, UnreadableCertificate, x5t_of
from consentcore.jose.dpop import Expected, InvalidProof, check_proof
from consentcore.resource.bearer import BEARER, DPOP, Refused, Token, invalid_token
from consentcore.resource.cache import ExpiringCache

JKT = "jkt"
"""The member of ``cnf`` that names the key of a proof (RFC 9449 section 6.1)."""
_REMEMBERED = 100_000


class Possession:
    """Holds a token that is bound to a key against the proof that came with it, and one that is bound to a certificate
    against the one that was shown. Safe to share between threads.

    That a proof is good once is remembered in this process. An API of several processes that has to be strict hands in
    what they share as ``first_use``.

    :param base_url: scheme, host and path under which clients know the application, such as
        ``https://api.example/v1``. By default what each request says of itself, which behind a proxy is not what the
        client has asked for; and where any Host gets here, proofs for somebody else's API are taken (RFC 9449 section
        4.3, check 9).
    :param first_use: called with 32 bytes that name a proof, and until when that has to be remembered in seconds since
        the epoch; says whether it is the first time.
    :param clock: seconds since the epoch.
    :param required: whether a token that is bound to no key is refused.
    :param certificate: finds the certificate of a WSGI request in DER, or None, such as
        :class:`~consentcore.resource.certificates.ProxyCertificate`; without it a token that is bound to one is never
        let in.
    """

    def __init__(
        self,
        *,
        base_url: str = "",
        first_use: Callable[[bytes, float], bool] | None = None,
        clock: Callable[[], float] = time.time,
        required: bool = False,
        certificate: Callable[[Mapping[str, Any]], bytes | None] | None = None,
    ) -> None:
        self.required = required
        self.certificate = certificate
        self._base_url = base_url.rstrip("/")
        self._first_use = first_use or _Remembered(clock).first_use
        self._clock = clock

    def check(self, environ: Mapping[str, Any], scheme: str, text: str, token: Token) -> None:
        """Judge how a good token came.

        :param environ: of the WSGI request.
        :param scheme: of the Authorization header, in lower case.
        :param text: the token.
        :raises Refused: 401 ``invalid_token`` for a bound token that came without its proof or certificate, and for one
            that is not bound and came as if it were; 401 ``invalid_dpop_proof`` for a proof that proves nothing.
        """
        thumbprint, certificate = _bindings(token)
        if certificate:
            self._check_certificate(environ, certificate)
        if not thumbprint:
            if self.required:
                raise _refused("Expected a token that is bound to a key, the scheme DPoP and a proof")
            if scheme != BEARER:
                raise _refused("The token is not bound to a key, expected the scheme Bearer")
            return
        if scheme != DPOP:
            raise _refused("The token is bound to a key, expected the scheme DPoP and a proof")
        expected = Expected(
            str(environ.get("REQUEST_METHOD", "")),
            (self._url(environ),),
            self._clock(),
            access_token=text,
            decoded=True,  # PEP 3333 has no other path
        )
        try:
            proof = check_proof(str(environ.get("HTTP_DPOP", "")), expected)
        except InvalidProof as problem:
            raise _refused(f"DPoP: {problem}", "invalid_dpop_proof") from None
        if proof.thumbprint != thumbprint:
            raise _refused("The token is bound to another key")
        name = sha256(f"{proof.thumbprint}\x1f{proof.jti}".encode("utf-8", "surrogatepass")).digest()
        if not self._first_use(name, proof.expires_at):
            raise _refused("DPoP: expected a proof that was not used before", "invalid_dpop_proof")

    def _check_certificate(self, environ: Mapping[str, Any], x5t: str) -> None:
        if self.certificate is None:
            raise _unknown_way()
        try:
            shown = self.certificate(environ)
        except UnreadableCertificate:
            shown = None
        if shown is None:
            raise invalid_token("The token is bound to a certificate, expected it with TLS")
        if not compare_digest(x5t_of(shown).encode(), x5t.encode("utf-8", "surrogatepass")):
            raise invalid_token("The token is bound to another certificate")

    def _url(self, environ: Mapping[str, Any]) -> str:
        base = self._base_url
        if not base:
            scheme = environ.get("wsgi.url_scheme", "http")
            host = environ.get("HTTP_HOST") or f"{environ.get('SERVER_NAME')}:{environ.get('SERVER_PORT')}"
            base = f"{scheme}://{host}{_quoted(environ.get('SCRIPT_NAME', ''))}"
        return base + _quoted(environ.get("PATH_INFO", ""))


class _Remembered:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._used: ExpiringCache[bool] = ExpiringCache(_REMEMBERED)
        self._clock = clock

    def first_use(self, name: bytes, until: float) -> bool:
        return self._used.put_new(name, value=True, now=self._clock(), until=until)


def _bindings(token: Token) -> tuple[str, str]:
    """Thumbprints of the key and of the certificate that a token is bound to; "" for those that it is not bound to.

    :raises Refused: it is bound in a way that nobody here can check (RFC 7800 section 3.1).
    """
    cnf = token.claims.get("cnf")
    if cnf is None:
        return "", ""
    if not isinstance(cnf, Mapping):
        raise _unknown_way()
    known = [cnf[name] for name in (JKT, X5T_S256) if name in cnf]
    if not known or not all(isinstance(value, str) and value for value in known):
        raise _unknown_way()
    return cnf.get(JKT, ""), cnf.get(X5T_S256, "")


def _unknown_way() -> Refused:
    return invalid_token("The token is bound to its holder in a way that this API does not know")


def _quoted(path: object) -> str:
    # What WSGI gives was decoded: a percent sign is one, and begins no escape.
    return quote(str(path), safe="/:@!$&'()*+,;=~-._", encoding="latin-1")


def _refused(description: str, error: str = "invalid_token") -> Refused:
    return Refused(401, error, description, scheme=DPOP)
