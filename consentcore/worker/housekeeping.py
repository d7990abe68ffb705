"""What a worker does besides delivering: ends what has run out, seals the ledger, sweeps up."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from consentcore.clients.unused import UnusedClients
from consentcore.consent import shut_out
from consentcore.consent.evidence.errors import AnchorsSilent, LedgerBroken
from consentcore.consent.reminders import Reminders
from consentcore.domain.errors import InvalidTransition, NotFound
from consentcore.domain.grant import Grant, standing
from consentcore.domain.grant_states import GrantState
from consentcore.hooks.errors import describe_exception
from consentcore.ports.storage import transact
from consentcore.ports.transactions import UnitOfWork
from consentcore.worker.endpoint_health import EndpointMonitor

if TYPE_CHECKING:
    from consentcore.metrics import Meters
    from consentcore.operators.retention import Retention
    from consentcore.runtime import Runtime

log = logging.getLogger("consentcore.worker")

BATCH = 200
PURGE_BATCH = 1000

T = TypeVar("T")


@dataclass
class Chore:
    """One duty.

    :ivar work: does a batch and says whether there is more to do at once.
    """

    name: str
    every_s: float
    work: Callable[[], bool]
    next_at: float = field(default=0.0)

    def run(self) -> None:
        """Do a batch; whatever it raises is logged and must not keep the other chores from their turn."""
        more = False
        try:
            more = self.work()
        except BaseException as error:  # noqa: BLE001 - see above
            log.error(
                "chore %s failed, next try in %g s: %s", self.name, self.every_s, describe_exception(error)
            )
        self.next_at = time.monotonic() + (0 if more else self.every_s)


class Housekeeping:
    """The chores of a worker, each in its own time. Any number of workers may do them at once.

    :param meters: None where nobody can read them.
    :ivar evidence_trouble: why the ledger is not signed; "" while it is.
    """

    def __init__(self, runtime: Runtime, meters: Meters | None = None) -> None:
        self._runtime = runtime
        self._meters = meters
        self.evidence_trouble = ""
        self._retention: Retention | None = None
        days = runtime.settings.registration.unused_days
        self._unused = UnusedClients(runtime.storage, runtime.clock, days)
        self.endpoints = EndpointMonitor(runtime.storage, runtime.clock)
        self.chores = [
            Chore("end grants", 2.0, self._end_grants),
            Chore("abandon requests", 10.0, self._abandon),
            Chore("advance checkpoint", 5.0, self._checkpoint),
            Chore("review endpoints", 60.0, self.endpoints.review),
            Chore("remind", 60.0, Reminders(runtime.storage, runtime.clock, runtime.settings.consent).run),
            Chore("purge", 60.0, self._purge),
            Chore("forget what is too old", 60.0, self._forget),
            Chore("remove unused applications", 3600.0, self._unused.step),
        ]
        if not runtime.storage.capabilities.joins_client_state:
            self.chores.append(Chore("end grants of disabled clients", 60.0, self._end_grants_of_disabled))

    def run_due(self) -> float:
        """Run the chores whose time has come; seconds until the next one."""
        for chore in self.chores:
            if chore.next_at <= time.monotonic():
                chore.run()
        return max(0.0, min(chore.next_at for chore in self.chores) - time.monotonic())

    def run_all(self) -> None:
        """Run a batch of every chore now."""
        for chore in self.chores:
            chore.run()

    def _end_grants(self) -> bool:
        """Write down which grants have ended, by their date or with their client; each in its own transaction."""
        with self._runtime.storage.reading() as uow:
            due = list(uow.grants.due(self._runtime.clock.now(), BATCH))
        ended = self._each(due, lambda grant: partial(self._end_grant, grant), "grant")
        return ended == BATCH

    def _end_grants_of_disabled(self) -> bool:
        """The same for clients that are disabled, where the storage does not find their grants by itself."""
        storage = self._runtime.storage
        for client in shut_out.disabled_clients(storage):
            grants = shut_out.active_grants(storage, client.client_id)
            self._each(grants, lambda grant: partial(self._end_grant, grant), "grant")
        return False

    def _end_grant(self, grant: Grant, uow: UnitOfWork) -> None:
        service, now = self._runtime.service, self._runtime.clock.now()
        client = uow.clients.get(grant.client_id)
        found = standing(grant, now, client)
        if found.state is GrantState.EXPIRED:
            service.expire(uow, grant.grant_id)
        elif client is None or not found.active:
            shut_out.end(service, uow, grant, client, now)

    def _abandon(self) -> bool:
        with self._runtime.storage.reading() as uow:
            over = list(uow.interactions.expired(self._runtime.clock.now(), BATCH))
        unanswered = self._runtime.service.unanswered
        done = self._each(over, lambda one: lambda uow: unanswered.abandon(uow, one), "request")
        return done == BATCH

    def _checkpoint(self) -> bool:
        try:
            self._runtime.evidence.advance()
        except (LedgerBroken, AnchorsSilent) as error:
            self.evidence_trouble = str(error)
            if self._meters is not None:
                self._meters.ledger_refused("silent" if isinstance(error, AnchorsSilent) else "broken")
            raise
        self.evidence_trouble = ""
        return False

    def _purge(self) -> bool:
        report = self._runtime.storage.purge(self._runtime.clock.now(), PURGE_BATCH)
        if any(report.counts.values()):
            log.info(
                "purged %s", " ".join(f"{kind}={count}" for kind, count in report.counts.items() if count)
            )
        return any(count >= PURGE_BATCH for count in report.counts.values())

    def _forget(self) -> bool:
        if self._retention is None:
            from consentcore.operators.retention import Retention, periods_of

            one = self._runtime
            self._retention = Retention(one.storage, one.clock, one.erasure, periods_of(one.settings.consent))
        return self._retention.step()

    def _each(self, things: Iterable[T], work: Callable[[T], Callable[[UnitOfWork], None]], kind: str) -> int:
        """Work on each thing in a retried transaction of its own; how many went well."""
        done = 0
        for thing in things:
            try:
                transact(self._runtime.storage, work(thing))
                done += 1
            except (InvalidTransition, NotFound):
                done += 1  # another worker, or the person, was faster
            except Exception as error:  # noqa: BLE001 - one that cannot be ended must not keep the rest alive
                log.error("a %s could not be ended: %s", kind, describe_exception(error))
        return done
