"""The meters of one process.

With ``PROMETHEUS_MULTIPROC_DIR`` in the environment, as the supervisor sets it for its children, every process
keeps its numbers in files of that folder, and whichever is asked tells the sums of all; processes that have ended
included, so that a counter never goes back. Without it a process tells its own.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from consentcore.domain.errors import StorageError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Histogram
    from prometheus_client.metrics_core import Metric

    from consentcore.domain.clock import Clock
    from consentcore.ports.delivery_log import OutboxStats

log = logging.getLogger("consentcore.metrics")

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names where processes keep what they count, so that each can tell the sums of all."""

CONTENT_TYPE = "text/plain; version=1.0.0; charset=utf-8"

REQUEST_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
SENDING_S = (0.005, 0.025, 0.1, 0.25, 1.0, 5.0, 15.0)
LATENCY_S = (0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0, 1800.0, 7200.0, 43200.0, 172800.0)

Stats = Callable[[int], "OutboxStats"]

MAX_CHILDREN = 1000
"""More combinations of labels than there can be: what came on top would be a mistake, and is not counted."""


def is_shared() -> bool:
    """Whether the numbers of this process can be read from another one."""
    return bool(os.environ.get(FOLDER))


class Meters:
    """Counts what happens; safe to use from any thread. Nothing here raises, and nothing here costs a statement.

    Labels have few values: names of routes, of notifiers and of kinds; never an id, an address or a path.

    :param stats: how full the outbox is, asked when somebody reads.
    :param version: of the software.
    """

    def __init__(self, stats: Stats, clock: Clock, version: str) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self._stats = stats
        self._clock = clock
        self._version = version
        self._registry = CollectorRegistry()
        self._broken = False
        self._children: dict[tuple[object, ...], Callable[[float], None]] = {}
        self._requests = Histogram(
            "consentcore_http_request_duration_seconds",
            "Requests by route and class of status.",
            ("route", "status"),
            buckets=REQUEST_S,
            registry=self._registry,
        )
        self._replays = Counter(
            "consentcore_credential_replays",
            "Codes and refresh tokens that came a second time, each of which ended a family of tokens.",
            ("kind",),
            registry=self._registry,
        )
        self._attempts = Counter(
            "consentcore_delivery_attempts",
            "Tries of deliveries by notifier and outcome.",
            ("notifier", "outcome"),
            registry=self._registry,
        )
        self._operators = Counter(
            "consentcore_delivery_operator_faults",
            "Tries that failed for what only the operator can mend: a wrong password, a sender nobody verified.",
            ("notifier",),
            registry=self._registry,
        )
        self._overdue = Counter(
            "consentcore_plugin_overdue",
            "Calls of a plugin that had not come back in their time.",
            ("plugin",),
            registry=self._registry,
        )
        self._threads = Counter(
            "consentcore_worker_threads_replaced",
            "Threads of the worker that ended, or were held by a plugin, and were replaced.",
            ("kind", "why"),
            registry=self._registry,
        )
        self._refused = Counter(
            "consentcore_ledger_refused",
            "Rounds of the worker in which the ledger was not signed: broken, or an anchor silent.",
            ("why",),
            registry=self._registry,
        )
        self._sending = Histogram(
            "consentcore_delivery_duration_seconds",
            "How long a try took, by notifier.",
            ("notifier",),
            buckets=SENDING_S,
            registry=self._registry,
        )
        self._latency = Histogram(
            "consentcore_notice_latency_seconds",
            "From an event to the moment when somebody had been told, by kind of notice and notifier.",
            ("kind", "notifier"),
            buckets=LATENCY_S,
            registry=self._registry,
        )

    def request(self, route: str, status: int, took_s: float) -> None:
        """Note a request that was answered."""
        self._observe(self._requests, (route, f"{status // 100}xx"), took_s)

    def replay(self, kind: str) -> None:
        """Note a credential that came a second time."""
        self._count(self._replays, (kind,))

    def attempt(self, notifier: str, outcome: str, took_s: float) -> None:
        """Note a try of a delivery."""
        self._count(self._attempts, (notifier, outcome))
        self._observe(self._sending, (notifier,), took_s)

    def operators_fault(self, notifier: str) -> None:
        """Note a try that failed for what only the operator can mend."""
        self._count(self._operators, (notifier,))

    def overdue(self, plugin: str) -> None:
        """Note a call of a plugin that has not come back in its time."""
        self._count(self._overdue, (plugin,))

    def ledger_refused(self, why: str) -> None:
        """Note that the worker does not sign the ledger.

        :param why: ``broken`` when it is not what was signed or anchored, ``silent`` when an anchor cannot be read.
        """
        self._count(self._refused, (why,))

    def thread_replaced(self, kind: str, why: str) -> None:
        """Note a thread of the worker that was replaced.

        :param kind: ``send`` or ``chores``.
        :param why: ``ended`` or ``held``.
        """
        self._count(self._threads, (kind, why))

    def notice_told(self, kind: str, notifier: str, latency_s: float) -> None:
        """Note that somebody has been told of a notice.

        :param kind: of the notice.
        :param latency_s: from the event to the answer.
        """
        self._observe(self._latency, (kind, notifier), max(0.0, latency_s))

    def text(self) -> bytes:
        """Everything in the text format of Prometheus."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry())

    def registry(self) -> CollectorRegistry:
        """What a server of the library can tell from: all that is counted, and the depth of the outbox."""
        from prometheus_client import CollectorRegistry
        from prometheus_client.multiprocess import MultiProcessCollector

        found = CollectorRegistry()
        if is_shared():
            MultiProcessCollector(found)  # type: ignore[no-untyped-call]  # the library has no types here
        else:
            found.register(self._registry)
        found.register(_Gauges(self._stats, self._clock, self._version))
        return found

    def _observe(self, meter: Histogram, labels: tuple[str, ...], value: float) -> None:
        key = (id(meter), *labels)
        try:
            child = self._children.get(key)
            if child is None:
                child = self._remember(key, meter.labels(*labels).observe)
            child(value)
        except Exception as error:  # noqa: BLE001 - a full disk must not cost the request that is counted
            self._complain(error)

    def _count(self, meter: Counter, labels: tuple[str, ...]) -> None:
        key = (id(meter), *labels)
        try:
            child = self._children.get(key)
            if child is None:
                child = self._remember(key, meter.labels(*labels).inc)
            child(1.0)
        except Exception as error:  # noqa: BLE001 - see above
            self._complain(error)

    def _remember(self, key: tuple[object, ...], child: Callable[[float], None]) -> Callable[[float], None]:
        if len(self._children) < MAX_CHILDREN:
            self._children[key] = child
        return child

    def _complain(self, error: Exception) -> None:
        if not self._broken:
            self._broken = True
            log.error("what happens is not counted for a while: %s", type(error).__name__)


class _Gauges:
    """What the store knows, asked when somebody reads."""

    def __init__(self, stats: Stats, clock: Clock, version: str) -> None:
        self._stats = stats
        self._clock = clock
        self._version = version

    def collect(self) -> Iterable[Metric]:
        """The metrics; where the store fails, only that it does."""
        from prometheus_client.core import GaugeMetricFamily as Gauge

        build = Gauge("consentcore_build_info", "The version that answers.", labels=["version"])
        build.add_metric([self._version], 1)
        yield build
        now = self._clock.now()
        try:
            stats = self._stats(now)
        except StorageError:
            yield Gauge("consentcore_storage_up", "Whether the store answers.", value=0)
            return
        yield Gauge("consentcore_storage_up", "Whether the store answers.", value=1)
        oldest = 0.0 if stats.oldest_due_at is None else max(0.0, (now - stats.oldest_due_at) / 1000)
        for name, text, value in (
            ("pending", "Deliveries that are still to be made.", float(stats.pending)),
            ("unnamed", "Deliveries for notifiers that are not configured any more.", float(stats.unnamed)),
            ("oldest_due_seconds", "How long the delivery that waits longest has been due.", oldest),
            ("dead", "Deliveries that were given up.", float(stats.dead)),
            ("unexpanded", "Notices that no worker has looked at yet.", float(stats.unexpanded)),
        ):
            yield Gauge(f"consentcore_outbox_{name}", text, value=value)
