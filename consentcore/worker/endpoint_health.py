"""How endpoints fare: slowed down when they ask for it, their people told after a day of failures, switched off
after five."""

from __future__ import annotations

import logging
import uuid
from dataclasses import replace
from urllib.parse import urlsplit

from consentcore.domain.client import EndpointHealth, WebhookEndpoint
from consentcore.domain.clock import HOUR, MINUTE, Clock, iso
from consentcore.domain.event_kinds import NoticeKind, notice_profile
from consentcore.domain.notice import Delivered, DeliveryState, Gone, Notice, Outcome, Retry
from consentcore.domain.notice_facts import EndpointFacts
from consentcore.ports.storage import Storage, transact
from consentcore.ports.transactions import UnitOfWork

log = logging.getLogger("consentcore.worker")

WARN_AFTER = 24 * HOUR
DISABLE_AFTER = 120 * HOUR
SLOW_STATUSES = frozenset({429, 502, 503, 504})
SLOW_MAX = 5 * MINUTE
NOTED_EVERY = 5 * MINUTE
"""How often a state that goes on is written down again, so that a busy endpoint is not a busy row."""

_OUR_FAULT = frozenset({"key", "exception", "answer", "overdue"})
_BATCH = 200


class Deferred(Exception):
    """A delivery is not tried.

    :ivar state: what it becomes.
    :ivar at: when it is due again, for PENDING.
    """

    def __init__(self, state: DeliveryState, reason: str, at: int | None = None) -> None:
        super().__init__(reason)
        self.state = state
        self.reason = reason
        self.at = at


class EndpointMonitor:
    """Judges endpoints by how scheduled deliveries end. Safe to use from any thread and any number of workers."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    def admit(self, endpoint: WebhookEndpoint) -> None:
        """Let a scheduled delivery pass.

        :raises Deferred: when the endpoint is disabled or asked for time.
        """
        if endpoint.disabled_at is not None:
            raise Deferred(DeliveryState.HELD, "kept while the endpoint is disabled")
        slow_until, now = endpoint.health.slow_until, self._clock.now()
        # A pause that lasts longer than any we make is of a clock that went wrong, or of nobody.
        if slow_until is not None and now < slow_until <= now + SLOW_MAX:
            raise Deferred(DeliveryState.PENDING, "the endpoint asked for time", slow_until)

    def observe(self, endpoint: WebhookEndpoint, outcome: Outcome, next_at: int | None) -> None:
        """Take in how a scheduled try ended.

        :param endpoint: as it was read for the try.
        :param next_at: when the delivery is tried again, if it is.
        :raises StorageError: nothing was noted.
        """
        if isinstance(outcome, Gone):
            self._end(endpoint.endpoint_id, outcome.reason)
            return
        now = self._clock.now()
        if _after(endpoint.health, outcome, now, next_at) is None:
            return

        def work(uow: UnitOfWork) -> None:
            # Judged again by the row as it stands: another worker may have seen a success meanwhile.
            found = uow.clients.endpoint(endpoint.endpoint_id, lock=True)
            health = _after(found.health, outcome, now, next_at) if found else None
            if health is not None:
                uow.clients.set_health(endpoint.endpoint_id, health)

        transact(self._storage, work)

    def review(self) -> bool:
        """Tell of endpoints that have failed for a day, switch off those that have for five; whether there are more."""
        now = self._clock.now()
        with self._storage.reading() as uow:
            fresh = uow.clients.failing_endpoints(now - WARN_AFTER, warned=False, limit=_BATCH)
            known = uow.clients.failing_endpoints(now - DISABLE_AFTER, warned=True, limit=_BATCH)
        for endpoint in (*fresh, *known):
            since = endpoint.health.failing_since
            if since is not None and since <= now - DISABLE_AFTER:
                self._end(endpoint.endpoint_id, "nothing but failures for 120 hours", failing_since=since)
            else:
                self._warn(endpoint.endpoint_id)
        return _BATCH in {len(fresh), len(known)}

    def _warn(self, endpoint_id: str) -> None:
        now = self._clock.now()

        def work(uow: UnitOfWork) -> None:
            found = uow.clients.endpoint(endpoint_id, lock=True)
            if found is None or found.health.failing_since is None or found.health.warned_at is not None:
                return
            uow.clients.set_health(endpoint_id, replace(found.health, warned_at=now))
            uow.notices.add(_notice(NoticeKind.ENDPOINT_FAILING, found, now, ""))
            log.warning("endpoint %s has failed for a day", endpoint_id)

        transact(self._storage, work)

    def _end(self, endpoint_id: str, reason: str, failing_since: int | None = None) -> None:
        """Disable an endpoint and tell its people, once.

        :param failing_since: leave it alone when it does not fail since then any more.
        """
        now = self._clock.now()

        def work(uow: UnitOfWork) -> None:
            found = uow.clients.endpoint(endpoint_id, lock=True)
            if found is None or found.disabled_at is not None:
                return
            if failing_since is not None and found.health.failing_since != failing_since:
                return
            uow.clients.update_endpoint(replace(found, disabled_at=now, disabled_reason=reason))
            uow.notices.add(_notice(NoticeKind.ENDPOINT_DISABLED, found, now, reason))
            log.warning("endpoint %s was disabled: %s", endpoint_id, reason)

        transact(self._storage, work)


def _after(health: EndpointHealth, outcome: Outcome, now: int, next_at: int | None) -> EndpointHealth | None:
    """The health after an outcome; None when there is nothing worth writing."""
    if isinstance(outcome, Delivered):
        if health.failing_since is None and not _stale(health.last_success_at, now):
            return None
        return replace(health, failing_since=None, warned_at=None, slow_until=None, last_success_at=now)
    if not isinstance(outcome, Retry) or outcome.error in _OUR_FAULT:
        return None
    slow = outcome.status in SLOW_STATUSES and next_at is not None
    if health.failing_since is not None and not slow and not _stale(health.last_failure_at, now):
        return None
    return replace(
        health,
        failing_since=now if health.failing_since is None else health.failing_since,
        last_failure_at=now,
        slow_until=min(next_at, now + SLOW_MAX) if slow and next_at is not None else health.slow_until,
    )


def _stale(noted_at: int | None, now: int) -> bool:
    return noted_at is None or now - noted_at >= NOTED_EVERY


def _notice(kind: NoticeKind, endpoint: WebhookEndpoint, now: int, reason: str) -> Notice:
    since = endpoint.health.failing_since
    facts = EndpointFacts(
        endpoint_id=endpoint.endpoint_id,
        endpoint_host=urlsplit(endpoint.url).hostname or "",
        failing_since=iso(since) if since is not None else "",
        reason=reason,
    )
    return Notice(
        notice_id=str(uuid.uuid4()),
        kind=kind,
        grant_id="",
        client_id=endpoint.client_id,
        owner_id="",
        audiences=notice_profile(kind).audiences,
        occurred_at=now,
        data=facts.to_json(),
    )
