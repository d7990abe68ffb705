"""Where the public keys of a client come from: its registration, or a URL of its own.

A URL is fetched through the guard of outgoing requests, outside any transaction, and its keys are kept for a while.
An assertion that none of them has signed asks again at once, so that a client may rotate whenever it likes and name its
keys as it likes, but no more than twice a minute, whatever anybody sends. Asking is an errand (see
:mod:`consentcore.egress.errands`): while nobody answers, the client cannot authenticate itself, and nobody else waits.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from consentcore.domain.clock import MINUTE, SECOND
from consentcore.domain.described_client import document_url
from consentcore.domain.errors import InvalidInput
from consentcore.egress import EgressError, Errand, errand
from consentcore.egress.errands import KEY_SET, STRANGERS_KEY_SET
from consentcore.jose.source_cache import RefreshPolicy, SourceCache, SourceUnavailable
from consentcore.oauth.client_auth.client_jwt import is_signed, named_key
from consentcore.oauth.client_auth.key_set import key_set
from consentcore.oauth.client_documents import DocumentRefused

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.egress import EgressPolicy
    from consentcore.oauth.client_auth.client_jwt import Jwt
    from consentcore.oauth.client_auth.key_set import PublicKey
    from consentcore.oauth.client_documents import ClientDocuments

R = TypeVar("R")

log = logging.getLogger("consentcore.oauth")
KEEP = 10 * MINUTE
"""How long fetched keys are good: a key that a client takes back is refused after this at the latest."""
WINDOW = MINUTE
"""The time in which one URL is asked twice at most: once as usual, and once more for a key that has just appeared."""
PAUSE = 30 * SECOND
"""The least time between a request that failed and the next one to the same URL."""
TIMEOUT_S = 3.0
MOST_URLS = 256


class KeySource:
    """Finds keys. Safe to share between threads.

    :param egress: the guard; its time limit must be short, see :data:`TIMEOUT_S`.
    :param documents: say which keys a client has now whose id is the URL of one.
    """

    def __init__(self, egress: EgressPolicy, documents: ClientDocuments | None = None) -> None:
        self._egress = egress
        self._documents = documents
        self._caches: dict[str, SourceCache[Sequence[PublicKey]]] = {}
        self._strangers: dict[str, SourceCache[Sequence[PublicKey]]] = {}
        self._lock = threading.Lock()

    def have_signed(self, client: Client, jwt: Jwt, now: int) -> bool:
        """Whether a key of the client has signed ``jwt``; not so when its keys cannot be had.

        :raises Busy: in a request that must not wait for the keys here.
        """
        return bool(self._find(client, lambda keys: is_signed(jwt, keys) or None, now))

    def have_certificate(self, client: Client, x5t: str, now: int) -> bool:
        """Whether a certificate is one of those of the client; not so when they cannot be had.

        :param x5t: its SHA-256 thumbprint in base64url.
        :raises Busy: in a request that must not wait for the keys here.
        """
        return bool(self._find(client, lambda keys: any(key.x5t == x5t for key in keys) or None, now))

    def named(self, client: Client, jwt: Jwt, now: int) -> PublicKey | None:
        """The one key of the client that the header of ``jwt`` means; None where that is none, or not sure, and when
        its keys cannot be had. So that a signature costs one check at most; a key that takes the place of another one
        needs a ``kid`` of its own.

        :raises Busy: in a request that must not wait for the keys here.
        """
        return self._find(client, lambda keys: named_key(jwt, keys), now)

    def _find(self, client: Client, pick: Callable[[Sequence[PublicKey]], R | None], now: int) -> R | None:
        """What ``pick`` takes out of the keys; None when it takes nothing, and when there are none."""
        if self._documents is not None and document_url(client):
            try:
                client = self._documents.current(document_url(client), client)
            except DocumentRefused as error:
                log.warning("the keys of client %s: %s", client.client_id, error)
                return None
        try:
            if not client.jwks_uri:
                return pick(key_set(client.jwks)) if client.jwks else None
        except InvalidInput as error:  # stored by something that does not check
            log.error("the keys of client %s are not usable: %s", client.client_id, error)
            return None

        def fetch() -> Sequence[PublicKey]:
            return self._fetched(client)

        stranger = client.unknown

        def waiting() -> AbstractContextManager[None]:
            if stranger:
                return errand(Errand(STRANGERS_KEY_SET, urlsplit(client.jwks_uri).netloc, client.client_id))
            return errand(Errand(KEY_SET, client.jwks_uri, client.client_id))

        cache = self._cache(client.jwks_uri, stranger)
        try:
            return cache.find(pick, fetch, lambda: now, oldest=KEEP, waiting=waiting)
        except SourceUnavailable:
            return None

    def _fetched(self, client: Client) -> Sequence[PublicKey]:
        try:
            answer = self._guard(client).get(
                client.jwks_uri, {"Accept": "application/jwk-set+json, application/json"}
            )
            if answer.status != 200:
                raise EgressError("http", f"status {answer.status}")
            return key_set(answer.body.decode("utf-8-sig"))
        except (EgressError, InvalidInput, UnicodeDecodeError) as error:
            log.warning("the keys of client %s at %s: %s", client.client_id, client.jwks_uri, error)
            raise SourceUnavailable(str(error)) from error

    def _guard(self, client: Client) -> EgressPolicy:
        """What an operator's networks are open to is not open to whom nobody has checked."""
        is_open = client.unknown and self._egress.allow_networks
        return replace(self._egress, allow_networks=()) if is_open else self._egress

    def _cache(self, url: str, stranger: bool) -> SourceCache[Sequence[PublicKey]]:
        """What strangers ask of a URL has no say in when it is asked for others, nor do they have others forgotten."""
        caches = self._strangers if stranger else self._caches
        with self._lock:
            found = caches.get(url)
            if found is None:
                if len(caches) >= MOST_URLS:
                    del caches[next(iter(caches))]
                found = caches[url] = SourceCache(_policy())
            return found


def _policy() -> RefreshPolicy:
    """After a failure nobody waits for another thread that asks: forged assertions for a client whose keys cannot
    be had would hold every thread otherwise."""
    return RefreshPolicy(
        fresh=KEEP,
        retry=PAUSE,
        first_retry=PAUSE,
        unknown_asks=2,
        unknown_within=WINDOW,
        wait_s=TIMEOUT_S,
        wait_after_failure=False,
    )
