"""Check JWT access tokens (RFC 9068) by their signature. Nobody is asked, so a revocation is noticed at ``exp``."""

from __future__ import annotations

import json
import logging
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any

from consentcore.jose.compact import CompactJws, MalformedJws, read_compact, verified_payload
from consentcore.jose.rules import registry
from consentcore.resource.bearer import MAX_TOKEN, Refused, Token, invalid_token
from consentcore.resource.keyset import KeySet

log = logging.getLogger("consentcore.resource")

ALGORITHMS = ("ES256", "EdDSA")
TYPES = frozenset({"at+jwt", "application/at+jwt"})
_HEADER = frozenset({"alg", "typ", "kid"})


class JwtVerifier:
    """A :class:`~consentcore.resource.bearer.Checker` that verifies. Safe to share between threads.

    Only ES256 and EdDSA, each only with a key that is published for it; no header beyond ``alg``, ``typ`` and ``kid``,
    so nothing in a token can choose its key.

    :param issuer: exactly the ``iss`` of the tokens.
    :param audience: URIs of this API; a token must name one.
    :param jwks_uri: where the keys are; by default ``{issuer}/jwks``.
    :param leeway_s: by how much clocks may disagree.
    :param refresh_s: how old the keys may be.
    :param min_refresh_s: how often an unknown ``kid`` may have them fetched.
    """

    def __init__(
        self,
        issuer: str,
        audience: str | Iterable[str],
        *,
        jwks_uri: str = "",
        leeway_s: float = 10.0,
        refresh_s: float = 300.0,
        min_refresh_s: float = 30.0,
        timeout_s: float = 3.0,
        context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._issuer = issuer
        self._audience = frozenset({audience} if isinstance(audience, str) else audience)
        if not self._audience:
            raise ValueError(
                "audience: expected at least one URI, else tokens for other APIs would open this one"
            )
        self._leeway = leeway_s
        self._clock = clock
        uri = jwks_uri or issuer.rstrip("/") + "/jwks"
        self._keys = KeySet(
            uri, refresh_s=refresh_s, min_refresh_s=min_refresh_s, timeout_s=timeout_s, context=context
        )

    def check(self, token: str) -> Token:
        """Judge a token.

        :raises Refused: 401 when it is not good, 503 when the keys cannot be had.
        """
        jws, kid = _read(token)
        key = self._keys.find(kid, jws.algorithm)
        if key is None:
            raise invalid_token("The token is signed with an unknown key")
        claims = _verified(jws, key)
        problem = self._problem(claims)
        if problem:
            raise invalid_token(problem)
        return Token(claims)

    def close(self) -> None:
        """Close idle connections."""
        self._keys.close()

    def _problem(self, claims: dict[str, Any]) -> str:
        """What is wrong with the claims (RFC 9068 sections 2.2 and 4); "" when nothing is."""
        now = self._clock()
        if claims.get("iss") != self._issuer:
            return "The token is another issuer's"
        named = claims.get("aud")
        audience = {named} if isinstance(named, str) else set(_texts(named))
        if self._audience.isdisjoint(audience):
            return "The token is for another API"
        if not all(isinstance(claims.get(name), str) for name in ("sub", "client_id", "jti")):
            return "The token lacks a claim"
        if not isinstance(claims.get("scope", ""), str):
            return "The token lacks a claim"
        if not _is_time(claims.get("exp")) or now >= claims["exp"] + self._leeway:
            return "The token is expired"
        if not _is_time(claims.get("iat")) or now < claims["iat"] - self._leeway:
            return "The token is not valid yet"
        if "nbf" in claims and not (_is_time(claims["nbf"]) and now >= claims["nbf"] - self._leeway):
            return "The token is not valid yet"
        return ""


def _read(token: str) -> tuple[CompactJws, str]:
    """Judge the header before anything is computed with the token; also its ``kid``.

    :raises Refused: 401.
    """
    try:
        # crit, jku, jwk, x5c and their like are nothing that we understand.
        jws = read_compact(token, ALGORITHMS, max_length=MAX_TOKEN, members=_HEADER)
    except MalformedJws:
        raise _unreadable() from None
    if jws.kid is None or jws.typ is None or jws.typ.lower() not in TYPES:
        raise _unreadable()
    return jws, jws.kid


def _verified(jws: CompactJws, key: Any) -> dict[str, Any]:
    wrong = invalid_token("The signature of the token is wrong")
    payload = verified_payload(jws, key, registry(ALGORITHMS))
    if payload is None:
        raise wrong
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError):
        raise wrong from None
    if not isinstance(claims, dict):
        raise _unreadable()
    return claims


def _unreadable() -> Refused:
    return invalid_token("Expected a signed JWT access token")


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _is_time(value: object) -> bool:
    # NaN, infinity and what no float can hold fail the comparison.
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**53
