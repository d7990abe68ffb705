"""The worker: delivers notices at least once, ends what has run out, seals the ledger.

Any number of workers may run. One that is killed at any moment loses nothing: what it had claimed becomes
claimable again when the lease is over.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from consentcore.consent.receipt_link import ReceiptLinks
from consentcore.consent.resource_labels import labels_for
from consentcore.domain.clock import DAY
from consentcore.domain.errors import StorageConflict, StorageError
from consentcore.domain.notice import EVENT_PLUGIN
from consentcore.hooks.errors import describe_exception
from consentcore.mail.renderer import MailRenderer
from consentcore.metrics import is_shared
from consentcore.worker.claimed_delivery import load_notices
from consentcore.worker.dispatcher import Dispatcher
from consentcore.worker.envelope import DeliveryContextBuilder
from consentcore.worker.expander import Expander
from consentcore.worker.housekeeping import Housekeeping
from consentcore.worker.sender import Sender
from consentcore.worker.settler import PendingSettlement, Settler, release
from consentcore.worker.status import StatusReporter, health

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from consentcore.runtime import Runtime

log = logging.getLogger("consentcore.worker")

EXPAND_BATCH = 100
POLL_SHARE = 20
"""A poll may use a twentieth of the time: where asking is slow, it is asked less often."""


class Worker:
    """Everything that a worker process does, around a runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._options = runtime.settings.worker
        self._meters = runtime.meters if self._options.metrics_listen or is_shared() else None
        self.status = StatusReporter()
        self._lease_ms = round(self._options.lease_s * 1000)
        self.housekeeping = Housekeeping(runtime, self._meters)
        notifiers = runtime.notifiers
        plugins = runtime.registry.event_plugins()
        builder = DeliveryContextBuilder(
            runtime.storage,
            runtime.keys,
            issuer=runtime.settings.issuer,
            render=MailRenderer(
                runtime.settings,
                runtime.catalog,
                runtime.languages,
                labels=self._labels,
                receipt_url=ReceiptLinks(runtime.keys, runtime.settings.web_url).url,
            ).mail,
            web_url=runtime.settings.web_url,
            checkpoint=runtime.published_log.checkpoint,
            told_before_ms=runtime.settings.account.old_address_days * DAY,
        )
        self._expander = Expander(runtime.storage, runtime.clock, builder, notifiers, plugins)
        self._sender = Sender(
            runtime.storage,
            runtime.clock,
            builder,
            self._expander,
            self.housekeeping.endpoints,
            notifiers=notifiers,
            tell_plugin=runtime.registry.tell_event,
        )
        self._settler = Settler(runtime.storage, self.housekeeping.endpoints, self._meters)
        self._names = (*notifiers, *(EVENT_PLUGIN + name for name in plugins))

    def run_once(self) -> int:
        """Do every chore, then expand and deliver all that is due at this moment, in this thread.

        :returns: how many deliveries were tried; none is tried twice.
        """
        self.housekeeping.run_all()
        tried: set[str] = set()
        while True:
            while self._expander.expand_all(EXPAND_BATCH):
                pass
            outbox, now = self._runtime.storage.outbox, self._runtime.clock.now()
            claimed = outbox.claim_deliveries(now, limit=50, lease_ms=self._lease_ms, notifiers=self._names)
            fresh = [one for one in claimed if one.delivery_id not in tried]
            known = [one for one in claimed if one.delivery_id in tried]
            self._settler.settle([release(one, self._runtime.clock, now) for one in known])
            if not fresh:
                return len(tried)
            for one in load_notices(self._runtime.storage, fresh):
                tried.add(one.delivery.delivery_id)
                pending = self._sender.attempt(one)
                if pending is not None:
                    self._settle(pending)

    def _labels(self, owner_id: str, resource_ids: Sequence[str]) -> Mapping[str, str]:
        return labels_for(self._runtime.storage, self._runtime.directories, owner_id, resource_ids)

    def _settle(self, pending: PendingSettlement) -> None:
        try:
            self._settler.settle([pending])
        except StorageError as error:
            log.warning("delivery %s: the storage failed: %s", pending.delivery.delivery_id, error)

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set; then what is being sent may end within ``drain_s``."""
        dispatcher = Dispatcher(
            self._runtime.storage,
            self._runtime.clock,
            self._sender,
            self._settler,
            self._names,
            threads=self._options.threads,
            per_target=self._options.per_target,
            lease_ms=self._lease_ms,
            meters=self._meters,
        )
        with self._telling():
            self._wait_for_storage(dispatcher, stop)
            chores = self._chores(stop)
            log.info("worker started: %s", " ".join(self._names) or "no notifiers")
            while not stop.is_set():
                self._turn(dispatcher, stop)
                self.status.report(replace(dispatcher.status, evidence=self.housekeeping.evidence_trouble))
                if not (chores.is_alive() or stop.is_set()):
                    log.error("the thread of the chores has ended and is replaced")
                    if self._meters is not None:
                        self._meters.thread_replaced("chores", "ended")
                    chores = self._chores(stop)
        if not self._stop(dispatcher):
            log.warning("stopped while something was being sent; it is sent again by the next worker")
        chores.join(self._options.drain_s)
        log.info("worker stopped")

    def _wait_for_storage(self, dispatcher: Dispatcher, stop: threading.Event) -> None:
        """Work on no storage that says that it cannot serve: above all on none that a newer version has made, where
        what is written means something else."""
        wait_s = self._options.poll_max_s
        while not stop.is_set() and (problems := self._runtime.storage.check()):
            log.warning("nothing is done yet, next look in %g s: %s", wait_s, "; ".join(problems))
            self.status.report(dispatcher.status)
            stop.wait(wait_s)

    def _chores(self, stop: threading.Event) -> threading.Thread:
        thread = threading.Thread(
            target=self._keep_house, args=(stop,), name="consentcore-chores", daemon=True
        )
        thread.start()
        return thread

    def _telling(self) -> AbstractContextManager[object]:
        """Answer Prometheus where the settings say so."""
        if not self._options.metrics_listen:
            return nullcontext()
        from consentcore.metrics.listener import listening
        from consentcore.settings import parse_listen

        where = parse_listen(self._options.metrics_listen)
        return listening(self._runtime.meters, *where, health=lambda: health(self.status.last))

    def _stop(self, dispatcher: Dispatcher) -> bool:
        try:
            return dispatcher.stop(self._options.drain_s)
        except StorageError as error:
            log.warning("the storage failed: %s", error)
            return False

    def _turn(self, dispatcher: Dispatcher, stop: threading.Event) -> None:
        """Expand, claim, and settle what has been done; waits when there is nothing to do."""
        try:
            dispatcher.settle(self._expand_and_claim(dispatcher))
        except StorageConflict:
            stop.wait(self._options.poll_s)
        except StorageError as error:
            log.warning("the storage failed, next try in %g s: %s", self._options.poll_max_s, error)
            stop.wait(self._options.poll_max_s)
        except BaseException as error:  # noqa: BLE001 - a worker that ends itself would silence everybody
            log.error("a turn failed: %s", describe_exception(error))
            stop.wait(self._options.poll_max_s)

    def _expand_and_claim(self, dispatcher: Dispatcher) -> float:
        """Seconds that the next turn may be waited for, unless something has been sent until then."""
        if dispatcher.is_full:
            return self._options.poll_s
        began = time.monotonic()
        outbox, now = self._runtime.storage.outbox, self._runtime.clock.now()
        if outbox.waiting(now, lease_ms=self._lease_ms, notifiers=dispatcher.names):
            expanded = self._expander.expand_all(EXPAND_BATCH)
            claimed = dispatcher.claim()
            if expanded or claimed:
                return 0.0
        cost = time.monotonic() - began
        return min(self._options.poll_max_s, max(self._options.poll_s, POLL_SHARE * cost))

    def _keep_house(self, stop: threading.Event) -> None:
        wait_s = 0.0
        while not stop.wait(wait_s):
            wait_s = min(1.0, self.housekeeping.run_due())


def run_worker(ini_path: str, stop: threading.Event) -> None:
    """Run a worker process until ``stop`` is set.

    :raises ConfigurationError: when the settings are not usable.
    """
    from consentcore.config import load_ini
    from consentcore.runtime import build_runtime

    runtime = build_runtime(load_ini(ini_path))
    try:
        if not runtime.storage.capabilities.multi_process:
            log.warning("the storage lives in one process only: this worker sees nothing of the server's")
        runtime.pin_scopes()
        _say_what_is_worth_knowing(runtime)
        Worker(runtime).run(stop)
    finally:
        runtime.close()


def _say_what_is_worth_knowing(runtime: Runtime) -> None:
    from consentcore.worker.notifier_checks import startup_notes

    try:
        for note in startup_notes(runtime):
            log.warning("%s", note)
    except StorageError as error:
        log.warning("the storage failed: %s", error)
