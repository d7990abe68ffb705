"""Is this ID token the provider's, for us, and the answer to what we asked (OpenID Connect Core section 3.1.3.7)?"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from consentcore.api import (
    CompactJws,
    MalformedJws,
    is_unicode,
    jws_registry,
    read_compact,
    read_json,
    refused,
    verified_payload,
)
from consentcore_login_oidc.discovery import Key, Provider

LARGEST = 128_000
LARGEST_HEADER = 512
"""Characters of an ID token, and of its header."""
KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}


class BadToken(Exception):
    """The ID token is not in order. The text says what, and holds nothing of it."""


@dataclass(frozen=True)
class Expected:
    """What an ID token must say.

    :ivar begun_at: when the browser was sent, seconds since the epoch;
    :ivar now: likewise.
    :ivar max_age: how long before that the person may have proved who they are, in seconds; 0: they had to do it anew,
        None: any time.
    """

    issuer: str
    client_id: str
    nonce: str
    begun_at: int
    now: int
    tolerance_s: int
    max_age: int | None = None


class StaleAuthentication(BadToken):
    """The person was to sign in anew, and did not."""


def read_id_token(token: str, algorithms: tuple[str, ...]) -> CompactJws:
    """The token with its header, which nobody has verified.

    :raises BadToken: when it is no signed token, or signed by an algorithm that is not accepted.
    """
    try:
        return read_compact(token, algorithms, max_length=LARGEST, max_header=LARGEST_HEADER)
    except MalformedJws as error:
        raise BadToken(str(error)) from None


def verified_claims(token: CompactJws, provider: Provider) -> dict[str, Any]:
    """Check the signature and return the claims.

    :raises BadToken: when no key of the provider made it.
    :raises ProviderDown: when its keys are not known.
    """
    claims = provider.find_in_keys(lambda keys: _opened(token, keys))
    if claims is None:
        raise BadToken("no key of the provider has signed it")
    return claims


def _opened(token: CompactJws, keys: list[Key]) -> dict[str, Any] | None:
    """The claims, if one of the keys has signed them and they are an object."""
    rules = jws_registry((token.algorithm,), max_header=LARGEST_HEADER, max_payload=LARGEST)
    for key in _fitting(keys, token.algorithm, token.kid):
        payload = verified_payload(token, key, rules)
        if payload is None:
            continue
        with suppress(ValueError):
            claims = read_json(payload)
            if isinstance(claims, dict):
                return claims
    return None


def _fitting(keys: list[Key], algorithm: str, kid: str | None) -> list[Key]:
    """Keys of the algorithm's kind, and of that id where the token names one."""
    wanted = KINDS[algorithm[:2]]
    fitting = [
        key for key in keys if key.key_type == wanted and key.as_dict().get("alg", algorithm) == algorithm
    ]
    return fitting if kid is None else [key for key in fitting if key.as_dict().get("kid") == kid]


def check_claims(claims: Mapping[str, Any], expected: Expected) -> None:
    """Hold the claims of a verified token against what was asked.

    :raises BadToken: at the first that does not fit.
    """
    checks: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("iss is another", lambda: claims.get("iss") == expected.issuer),
        ("sub is none", lambda: _is_subject(claims.get("sub"))),
        ("aud is somebody else", lambda: _is_for(claims, expected.client_id)),
        ("azp is somebody else", lambda: claims.get("azp", expected.client_id) == expected.client_id),
        ("nonce is another", lambda: _same(claims.get("nonce"), expected.nonce)),
    )
    for problem, holds in checks:
        if not holds():
            raise BadToken(problem)
    _check_times(claims, expected)


def _check_times(claims: Mapping[str, Any], expected: Expected) -> None:
    tolerance = expected.tolerance_s
    if _time(claims, "exp") + tolerance <= expected.now:
        raise BadToken("exp is over")
    issued = _time(claims, "iat")
    if issued - tolerance > expected.now:
        raise BadToken("iat is in the future")
    if issued + tolerance < expected.begun_at:
        raise BadToken("iat is older than the question")
    if expected.max_age is None:
        return
    signed_in = _time(claims, "auth_time", StaleAuthentication)
    if signed_in + expected.max_age + tolerance < expected.begun_at:
        raise StaleAuthentication("auth_time is older than was asked")


def check_access_token(claims: Mapping[str, Any], algorithm: str, access_token: str) -> None:
    """Hold ``at_hash``, where there is one, against the access token (OpenID Connect Core section 3.1.3.8).

    :raises BadToken: when it belongs to another.
    """
    expected = claims.get("at_hash")
    if expected is None:
        return
    size = "512" if algorithm.startswith("Ed") else algorithm[2:]
    if not is_unicode(access_token):
        raise BadToken("the access token is no text")
    whole = hashlib.new(f"sha{size}", access_token.encode()).digest()
    mine = urlsafe_b64encode(whole[: len(whole) // 2]).rstrip(b"=").decode()
    if not _same(expected, mine):
        raise BadToken("at_hash belongs to another access token")


def _is_subject(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 255 and not refused(value)


def _is_for(claims: Mapping[str, Any], client_id: str) -> bool:
    audience = claims.get("aud")
    if isinstance(audience, str):
        return audience == client_id
    if not isinstance(audience, list) or client_id not in audience:
        return False
    return len(audience) == 1 or claims.get("azp") == client_id


def _same(value: object, expected: str) -> bool:
    known = isinstance(value, str) and is_unicode(value)
    return known and compare_digest(str(value).encode(), expected.encode())


def _time(claims: Mapping[str, Any], name: str, error: type[BadToken] = BadToken) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**53:
        raise error(f"{name} is no time")
    return float(value)
