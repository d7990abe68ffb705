"""Request objects (RFC 9101): authorization requests that the client has signed, as they are pushed.

FAPI 2.0 Message Signing section 5.3.1 says which are taken. Everything that costs little is looked at first; one
signature is checked, last of all. Whether one was used before is not asked: it opens nothing but a pushed request, for
the client that has authenticated itself, and each of those is answered once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

from consentcore.domain.clock import SECOND
from consentcore.domain.described_client import protocol_id
from consentcore.domain.json_text import read_json
from consentcore.jose.compact import MAX_HEADER, each_once, read_compact, verified_payload
from consentcore.jose.public_key import ED25519
from consentcore.jose.rules import registry
from consentcore.oauth.client_auth.client_jwt import Jwt
from consentcore.oauth.errors import ProtocolError, bad_request
from consentcore.oauth.parameters import read_claims

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.jose.compact import CompactJws
    from consentcore.oauth.context import ServerContext

ALGORITHMS = ("PS256", "ES256", "EdDSA", "Ed25519")
"""Signatures that are accepted (FAPI 2.0 Security Profile section 5.4.1)."""
INVALID = "invalid_request_object"
MAX_LENGTH = 32_768
"""Characters. The longest state has 16,384 in it."""
LONGEST_S = 3600
"""How long before now ``nbf`` may be, and how long after ``nbf`` ``exp`` may be, in seconds."""
AHEAD_S = 30
"""How far ahead a client's clock may be: FAPI 2.0 section 5.3.2.1 demands 10 s and forbids more than 60."""
_TYPES = (None, "jwt", "oauth-authz-req+jwt", "application/oauth-authz-req+jwt")


def requested_by(
    server: ServerContext, client: Client, text: str, known: Mapping[str, int], now: int
) -> dict[str, str]:
    """The parameters in a request object; whatever stands beside it does not count (section 6.3).

    :param client: already authenticated.
    :param text: the parameter ``request``.
    :param known: parameters, and how long each may be.
    :param now: milliseconds since the epoch.
    :raises ProtocolError: 400 ``invalid_request_object`` where it is not acceptable (section 6.2), ``invalid_request``
        where a parameter in it is not.
    :raises Busy: in a request that must not wait for the keys of the client here.
    """
    jwt = _read(text, client)
    problem = _problem(jwt.claims, protocol_id(client), server.settings.issuer, now / SECOND)
    if problem:
        raise _invalid(problem)  # before any request for keys
    parameters = read_claims(jwt.claims, known)
    wrong = parameters.first_problem()
    if wrong is not None:
        raise bad_request(wrong)
    key = server.client_keys.named(client, jwt, now)
    if key is None:
        raise _invalid("kid: expected the one key of the client that it may mean")
    rules = registry(ALGORITHMS, max_header=MAX_HEADER, max_payload=MAX_LENGTH, any_header=True)
    if verified_payload(jwt.jws, key.key, rules) is None:
        raise _invalid("expected a signature by a key of the client")
    return parameters.values


def _read(text: str, client: Client) -> Jwt:
    wanted = client.request_object_signing_alg
    accepted = (ED25519 if wanted in ED25519 else {wanted}) if wanted else ALGORITHMS
    try:
        jws = read_compact(text, accepted, max_length=MAX_LENGTH)
    except ValueError:
        raise _invalid(f"expected one JWT, signed by {wanted or 'PS256, ES256 or EdDSA'}") from None
    if (jws.typ and jws.typ.lower()) not in _TYPES:
        raise _invalid("typ: expected oauth-authz-req+jwt")
    return Jwt(jws, _claims(jws))


def _claims(jws: CompactJws) -> Mapping[str, Any]:
    try:
        claims = read_json(jws.unverified_payload(), each_once)
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        raise _invalid("expected claims as a JSON object in which each name stands once")
    return claims


def _problem(claims: Mapping[str, Any], client_id: str, issuer: str, now_s: float) -> str:
    """What does not fit, as the end of a sentence; "" when all does."""
    for name in ("iss", "client_id"):
        if claims.get(name) != client_id:
            return f"{name}: expected the client_id of the client"
    if claims.get("sub") == client_id:
        return "sub: expected none, as in an assertion of the client"  # section 10.8
    for name in ("request", "request_uri"):
        if name in claims:
            return f"{name}: expected none in a request object"  # section 4
    if not _is_audience(claims.get("aud"), issuer):
        return "aud: expected the issuer"
    return _wrong_time(claims, now_s)


def _is_audience(aud: object, issuer: str) -> bool:
    """FAPI 2.0 Message Signing section 5.3.1: it, or an array with it."""
    return issuer in aud if isinstance(aud, list) else aud == issuer


def _wrong_time(claims: Mapping[str, Any], now_s: float) -> str:
    nbf, exp, iat = claims.get("nbf"), claims.get("exp"), claims.get("iat", now_s)
    if not _is_time(nbf) or not now_s - LONGEST_S <= nbf <= now_s + AHEAD_S:
        return f"nbf: expected a time of the last {LONGEST_S} seconds"
    if not _is_time(exp) or not now_s < exp <= nbf + LONGEST_S:
        return f"exp: expected a time in the future, at most {LONGEST_S} seconds after nbf"
    if not _is_time(iat) or iat > now_s + AHEAD_S:
        return "iat: expected a time of the past"
    return ""


def _is_time(value: object) -> TypeGuard[float]:
    """NumericDate of RFC 7519 section 2; NaN and infinity fail the comparisons that follow."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _invalid(problem: str) -> ProtocolError:
    return ProtocolError(400, INVALID, f"request: {problem}")
