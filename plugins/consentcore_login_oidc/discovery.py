"""What the provider says of itself: endpoints (OpenID Connect Discovery 1.0) and signing keys, fetched rarely."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from consentcore_login_oidc.calls import Calls, ProviderDown
from consentcore_login_oidc.settings import is_safe_url

log = logging.getLogger(__name__)

FRESH_S = 3600.0
STALE_S = 24 * 3600.0
HOLD_OFF_S = 5.0
NEW_KEYS_S = 30.0

T = TypeVar("T")
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


class Kept(Generic[T]):
    """A value that is fetched when it is old, by one thread; a fetch that failed is not repeated at once.

    While the provider is down, what was fetched before does for a day.
    """

    def __init__(self, fetch: Callable[[], T], wait_s: float) -> None:
        self._fetch = fetch
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._value: T | None = None
        self._fetched_at = float("-inf")
        self._failed_at = float("-inf")

    def peek(self) -> T | None:
        """The value if there is one."""
        return self._value

    def get(self, not_older_than_s: float = FRESH_S) -> T:
        """The value.

        :raises ProviderDown: when there is none.
        """
        value = self._value
        if value is not None and time.monotonic() - self._fetched_at < not_older_than_s:
            return value
        if not self._lock.acquire(timeout=self._wait_s):
            raise ProviderDown("the provider is being asked already")
        try:
            return self._renewed(not_older_than_s)
        finally:
            self._lock.release()

    def _renewed(self, not_older_than_s: float) -> T:
        now = time.monotonic()
        if self._value is not None and now - self._fetched_at < not_older_than_s:
            return self._value  # by the thread before
        try:
            if now - self._failed_at < HOLD_OFF_S:
                raise ProviderDown("the provider did not answer a moment ago")
            self._value = self._fetch()
            self._fetched_at = time.monotonic()
        except ProviderDown:
            if now - self._failed_at >= HOLD_OFF_S:
                self._failed_at = time.monotonic()
            if self._value is None or now - self._fetched_at > STALE_S:
                raise
            log.warning("the OpenID provider does not answer, what it said before does for now")
        return self._value


class Provider:
    """The provider as it describes itself. Safe to use from any thread."""

    def __init__(self, issuer: str, calls: Calls, wait_s: float) -> None:
        self.issuer = issuer
        self._calls = calls
        self._metadata = Kept(self._fetch_metadata, wait_s)
        self._keys = Kept(self._fetch_keys, wait_s)

    def metadata(self) -> Metadata:
        """The endpoints.

        :raises ProviderDown: when they are not known.
        """
        return self._metadata.get()

    def keys(self, *, renewed: bool = False) -> list[Key]:
        """Its signing keys, public ones only.

        :param renewed: a key was not among them; asked again at most every half minute.
        :raises ProviderDown: when they are not known.
        """
        return self._keys.get(NEW_KEYS_S if renewed else FRESH_S)

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
