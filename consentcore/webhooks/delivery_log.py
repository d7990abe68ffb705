"""The delivery log: what was sent to whom, how it went, and once more."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from consentcore.domain.clock import iso
from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.domain.event_kinds import NoticeKind
from consentcore.domain.notice import Attempt, Delivery, DeliveryState, Trigger

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.ports.storage import Storage

log = logging.getLogger("consentcore.webhooks")

PAGE = 500
BATCH = 100
CAP = 10_000
"""Deliveries that one replay makes due."""


@dataclass(frozen=True)
class Filter:
    """Which deliveries; everything that is empty says nothing.

    :ivar endpoint_id: or any other target.
    :ivar undelivered: those that did not arrive although they could.
    :ivar since: made at this time or later,
    :ivar until: before this time; milliseconds since the epoch.
    :ivar endpoints_only: webhooks, no mails.
    """

    notice_id: str = ""
    client_id: str = ""
    endpoint_id: str = ""
    kind: NoticeKind | None = None
    state: DeliveryState | None = None
    undelivered: bool = False
    since: int | None = None
    until: int | None = None
    endpoints_only: bool = False


def check_span(since: int | None, until: int | None, option: str) -> None:
    """Refuse a time that ends before it begins: "nothing failed" would be the wrong answer to a mistake.

    :param option: what the end is called.
    :raises InvalidInput: naming it.
    """
    if since is not None and until is not None and until < since:
        raise InvalidInput(option, f"expected a time that is not before {option.replace('until', 'since')}")


def check_state(name: str) -> DeliveryState:
    """The state of a name.

    :raises InvalidInput: ``state``, when it is none.
    """
    if name not in set(DeliveryState):
        raise InvalidInput("state", f"expected one of {', '.join(DeliveryState)}")
    return DeliveryState(name)


@dataclass(frozen=True)
class Replay:
    """What a replay has made due.

    :ivar delivery_ids: those being sent at this moment are not among them.
    :ivar has_more: there were more than :data:`CAP`.
    """

    delivery_ids: Sequence[str]
    has_more: bool


@dataclass(frozen=True)
class DeliveryLog:
    """What people see of deliveries.

    :ivar senders: names of notifiers that send; what is for another one is not replayed, because nobody would send it.
    """

    storage: Storage
    clock: Clock
    senders: Collection[str]

    def list(self, wanted: Filter, *, after: str = "", limit: int) -> Sequence[Delivery]:
        """Deliveries, newest first.

        :param after: those behind this one.
        :raises NotFound: when there is no delivery ``after``, or, of webhooks, it is another client's.
        """
        if after:
            self.get(after, wanted.client_id if wanted.endpoints_only else "")
        return [*islice(self._all(wanted, after, limit), limit)]

    def get(self, delivery_id: str, client_id: str = "") -> Delivery:
        """One delivery.

        :param client_id: when given, it has to be one to an endpoint of this client.
        :raises NotFound: when there is none.
        """
        delivery = next(iter(self.storage.delivery_log.deliveries(delivery_id=delivery_id)), None)
        if delivery is not None and client_id:
            with self.storage.reading() as uow:
                notice = uow.notices.several([delivery.notice_id]).get(delivery.notice_id)
            if notice is None or notice.client_id != client_id or not delivery.body:
                delivery = None
        if delivery is None:
            raise NotFound("delivery", delivery_id)
        return delivery

    def detail(self, delivery_id: str, client_id: str = "") -> dict[str, Any]:
        """One delivery with its payload and every try, as JSON.

        All of one moment: a try that ends between two reads changes the row of the delivery, and both are read again.

        :raises NotFound: see :meth:`get`.
        """
        delivery = self.get(delivery_id, client_id)
        attempts = self._attempts(delivery_id)
        while (now := self.get(delivery_id, client_id)) != delivery:
            delivery, attempts = now, self._attempts(delivery_id)
        with self.storage.reading() as uow:
            notice = uow.notices.several([delivery.notice_id]).get(delivery.notice_id)
        summary = delivery_json(delivery, notice.kind.value if notice else "", attempts)
        return {**summary, "body": delivery.body.decode(), "log": [attempt_json(one) for one in attempts]}

    def summary(self, deliveries: Sequence[Delivery]) -> Sequence[dict[str, Any]]:
        """Deliveries as JSON, at most 1000."""
        if not deliveries:
            return []
        with self.storage.reading() as uow:
            notices = uow.notices.several({one.notice_id for one in deliveries})
        attempts = self.storage.delivery_log.attempts_of([one.delivery_id for one in deliveries])
        kinds = {notice_id: notice.kind.value for notice_id, notice in notices.items()}
        return [
            delivery_json(one, kinds.get(one.notice_id, ""), attempts.get(one.delivery_id, ()))
            for one in deliveries
        ]

    def backlog(self, endpoint_id: str) -> dict[str, int]:
        """How many deliveries to an endpoint there are in each state, as JSON."""
        found = self.storage.delivery_log.backlog(endpoint_id)
        return {one.value: found.get(one, 0) for one in DeliveryState}

    def replay(self, delivery_id: str, *, by: str, client_id: str = "") -> Replay:
        """Make one delivery due at once, for one try.

        :param by: who asks, for the log.
        :raises NotFound: see :meth:`get`.
        """
        return self._replay([self.get(delivery_id, client_id)], by)

    def replay_all(self, wanted: Filter, *, by: str) -> Replay:
        """Make deliveries due at once, each for one try, at most :data:`CAP`.

        Of a time, and not of those that failed or of one notice, webhooks only: nobody wants a mail of last week twice.

        :param by: who asks, for the log.
        """
        if not (wanted.undelivered or wanted.notice_id):
            wanted = replace(wanted, endpoints_only=True)
        return self._replay(self._all(wanted), by)

    def _all(self, wanted: Filter, after: str = "", page_size: int = PAGE) -> Iterator[Delivery]:
        """Read page by page as they are asked for."""
        while True:
            page = self.storage.delivery_log.deliveries(
                notice_id=wanted.notice_id,
                client_id=wanted.client_id,
                target=wanted.endpoint_id,
                kind=wanted.kind,
                state=wanted.state,
                undelivered=wanted.undelivered,
                since=wanted.since,
                until=wanted.until,
                after=after,
                limit=page_size,
            )
            yield from (one for one in page if one.body or not wanted.endpoints_only)
            if len(page) < page_size:
                return
            after = page[-1].delivery_id

    def _attempts(self, delivery_id: str) -> Sequence[Attempt]:
        return self.storage.delivery_log.attempts_of([delivery_id]).get(delivery_id, ())

    def _replay(self, deliveries: Iterable[Delivery], by: str) -> Replay:
        theirs = (one for one in deliveries if one.notifier in self.senders)
        chosen = [one.delivery_id for one in islice(theirs, CAP + 1)]
        due: list[str] = []
        for some in _batches(chosen[:CAP]):
            due += self.storage.delivery_log.requeue(some, self.clock.now())
        log.info("replay of %d deliveries by %s", len(due), by)
        return Replay(due, len(chosen) > CAP)


def delivery_json(delivery: Delivery, kind: str, attempts: Sequence[Attempt]) -> dict[str, Any]:
    """One delivery as JSON. ``attempts`` counts what is in the log, not claims that came to nothing."""
    waits = delivery.state is DeliveryState.PENDING
    last = attempts[-1] if attempts else None
    return {
        "delivery_id": delivery.delivery_id,
        "notice_id": delivery.notice_id,
        "type": kind,
        "notifier": delivery.notifier,
        "target": delivery.target,
        "state": delivery.state.value,
        "attempts": len(attempts),
        "last_status": last.status if last else None,
        "last_latency_ms": last.latency_ms if last else None,
        "created_at": iso(delivery.created_at),
        "finished_at": iso(delivery.finished_at) if delivery.finished_at is not None else None,
        "next_at": iso(delivery.next_at) if waits else None,
        "next_trigger": (Trigger.MANUAL if delivery.before_replay else Trigger.SCHEDULE) if waits else None,
        "last_error": delivery.last_error,
    }


def attempt_json(attempt: Attempt) -> dict[str, Any]:
    """One try as JSON."""
    return {
        "number": attempt.number,
        "at": iso(attempt.started_at),
        "trigger": attempt.trigger,
        "outcome": attempt.outcome,
        "status": attempt.status,
        "latency_ms": attempt.latency_ms,
        "error": attempt.error or None,
        "answer": attempt.answer,
    }


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]
