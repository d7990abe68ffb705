"""Deliveries of notifiers that are no longer named: they wait, are told of, and can be discarded."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from consentcore.domain.errors import InvalidInput
from consentcore.domain.notice import Delivery, DeliveryState
from consentcore.ports.deliveries import Settlement

if TYPE_CHECKING:
    from consentcore.ports.deliveries import OutboxStorage
    from consentcore.ports.delivery_log import DeliveryLogStorage
    from consentcore.ports.storage import Storage
    from consentcore.runtime import Runtime

log = logging.getLogger("consentcore.worker")

PAGE = 500
MOST_LOOKED_AT = 100_000
LEASE_MS = 60_000


def count_unnamed(delivery_log: DeliveryLogStorage, names: Collection[str]) -> Mapping[str, int]:
    """How many deliveries wait for notifiers that are not among ``names``, by notifier; of the newest
    :data:`MOST_LOOKED_AT`."""
    waiting = islice(_pending(delivery_log), MOST_LOOKED_AT)
    return Counter(one.notifier for one in waiting if one.notifier not in names)


def unnamed_remarks(runtime: Runtime) -> list[str]:
    """A line for each such notifier.

    :raises StorageError: when the store fails.
    """
    names, delivery_log = runtime.delivered_by, runtime.storage.delivery_log
    stats = runtime.outbox_stats(runtime.clock.now())
    if not stats.unnamed:
        return []  # a look at every delivery that waits would be for nothing
    return [
        f"{_count(count)} for {name}, which the configuration does not name: they go on when it does again, or "
        f"are discarded by: consentcore -c INI webhooks discard {name}"
        for name, count in count_unnamed(delivery_log, names).items()
    ]


def discard_unnamed(storage: Storage, notifier: str, names: Collection[str], now: int) -> int:
    """End what waits for a notifier that is not among ``names``; how much that was.

    By the verbs that every storage has: made due, claimed, settled. What another process has claimed at this moment is
    left to it.

    :raises InvalidInput: when the notifier is named: what waits for it is going to be sent.
    """
    if notifier in names:
        raise InvalidInput(
            "NOTIFIER", f"expected one that the configuration does not name, as it does {notifier}"
        )
    ended, outbox, delivery_log = 0, storage.outbox, storage.delivery_log
    at_once = storage.capabilities.fits(PAGE)
    mine = [one.delivery_id for one in _pending(delivery_log) if one.notifier == notifier]
    for start in range(0, len(mine), PAGE):
        due = set(delivery_log.requeue(mine[start : start + PAGE], now))
        while claimed := _claimed(outbox, notifier, now, at_once):
            settled = [_discarded(one, now) for one in claimed]
            ended += sum(outbox.settle_all(settled))
            due -= {one.delivery_id for one in claimed}
            if not due:
                break
    log.info("%d deliveries of %s were discarded by the operator", ended, notifier)
    return ended


def _claimed(outbox: OutboxStorage, notifier: str, now: int, limit: int) -> Sequence[Delivery]:
    return outbox.claim_deliveries(now, limit=limit, lease_ms=LEASE_MS, notifiers=(notifier,))


def _discarded(delivery: Delivery, now: int) -> Settlement:
    return Settlement(
        delivery.delivery_id,
        delivery.lease_token,
        DeliveryState.GONE,
        now,
        error="discarded by the operator: its notifier is not configured any more",
    )


def _pending(delivery_log: DeliveryLogStorage) -> Iterator[Delivery]:
    after = ""
    while True:
        page = delivery_log.deliveries(state=DeliveryState.PENDING, after=after, limit=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].delivery_id


def _count(count: int) -> str:
    return "1 delivery waits" if count == 1 else f"{count} deliveries wait"
