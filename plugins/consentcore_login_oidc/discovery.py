"""What the provider says of itself: endpoints (OpenID Connect Discovery 1.0) and signing keys, fetched rarely."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from consentcore.api import RefreshPolicy, SourceCache, SourceUnavailable
from consentcore_login_oidc.calls import Calls, ProviderDown
from consentcore_login_oidc.settings import is_safe_url

log = logging.getLogger(__name__)

FRESH_S = 3600.0
STALE_S = 24 * 3600.0
HOLD_OFF_S = 5.0
NEW_KEYS_S = 30.0

V = TypeVar("V")
R = TypeVar("R")
Key = RSAKey | ECKey | OKPKey
_KINDS: dict[str, type[RSAKey] | type[ECKey] | type[OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}


@dataclass(frozen=True)
class Metadata:
    """The endpoints. ``iss_in_answers``: RFC 9207 section 3."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    iss_in_answers: bool = False

    @classmethod
    def of(cls, document: Mapping[str, Any], issuer: str) -> Metadata:
        """Read a discovery document.

        :raises ProviderDown: when it is another issuer's, or lacks something.
        """
        if document.get("issuer") != issuer:
            raise ProviderDown("the discovery document is not that of the issuer in the settings")
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        optional = ("userinfo_endpoint", "end_session_endpoint")
        urls = {name: document.get(name) for name in (*needed, *optional)}
        for name, url in urls.items():
            if not is_safe_url(url) and (name in needed or url is not None):
                raise ProviderDown(f"{name} in the discovery document is no https URL")
        iss = document.get("authorization_response_iss_parameter_supported") is True
        return cls(**{name: url or "" for name, url in urls.items()}, iss_in_answers=iss)


class Provider:
    """The provider as it describes itself. Safe to use from any thread.

    While it is down, what it said before does for a day.

    :param wait_s: how long a thread waits for another one that asks.
    """

    def __init__(self, issuer: str, calls: Calls, wait_s: float) -> None:
        self.issuer = issuer
        self._calls = calls
        policy = RefreshPolicy(
            fresh=FRESH_S,
            retry=HOLD_OFF_S,
            first_retry=HOLD_OFF_S,
            unknown_asks=1,
            unknown_within=NEW_KEYS_S,
            wait_s=wait_s,
        )
        self._metadata: SourceCache[Metadata] = SourceCache(policy)
        self._keys: SourceCache[list[Key]] = SourceCache(policy)

    def metadata(self) -> Metadata:
        """The endpoints.

        :raises ProviderDown: when they are not known.
        """
        found = _found(self._metadata, lambda metadata: metadata, self._fetch_metadata)
        assert found is not None, "it was picked as it is"
        return found

    def find_in_keys(self, pick: Callable[[list[Key]], R | None]) -> R | None:
        """What ``pick`` makes of its signing keys, public ones only; None when it makes nothing of them.

        Then they are asked for again, at most every half minute.

        :raises ProviderDown: when they are not known.
        """
        return _found(self._keys, pick, self._fetch_keys)

    def _fetch_metadata(self) -> Metadata:
        url = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        return Metadata.of(self._calls.get_json(url), self.issuer)

    def _fetch_keys(self) -> list[Key]:
        document = self._calls.get_json(self.metadata().jwks_uri).get("keys")
        if not isinstance(document, list):
            raise ProviderDown("the provider's key set is none")
        found = [key for item in document if (key := _key(item)) is not None]
        if not found:
            raise ProviderDown("the provider's key set holds no usable key")
        return found


def _found(cache: SourceCache[V], pick: Callable[[V], R | None], fetch: Callable[[], V]) -> R | None:
    def fetched() -> V:
        try:
            return fetch()
        except ProviderDown as error:
            log.warning("the OpenID provider does not answer, what it said before does for a day: %s", error)
            raise SourceUnavailable(str(error)) from error

    try:
        return cache.find(pick, fetched, time.monotonic, oldest=STALE_S)
    except SourceUnavailable as error:
        raise ProviderDown(str(error)) from None


def _key(item: object) -> Key | None:
    """A public signing key; None for any other, of which a key set may hold some (RFC 7517 section 5)."""
    if not isinstance(item, dict) or item.get("use", "sig") != "sig":
        return None
    name = item.get("kty")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    try:
        return kind.import_key(item) if kind else None
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
        return None
