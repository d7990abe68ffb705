"""Client authentication with its limits, for every endpoint that demands it.

Two kinds of limits, and neither lets one client shut out another:

* requests a minute of a client from one address, counted in this process after it has authenticated itself, so
  that nobody uses up what is somebody else's; once reached, the next one is refused before the storage is asked;
* wrong secrets a minute, of a client from one address and of an address over all clients, counted for all
  processes in the storage's counters. Only the refusal changes, from 401 to 429: right credentials are never held
  up, because 256 random bits cannot be guessed. A success costs nothing here.

RFC 6749 has no error code for 429 (RFC 6585 section 4). Too many requests are ``temporarily_unavailable``, as every
"come back later" of these endpoints; too many wrong secrets remain ``invalid_client``.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from consentcore.domain.address import network_of
from consentcore.domain.clock import MINUTE, window_left_s
from consentcore.domain.described_client import SCHEME, kept_id
from consentcore.domain.errors import StorageError
from consentcore.domain.secret import digest
from consentcore.oauth import client_auth
from consentcore.oauth.client_certificate import CERTIFICATE
from consentcore.oauth.errors import INVALID_CLIENT, ProtocolError, suspended

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.oauth.client_auth import Authenticator, Credentials
    from consentcore.oauth.messages import HttpRequest
    from consentcore.ports.storage import Storage
    from consentcore.settings import LimitsSettings

log = logging.getLogger("consentcore.oauth")
_MOST_KEYS = 10_000
_STEPS = 1000
_CLOSED_WHILE_SUSPENDED = {"token": 400, "par": 400, "api": 403}
"""Endpoints that a suspended client is refused at, with the status of the refusal."""


class RateLimitedAuthenticator:
    """Identifies and authenticates clients within the limits. Safe to share between threads.

    :param storage: only its counters are used, and only after a failure.
    :param authenticator: judges credentials.
    """

    def __init__(self, storage: Storage, settings: LimitsSettings, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._rates = RateLimiter(
            {
                "token": settings.token_per_client,
                "introspect": settings.introspect_per_client,
                "revoke": settings.revoke_per_client,
                "par": settings.par_per_client,
                "api": settings.api_per_client,
                "address": settings.requests_per_address,
                "asking": settings.asking_per_owner,
            }
        )
        self._failures = FailureCounter(storage, settings)

    def identify(self, endpoint: str, http: HttpRequest, parameters: Mapping[str, str]) -> Credentials:
        """Find the credentials of a request; nothing is looked up.

        :param endpoint: ``token``, ``introspect``, ``revoke``, ``par`` or ``api``.
        :raises ProtocolError: see :func:`client_auth.read_credentials`; 429 when the client, or its address, has
            used up its minute.
        """
        credentials = client_auth.read_credentials(http.headers, parameters)
        if credentials.client_id.startswith(SCHEME):
            url = credentials.client_id
            credentials = replace(credentials, client_id=kept_id(url), document_url=url)
        network = network_of(http.remote_addr)
        wait = self._rates.hit("address", network) or self._rates.wait(
            endpoint, credentials.client_id, network
        )
        if wait:
            raise _too_many_requests(wait)
        return credentials

    def authenticate(
        self, endpoint: str, http: HttpRequest, credentials: Credentials, client: Client | None, now: int
    ) -> Client:
        """Check the credentials, and count: a request when they are right, else a failure.

        :raises ProtocolError: 401 ``invalid_client``, 429 beyond a limit, ``unauthorized_client`` for a client that is
            suspended, except where it gives a token back or asks about one, which is inactive.
        """
        network = network_of(http.remote_addr)
        shown = credentials.secret or credentials.assertion or CERTIFICATE in http.headers
        try:
            known = self._authenticator.authenticate(endpoint, http, credentials, client, now)
        except ProtocolError:
            wait = self._failures.hit(credentials.client_id, network, now) if shown else 0
            if wait:
                raise _too_many_failures(wait) from None
            raise
        wait = self._rates.hit(endpoint, known.client_id, network)
        if wait:
            raise _too_many_requests(wait)
        if known.suspended is not None and endpoint in _CLOSED_WHILE_SUSPENDED:
            raise suspended(_CLOSED_WHILE_SUSPENDED[endpoint])
        return known

    def admit(self, endpoint: str, http: HttpRequest, client_id: str) -> None:
        """The same as :meth:`identify` for a request that has a token of a client, and not its credentials.

        :param client_id: "" where the token is nobody's.
        :raises ProtocolError: 429 when the client, or its address, has used up its minute.
        """
        network = network_of(http.remote_addr)
        wait = self._rates.hit("address", network) or self._rates.wait(endpoint, client_id, network)
        if wait:
            raise _too_many_requests(wait)

    def count(self, endpoint: str, http: HttpRequest, client_id: str) -> None:
        """Count such a request, once it is known to be the client's, as :meth:`authenticate` does.

        :raises ProtocolError: 429.
        """
        wait = self._rates.hit(endpoint, client_id, network_of(http.remote_addr))
        if wait:
            raise _too_many_requests(wait)

    def asks_too_often(self, owner_id: str, client_id: str) -> bool:
        """Count a request of a client that an owner has to be asked about; whether it is one too many this minute."""
        asking = owner_id, client_id
        return bool(self._rates.wait("asking", *asking) or self._rates.hit("asking", *asking))


class RateLimiter:
    """Requests a minute in this process.

    Two counters a key, whatever the limit: a list of times, as a moving window keeps it, would hold hundreds of
    thousands of entries at the default limits. Large limits are counted in steps of a thousandth, because asking the
    limiter costs as much as parsing the body does.

    :param per_minute: the limit of each kind; 0 is none.
    """

    def __init__(self, per_minute: Mapping[str, int]) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._items = {
            kind: RateLimitItemPerMinute(limit, namespace=kind) for kind, limit in per_minute.items() if limit
        }
        self._steps = {kind: max(1, limit // _STEPS) for kind, limit in per_minute.items()}
        self._begun: dict[tuple[str, ...], int] = {}
        self._blocked: dict[tuple[str, ...], float] = {}

    def wait(self, kind: str, *key: str) -> int:
        """Seconds until ``key`` may go on, 0 for now. Counts nothing."""
        until = self._blocked.get((kind, *key)) if self._blocked else None
        if until is None:
            return 0
        return max(0, math.ceil(until - time.time()))

    def hit(self, kind: str, *key: str) -> int:
        """Count a request: 0, or the seconds to wait when it is one too many."""
        item = self._items.get(kind)
        if item is None or not self._completes_step(kind, key):
            return 0
        if self._limiter.hit(item, *key, cost=self._steps[kind]):
            return 0
        now = time.time()
        until = max(self._limiter.get_window_stats(item, *key).reset_time, now + 0.1)
        if len(self._blocked) >= _MOST_KEYS:
            self._blocked = {}  # whoever is still too fast is back at once
        self._blocked[(kind, *key)] = until
        return math.ceil(until - now)

    def _completes_step(self, kind: str, key: tuple[str, ...]) -> bool:
        """Count up to a step. Threads may lose a count to each other, which is in the client's favour."""
        step = self._steps[kind]
        if step == 1:
            return True
        counted = (kind, *key)
        begun = self._begun.get(counted, 0) + 1
        if len(self._begun) >= _MOST_KEYS:
            self._begun = {}
        self._begun[counted] = begun % step
        return begun >= step


