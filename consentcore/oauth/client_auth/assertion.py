"""``private_key_jwt`` (RFC 7523 sections 2.2 and 3): the client signs who it is, once, for this server."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from consentcore.domain.clock import HOUR, MINUTE, SECOND
from consentcore.domain.described_client import protocol_id
from consentcore.domain.secret import digest
from consentcore.oauth.fapi import ALGORITHMS

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.oauth.client_auth.client_jwt import Jwt
    from consentcore.oauth.client_auth.key_source import KeySource
    from consentcore.oauth.client_auth.methods import Attempt
    from consentcore.ports.storage import Storage

log = logging.getLogger("consentcore.oauth")
LONGEST_LIFE = HOUR + MINUTE
"""How far in the future ``exp`` may be: an hour is what client libraries take by default."""
AHEAD = 10 * SECOND
"""How far ahead a client's clock may be (FAPI 2.0 section 5.3.2.1)."""
_LONGEST_JTI = 256


class Assertion:
    """Checks assertions.

    :param audiences: what ``aud`` may be, by endpoint and client.
    :param keys: where the client's keys come from.
    :param storage: decides across all processes whether an assertion was used before.
    :param is_strict: whether a client is held to the FAPI 2.0 Security Profile: ``aud`` is a text, and no list of one
        (section 5.3.2.1), and RS256 signs nothing (section 5.4.1).
    """

    def __init__(
        self,
        audiences: Callable[[str, Client], frozenset[str]],
        keys: KeySource,
        storage: Storage,
        is_strict: Callable[[Client], bool] = lambda _: False,
    ) -> None:
        self._audiences = audiences
        self._is_strict = is_strict
        self._keys = keys
        self._storage = storage

    def proves(self, attempt: Attempt) -> bool:
        """Signature, claims, and only then the one use: nobody else can use up a client's assertions.

        :raises StorageError: it could not be found out whether it was used before.
        """
        reason = self._problem(attempt)
        if reason:
            log.warning("the assertion of client %s is refused: %s", attempt.client.client_id, reason)
        return not reason

    def _problem(self, attempt: Attempt) -> str:
        jwt = attempt.credentials.assertion
        assert jwt is not None, "this method was chosen because there is one"
        if self._is_strict(attempt.client):
            if jwt.jws.algorithm not in ALGORITHMS:
                return f"expected a signature by one of {', '.join(ALGORITHMS)}"
            if not isinstance(jwt.claims.get("aud"), str):
                return "expected the issuer as aud, and no list"
        reason = _wrong_claim(jwt.claims, attempt, self._audiences(attempt.endpoint, attempt.client))
        if reason:
            return reason  # before any request for keys
        if not self._keys.have_signed(attempt.client, jwt, attempt.now):
            return "no key of the client has signed it"
        return "" if self._first_use(jwt, attempt) else "its jti was used before"

    def _first_use(self, jwt: Jwt, attempt: Attempt) -> bool:
        name = "\x1f".join(("client-assertion", attempt.client.client_id, jwt.claims["jti"]))
        key = digest(name)
        proven = attempt.http.proven
        if key in proven:
            return True  # the same request, done again because transactions collided
        first = self._storage.protocol.use_once(key, attempt.now, _until(jwt.claims["exp"]))
        if first:
            proven.add(key)
        return first


def _until(exp: float) -> int:
    # A second more, so that rounding never makes a jti usable again while exp still is.
    return int(exp * SECOND) + SECOND


def _wrong_claim(claims: Mapping[str, Any], attempt: Attempt, audiences: frozenset[str]) -> str:
    """What is wrong with the claims (RFC 7523 section 3), "" when nothing is."""
    client_id, now = protocol_id(attempt.client), attempt.now
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        return "expected the client_id as iss and sub"
    if not _is_audience(claims.get("aud"), audiences):
        return f"expected one aud of {', '.join(sorted(audiences))}"
    exp = claims.get("exp")
    if not _is_number(exp) or not now < exp * SECOND <= now + LONGEST_LIFE:
        return f"expected an exp in the future, by at most {LONGEST_LIFE // SECOND} s"
    for name in ("iat", "nbf"):
        value = claims.get(name, 0)
        if not _is_number(value) or not value * SECOND <= now + AHEAD:
            return f"expected an {name} of the past"
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 1 <= len(jti) <= _LONGEST_JTI:
        return f"expected a jti of 1 to {_LONGEST_JTI} characters"
    return ""


def _is_audience(aud: object, audiences: frozenset[str]) -> bool:
    """One audience, ours: with several, another server that is named could present it here."""
    if isinstance(aud, list) and len(aud) == 1:
        aud = aud[0]
    return isinstance(aud, str) and aud in audiences


def _is_number(value: object) -> TypeGuard[float]:
    """NumericDate of RFC 7519 section 2. NaN and infinity fail the comparisons that follow."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
