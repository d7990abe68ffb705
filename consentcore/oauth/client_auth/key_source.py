"""Where the public keys of a client come from: its registration, or a URL of its own.

A URL is fetched through the guard of outgoing requests, outside any transaction, and its keys are kept for a while.
An assertion that none of them has signed asks again at once, so that a client may rotate whenever it likes and name its
keys as it likes, but no more than twice a minute, whatever anybody sends. Asking is an errand (see
:mod:`consentcore.egress.errands`): while nobody answers, the client cannot authenticate itself, and nobody else waits.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consentcore.domain.clock import MINUTE, SECOND
from consentcore.domain.errors import InvalidInput
from consentcore.egress import EgressError, Errand, errand
from consentcore.egress.errands import KEY_SET
from consentcore.oauth.client_auth.jose import is_signed
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

    def worth_waiting(self, now: int) -> bool:
        """Whether an answer is to be had: by asking, or from somebody who asks just now."""
        return not self.failed if self.lock.locked() else self.may_ask(now)

    def know(self, jwt: Jwt, now: int) -> bool:
        return now < self.good_until and is_signed(jwt, self.keys)


class KeySource:
    """Finds keys. Safe to share between threads.

    :param egress: the guard; its time limit must be short, see :data:`TIMEOUT_S`.
    """

    def __init__(self, egress: EgressPolicy) -> None:
        self._egress = egress
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def have_signed(self, client: Client, jwt: Jwt, now: int) -> bool:
        """Whether a key of the client has signed ``jwt``; not so when its keys cannot be had.

        :raises Busy: in a request that must not wait for the keys here.
        """
        try:
            if not client.jwks_uri:
                return bool(client.jwks) and is_signed(jwt, key_set(client.jwks))
        except InvalidInput as error:  # stored by something that does not check
            log.error("the keys of client %s are not usable: %s", client.client_id, error)
            return False
        kept = self._entry(client.jwks_uri)
        if kept.know(jwt, now):
            return True
        if not kept.worth_waiting(now):
            return False
        with errand(Errand(KEY_SET, client.jwks_uri, client.client_id)):
            self._refresh(kept, client, jwt, now)
        return kept.know(jwt, now)

    def _refresh(self, kept: _Kept, client: Client, jwt: Jwt, now: int) -> None:
        """Ask, or wait for the answer that somebody else is about to get."""
        if not kept.lock.acquire(timeout=0 if kept.failed else TIMEOUT_S):
            return
        try:
            if not kept.know(jwt, now) and kept.may_ask(now):
                self._ask(kept, client, now)
        finally:
            kept.lock.release()

    def _ask(self, kept: _Kept, client: Client, now: int) -> None:
        kept.asked_at = (*kept.asked_at[-1:], now)
        try:
            answer = self._egress.get(
                client.jwks_uri, {"Accept": "application/jwk-set+json, application/json"}
            )
            if answer.status != 200:
                raise EgressError("http", f"status {answer.status}")
            keys = key_set(answer.body.decode("utf-8-sig"))
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
