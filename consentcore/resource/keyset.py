"""The published keys of an authorization server (RFC 7517), fetched when needed and kept for a while."""

from __future__ import annotations

import json
import logging
import ssl
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from consentcore.jose.source_cache import RefreshPolicy, SourceCache, SourceUnavailable
from consentcore.resource.bearer import Unavailable
from consentcore.resource.http import Endpoint

if TYPE_CHECKING:
    from joserfc.jwk import Key

log = logging.getLogger("consentcore.resource")

_SHAPES = {"ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519")}
_FIRST_RETRY_S = 1.0
MAX_STALE_S = 24 * 3600.0
"""How long keys are used that cannot be fetched again."""


class KeySet:
    """Keys by ``kid``. Safe to share between threads.

    :param refresh_s: how old the keys may be.
    :param min_refresh_s: how often they are fetched at most.
    """

    def __init__(
        self,
        uri: str,
        *,
        refresh_s: float,
        min_refresh_s: float,
        timeout_s: float,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._endpoint = Endpoint(uri, timeout_s, context)
        policy = RefreshPolicy(
            fresh=refresh_s,
            retry=min(min_refresh_s, refresh_s),
            first_retry=min(min_refresh_s, _FIRST_RETRY_S),
            unknown_asks=1,
            unknown_within=min_refresh_s,
        )
        self._cache: SourceCache[Mapping[tuple[str, str], Key]] = SourceCache(policy)

    def find(self, kid: str, algorithm: str) -> Key | None:
        """The key that is published under ``kid`` for ``algorithm``; None when there is none.

        :raises Unavailable: no keys could be fetched, ever or for a day.
        """

        def pick(keys: Mapping[tuple[str, str], Key]) -> Any:
            return keys.get((kid, algorithm))

        try:
            found: Key | None = self._cache.find(pick, self._fetched, time.monotonic, oldest=MAX_STALE_S)
        except SourceUnavailable:
            raise Unavailable("the keys of the authorization server cannot be fetched") from None
        return found

    def close(self) -> None:
        """Close idle connections."""
        self._endpoint.close()

    def _fetched(self) -> Mapping[tuple[str, str], Key]:
        try:
            answer = self._endpoint.send("GET", {"Accept": "application/jwk-set+json, application/json"})
            if answer.status != 200:
                raise Unavailable(f"the keys are answered with {answer.status}")
            return _read(answer.body)
        except (Unavailable, ValueError) as error:
            log.warning("the keys of the authorization server could not be fetched: %s", error)
            raise SourceUnavailable(str(error)) from error


def _read(body: bytes) -> dict[tuple[str, str], Key]:
    """The keys of a set that fit what they are for; others, which we have no use for, are left out.

    :raises ValueError: it is no JWK set.
    """
    try:
        members = [(member, _algorithm_of(member)) for member in _listed(json.loads(body))]
    except (TypeError, KeyError, RecursionError):
        raise ValueError("this is no JWK set") from None
    found = [((member["kid"], algorithm), _imported(member)) for member, algorithm in members if algorithm]
    return {name: key for name, key in found if key is not None}


def _listed(document: Any) -> list[Any]:
    """The members of a set (RFC 7517 section 5.1); whatever else is under that name is no set without keys.

    :raises TypeError: they are no list.
    """
    if not isinstance(document["keys"], list):
        raise TypeError("keys: expected a list")
    return document["keys"]


def _algorithm_of(member: Any) -> str:
    """What a key is for: as it says itself, and only if it is of that kind; a key for two is a key for confusion."""
    if not isinstance(member, dict) or not isinstance(member.get("kid"), str):
        return ""
    if member.get("use", "sig") != "sig":
        return ""
    for algorithm, shape in _SHAPES.items():
        if (member.get("kty"), member.get("crv")) == shape and member.get("alg", algorithm) == algorithm:
            return algorithm
    return ""


def _imported(member: dict[str, Any]) -> Key | None:
    from joserfc import errors
    from joserfc.jwk import ECKey, OKPKey

    public = {name: value for name, value in member.items() if name in ("kty", "crv", "x", "y", "kid")}
    try:
        return ECKey.import_key(public) if public["kty"] == "EC" else OKPKey.import_key(public)
    except (errors.JoseError, ValueError) as error:
        log.warning("a key of the authorization server cannot be read: %s", type(error).__name__)
        return None
