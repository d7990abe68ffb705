"""Check tokens by asking the authorization server (RFC 7662): revocation works at once, or after a short cache."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote_plus, urlencode

from consentcore.resource.bearer import BEARER, DPOP, Token, Unavailable, invalid_token
from consentcore.resource.cache import ExpiringCache
from consentcore.resource.http import Answer, Endpoint

log = logging.getLogger("consentcore.resource")

_LONGEST_NO_S = 1.0


class Introspection:
    """A :class:`~consentcore.resource.bearer.Checker` that asks. Safe to share between threads.

    :param url: the introspection endpoint.
    :param client_id: of a resource server, see
        ``consentcore client create --resource-server``.
    :param client_secret: its secret.
    :param cache_s: how long a good token is taken for good without asking again, **and so how late a revocation is
        noticed**; 0 asks each time. A token is never kept beyond its ``exp``, a refusal never longer than 1 s.
    :param cache_entries: how many good tokens, and how many refused ones, are remembered.
    :param audience: URIs of this API (RFC 8707): a token that names others only is refused.
    :param require_audience: whether a token that names no API at all is refused too.
    :param timeout_s: for connecting, and for each read; then 503.
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        client_secret: str,
        *,
        cache_s: float = 2.0,
        cache_entries: int = 10_000,
        audience: Iterable[str] = (),
        require_audience: bool = False,
        timeout_s: float = 3.0,
        context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._endpoint = Endpoint(url, timeout_s, context)
        pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"  # RFC 6749 section 2.3.1
        self._headers = {
            "Authorization": "Basic " + b64encode(pair.encode()).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        self._audience = frozenset(audience)
        if require_audience and not self._audience:
            raise ValueError("audience: expected at least one URI, since tokens are required to name it")
        self._require_audience = require_audience
        self._cache_s = cache_s
        self._clock = clock
        # Two, so that whoever sends noise does not push out what is good.
        self._good: ExpiringCache[Token] = ExpiringCache(cache_entries)
        self._bad: ExpiringCache[bool] = ExpiringCache(cache_entries)

    def check(self, token: str) -> Token:
        """Judge a token.

        :raises Refused: 401 when it is not live, 503 when the server gives no answer.
        """
        key, now = hashlib.sha256(token.encode()).digest(), self._clock()
        if self._cache_s > 0:
            known = self._good.get(key, now)
            if known is not None:
                return known
            if self._bad.get(key, now):
                raise invalid_token()
        found = self._asked(token)
        if found is None:
            if self._cache_s > 0:
                self._bad.put(key, True, now + min(self._cache_s, _LONGEST_NO_S))
            raise invalid_token()
        if self._cache_s > 0:
            # Counted from before the question: what is revoked while the answer travels is not believed for longer.
            self._good.put(key, found, min(now + self._cache_s, _end_of(found.claims)))
        return found

    def close(self) -> None:
        """Close idle connections."""
        self._endpoint.close()

    def _asked(self, token: str) -> Token | None:
        answer = self._endpoint.send("POST", self._headers, urlencode({"token": token}).encode())
        claims = _read(answer)
        if claims.get("active") is not True:
            return None
        if not _opens_apis(claims):
            return None
        if self._clock() >= _end_of(claims):
            return None
        found = Token(MappingProxyType(claims))  # shared by every request within the time of the cache
        names_some = claims.get("aud") not in (None, "", [])  # names that are no text are none of ours
        judged = self._audience and (names_some or self._require_audience)
        if judged and self._audience.isdisjoint(found.audience):
            return None
        return found


def _read(answer: Answer) -> dict[str, Any]:
    if answer.status == 429 or answer.status >= 500:
        raise Unavailable("the authorization server is busy", _seconds(answer.headers.get("retry-after", "")))
    if answer.status != 200:
        log.error("introspection answered %d: check client id and secret of this API", answer.status)
        raise Unavailable("the authorization server does not know this API")
    try:
        claims = json.loads(answer.body)
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict) or not isinstance(claims.get("active"), bool):
        log.error("introspection answered something that RFC 7662 does not know: check the URL")
        raise Unavailable("the authorization server's answer cannot be read")
    return claims


def _opens_apis(claims: Mapping[str, Any]) -> bool:
    """Whether it is an access token, and no refresh token; one that is said to be bound has to say to what, else it
    would pass as one of whoever has it (RFC 9449 section 6.2)."""
    kind = str(claims.get("token_type", BEARER)).lower()
    return kind == BEARER or (kind == DPOP and claims.get("cnf") is not None)


def _end_of(claims: Mapping[str, Any]) -> float:
    """``exp`` (RFC 7662 section 2.2: optional)."""
    exp = claims.get("exp")
    if not isinstance(exp, int | float):
        return math.inf
    try:
        end = float(exp)
    except OverflowError:
        return math.inf
    return -math.inf if math.isnan(end) else end  # JSON has no NaN, json.loads has


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 5 else 1.0
