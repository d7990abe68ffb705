"""The delivery log: what was sent to whom, how it went, and once more."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from consentcore.domain.clock import iso
from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.domain.event_kinds import NoticeKind
from consentcore.domain.notice import Attempt, Delivery, DeliveryState, Trigger

if TYPE_CHECKING:
    from consentcore.ports.deliveries import OutboxStorage
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


def entries(
    outbox: OutboxStorage, wanted: Filter, after: str = "", page_size: int = PAGE
) -> Iterator[Delivery]:
    """Deliveries, newest first, read page by page as they are asked for."""
    while True:
        page = outbox.deliveries(
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


def entry(storage: Storage, delivery_id: str, client_id: str = "") -> Delivery:
    """One delivery.

    :param client_id: when given, it has to be one to an endpoint of this client.
    :raises NotFound: when there is none.
    """
    found = storage.outbox.delivery(delivery_id)
    if found is not None and client_id:
        with storage.reading() as uow:
            notice = uow.notices.get(found.notice_id)
        if notice is None or notice.client_id != client_id or not found.body:
            found = None
    if found is None:
        raise NotFound("delivery", delivery_id)
    return found


def whole(storage: Storage, delivery_id: str, client_id: str = "") -> dict[str, Any]:
    """One delivery with its payload and every try, as JSON.

    All of one moment: a try that ends between two reads changes the row of the delivery, and both are read again.

    :raises NotFound: see :func:`entry`.
    """
    found = entry(storage, delivery_id, client_id)
    attempts = storage.outbox.attempts(delivery_id)
    while (now := entry(storage, delivery_id, client_id)) != found:
        found, attempts = now, storage.outbox.attempts(delivery_id)
    with storage.reading() as uow:
        notice = uow.notices.get(found.notice_id)
    told = facts(found, notice.kind.value if notice else "", attempts)
    return {**told, "body": found.body.decode(), "log": [attempt_facts(one) for one in attempts]}


def replay(
    outbox: OutboxStorage,
    deliveries: Iterator[Delivery],
    now: int,
    *,
    by: str,
    names: Collection[str] | None = None,
) -> tuple[list[str], bool]:
    """Make deliveries due at once, each for one try, at most :data:`CAP`.

    :param by: who asked, for the log.
    :param names: of notifiers that send; what is for another one, nobody would send.
    :returns: the ids of those that are due; those being sent at this moment are not. And whether there were more.
    """
    theirs = (one for one in deliveries if names is None or one.notifier in names)
    chosen = [one.delivery_id for one in islice(theirs, CAP + 1)]
    due: list[str] = []
    for some in _batches(chosen[:CAP]):
        due += outbox.requeue(some, now)
    log.info("replay of %d deliveries by %s", len(due), by)
    return due, len(chosen) > CAP


def described(storage: Storage, deliveries: Sequence[Delivery]) -> list[dict[str, Any]]:
    """Deliveries as JSON, at most 1000."""
    if not deliveries:
        return []
    with storage.reading() as uow:
        notices = uow.notices.several({one.notice_id for one in deliveries})
    attempts = storage.outbox.attempts_of([one.delivery_id for one in deliveries])
    kinds = {notice_id: notice.kind.value for notice_id, notice in notices.items()}
    return [facts(one, kinds.get(one.notice_id, ""), attempts.get(one.delivery_id, ())) for one in deliveries]


def facts(delivery: Delivery, kind: str, attempts: Sequence[Attempt]) -> dict[str, Any]:
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


def attempt_facts(attempt: Attempt) -> dict[str, Any]:
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
