"""Where the public keys of a client come from: its registration, or a URL of its own.

A URL is fetched through the guard of outgoing requests, outside any transaction, and its keys are kept for a while.
An unknown ``kid`` asks again at once, so that a client may rotate whenever it likes, but no more than twice a minute,
whatever anybody sends. While nobody answers there, the client cannot authenticate itself, and nobody else waits.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consentcore.domain.clock import MINUTE, SECOND
from consentcore.domain.errors import InvalidInput
from consentcore.egress import EgressError
from consentcore.oauth.client_auth.jose import may_mean
from consentcore.oauth.client_auth.key_set import key_set

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.egress import EgressPolicy
    from consentcore.oauth.client_auth.jose import Jwt
    from consentcore.oauth.client_auth.key_set import PublicKey

log = logging.getLogger("consentcore.oauth")
KEEP = 10 * MINUTE
"""How long fetched keys are good: a key that a client takes back is refused after this at the latest."""
WINDOW = MINUTE
"""The time in which one URL is asked twice at most: once as usual, and once more for a key that has just appeared."""
PAUSE = 30 * SECOND
"""The least time between a request that failed and the next one to the same URL."""
TIMEOUT_S = 3.0
MOST_URLS = 256


@dataclass
class _Kept:
    """What is known of one URL. The lock lets one thread ask; others wait for its answer, but not where the last one
    failed: forged assertions for a client whose keys cannot be had would hold every thread otherwise."""

    keys: Sequence[PublicKey] = ()
    good_until: int = 0
    asked_at: tuple[int, ...] = ()
    failed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def may_ask(self, now: int) -> bool:
        if self.failed and now < self.asked_at[-1] + PAUSE:
            return False
        return len(self.asked_at) < 2 or now >= self.asked_at[-2] + WINDOW


class KeySource:
    """Finds keys. Safe to share between threads.

    :param egress: the guard; its time limit must be short, see :data:`TIMEOUT_S`.
    """

    def __init__(self, egress: EgressPolicy) -> None:
        self._egress = egress
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def of(self, client: Client, jwt: Jwt, now: int) -> Sequence[PublicKey]:
        """The keys that may have signed ``jwt``; none when they cannot be had. Raises nothing."""
        try:
            if not client.jwks_uri:
                return key_set(client.jwks) if client.jwks else ()
        except InvalidInput as error:  # stored by something that does not check
            log.error("the keys of client %s are not usable: %s", client.client_id, error)
            return ()
        kept = self._entry(client.jwks_uri)
        if _lacks(kept, jwt, now) and kept.lock.acquire(timeout=0 if kept.failed else TIMEOUT_S):
            try:
                if _lacks(kept, jwt, now) and kept.may_ask(now):
                    self._ask(kept, client, now)
            finally:
                kept.lock.release()
        return kept.keys if now < kept.good_until else ()

    def _ask(self, kept: _Kept, client: Client, now: int) -> None:
        kept.asked_at = (*kept.asked_at[-1:], now)
        try:
            answer = self._egress.get(
                client.jwks_uri, {"Accept": "application/jwk-set+json, application/json"}
            )
            if answer.status != 200:
                raise EgressError("http", f"status {answer.status}")
            keys = key_set(answer.body.decode())
        except (EgressError, InvalidInput, UnicodeDecodeError) as error:
            log.warning("the keys of client %s at %s: %s", client.client_id, client.jwks_uri, error)
            kept.failed = True
            return
        kept.keys, kept.good_until, kept.failed = keys, now + KEEP, False

    def _entry(self, url: str) -> _Kept:
        with self._lock:
            found = self._kept.get(url)
            if found is None:
                if len(self._kept) >= MOST_URLS:
                    del self._kept[next(iter(self._kept))]
                found = self._kept[url] = _Kept()
            return found


def _lacks(kept: _Kept, jwt: Jwt, now: int) -> bool:
    return now >= kept.good_until or not any(may_mean(jwt, key) for key in kept.keys)
