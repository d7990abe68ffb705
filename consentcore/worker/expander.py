"""From one notice to its deliveries: who is to be told, by which notifier."""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from consentcore.consent.notice import written_at
from consentcore.domain.clock import Clock
from consentcore.domain.errors import StorageError
from consentcore.domain.notice import EVENT_PLUGIN, Delivery, DeliveryState, Notice
from consentcore.domain.parties import Audience
from consentcore.hooks.calling import call
from consentcore.hooks.errors import describe_exception
from consentcore.ports.notifier import Notifier
from consentcore.ports.storage import Storage
from consentcore.worker.envelope import DeliveryContext, DeliveryContextBuilder
from consentcore.worker.plugin_answers import targets_of
from consentcore.worker.target_selection import UNCHOSEN, TargetSelection

log = logging.getLogger("consentcore.worker")

SLICES = range(4)
"""Where there is more than a batch, each of several workers begins at one of the first four by chance."""

OWN_TARGETS = frozenset({*(audience.value for audience in Audience), "event", UNCHOSEN})
"""Targets that are people or plugins, not endpoints."""


class Expander:
    """Turns notices into deliveries; a notifier that fails to choose is asked again later, alone."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        builder: DeliveryContextBuilder,
        notifiers: Mapping[str, Notifier],
        event_plugins: Sequence[str],
    ) -> None:
        self._storage = storage
        self._clock = clock
        self._builder = builder
        self._notifiers = notifiers
        self._event_plugins = event_plugins
        self._targets = TargetSelection(notifiers)
        self._skip = 0

    def expand_all(self, limit: int) -> int:
        """Expand up to ``limit`` notices; how many were.

        :returns: 0 only when nothing is left, or when another worker is at it.
        :raises StorageError: when the store fails. Anything else that goes wrong with a notice becomes a delivery
            that tries again, so that one broken notice never stands before all the others.
        """
        notices = self._storage.outbox.unexpanded(limit, self._skip)
        now, since = self._clock.now(), time.monotonic()
        made = self._deliveries(notices, now, since)
        done = sum(self._storage.outbox.expand_all(some, now) for some in self._commits(made))
        skipped = self._skip > 0
        # Chance only spreads work; nothing secret depends on it.
        self._skip = limit * random.choice(SLICES) if len(notices) == limit else 0  # noqa: S311
        return done or int(skipped)

    def _commits(self, made: Mapping[str, list[Delivery]]) -> Iterator[dict[str, list[Delivery]]]:
        """The same, in what the store takes in one commit; a notice that has too many deliveries comes alone."""
        fits = self._storage.capabilities.fits
        some: dict[str, list[Delivery]] = {}
        things = 0
        for notice_id, deliveries in made.items():
            own = 1 + len(deliveries)
            if some and fits(things + own) < things + own:
                yield some
                some, things = {}, 0
            some[notice_id] = deliveries
            things += own
        if some:
            yield some

    def choose_again(self, notifier: str, context: DeliveryContext) -> tuple[int, str]:
        """Ask a notifier for its targets once more and store the deliveries.

        :returns: how many, and what went wrong, "" when nothing did.
        :raises StorageError: when the store fails.
        """
        now = self._clock.now()
        read = call(lambda: targets_of(self._notifiers[notifier].targets(context)))
        if read.error is not None:
            context.raise_ours(read.error)
            return 0, describe_exception(read.error)
        targets, wrong = read.answer
        deliveries, unmade = _to_targets(context, notifier, targets, now)
        if unmade:
            return 0, unmade
        self._storage.outbox.expand_all({context.notice.notice_id: deliveries}, now, again=True)
        return len(deliveries), wrong

    def _deliveries(self, notices: Sequence[Notice], now: int, since: float) -> dict[str, list[Delivery]]:
        made = {one.notice_id: self._events(one, now) for one in notices}
        contexts = [context for one in notices if (context := self._built(one, now, since)) is not None]
        chosen = self._targets.select(contexts)
        for number, context in enumerate(contexts):
            for name in chosen:
                deliveries, unmade = _to_targets(context, name, chosen[name][number], now)
                if unmade:
                    log.error("the payload of %s could not be made: %s", context.notice.notice_id, unmade)
                    deliveries = [_delivery(context.notice, name, UNCHOSEN, now)]
                made[context.notice.notice_id] += deliveries
        built = {context.notice.notice_id for context in contexts}
        for notice in notices:
            if notice.notice_id not in built:
                made[notice.notice_id] += [_delivery(notice, name, UNCHOSEN, now) for name in self._notifiers]
        return made

    def _events(self, notice: Notice, now: int) -> list[Delivery]:
        # Behind any other no event of the ledger stands.
        has_event = notice.kind.is_consent and notice.audiences
        plugins = self._event_plugins if has_event else ()
        return [_delivery(notice, EVENT_PLUGIN + name, "event", now) for name in plugins]

    def _built(self, notice: Notice, now: int, since: float) -> DeliveryContext | None:
        """What notifiers are given; None for a notice that cannot be read, see :meth:`expand_all`."""
        try:
            return self._builder.build(notice, now, since=since)
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - see expand_all
            log.error("notice %s could not be packed: %s", notice.notice_id, describe_exception(error))
            return None


def _to_targets(
    context: DeliveryContext, notifier: str, targets: Sequence[str], now: int
) -> tuple[list[Delivery], str]:
    """The deliveries, and why there are none: the payload could not be made; "" when it could."""
    try:
        return [_to_target(context, notifier, target, now) for target in targets], ""
    except Exception as error:  # noqa: BLE001 - one broken notice must not stand before all the others
        return [], describe_exception(error)


def _to_target(context: DeliveryContext, notifier: str, target: str, now: int) -> Delivery:
    """Make a delivery; one to a disabled endpoint is kept for a replay and not sent."""
    # People and plugins get no stored payload, so that none is made for them.
    body = b"" if target in OWN_TARGETS else context.body
    made = _delivery(context.notice, notifier, target, now, body)
    endpoint = context.stored_endpoints.get(target)
    if endpoint is None or endpoint.disabled_at is None:
        return made
    return replace(made, state=DeliveryState.HELD, finished_at=now)


def _delivery(notice: Notice, notifier: str, target: str, now: int, body: bytes = b"") -> Delivery:
    return Delivery(
        delivery_id=f"dlv_{uuid.uuid4().hex}",
        notice_id=notice.notice_id,
        notifier=notifier,
        target=target,
        created_at=now,
        # From the event on: a worker whose clock is ahead would put it off.
        next_at=min(now, written_at(notice)),
        body=body,
    )