class FailureCounter:
    """Wrong secrets a minute, shared by all processes. Keys hold hashes: the counters name nobody."""

    def __init__(self, storage: Storage, settings: LimitsSettings) -> None:
        self._storage = storage
        self._pair = settings.failures_per_client
        self._address = settings.failures_per_address
        self._over: dict[str, int] = {}

    def hit(self, client_id: str, network: str, now: int) -> int:
        """Count a failure: 0, or the seconds until the minute ends when it is one too many.

        What is over its limit is not written again, so that a flood of failures is none of writes.
        """
        wait = window_left_s(now, MINUTE)
        limits = {_name("pair", client_id, network): self._pair, _name("address", network): self._address}
        if any(self._over.get(name) == now // MINUTE for name in limits):
            return wait
        try:
            over = [
                name
                for name, limit in limits.items()
                if limit and self._storage.counters.hit(name, now, MINUTE) > limit
            ]
        except StorageError as error:
            log.warning("a failed client authentication could not be counted: %s", error)
            return 0
        if len(self._over) >= _MOST_KEYS:
            self._over = {}
        self._over.update(dict.fromkeys(over, now // MINUTE))
        return wait if over else 0


def _too_many_requests(wait_s: int) -> ProtocolError:
    return ProtocolError(
        429, "temporarily_unavailable", "Too many requests, please slow down", {"Retry-After": str(wait_s)}
    )


def _too_many_failures(wait_s: int) -> ProtocolError:
    description = "Client authentication failed too often, please check the secret"
    return ProtocolError(429, INVALID_CLIENT, description, {"Retry-After": str(wait_s)})


def _name(kind: str, *parts: str) -> str:
    hashed = digest("\x1f".join((kind, *parts)))
    return f"client-auth:{hashed.hex()[:32]}"
