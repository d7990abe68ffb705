"""What a delivery costs: workers of their own, a receiver on loopback, a backlog of notices."""

from __future__ import annotations

import json
import socket
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.claims import Claim, claim
from bench.databases import Database
from bench.processes import cpu_seconds
from bench.servers import Failed, Server, environment, run
from consentcore.domain.client import Client
from consentcore.domain.event_kinds import NoticeKind
from consentcore.domain.notice import Notice
from consentcore.domain.parties import Audience
from consentcore.webhooks.secrets import make_endpoint

if TYPE_CHECKING:
    from consentcore.runtime import Runtime

INI = """\
[app:main]
use = egg:consentcore#main
consentcore.issuer = http://127.0.0.1
consentcore.keys = %(here)s/keys
consentcore.storage = sqlalchemy
consentcore.login = login_local
consentcore.scopes = scopes_file
consentcore.notifiers = webhook
consentcore.plugin.webhook.allow_networks = 127.0.0.0/8
consentcore.plugin.sqlalchemy.url = {url}
"""
ENDPOINTS = 6
BATCH = 1000
START_S = 20.0
LIMIT_S = 120.0
IDLE_S = 3.0
SLOW_MS = 100
"""What a receiver across the Internet takes for its answer."""
SLOW_SHARE = 6
"""So many times fewer deliveries to it."""


@dataclass(frozen=True)
class Rate:
    """One measurement with so many workers.

    :ivar wait_ms: how long the receiver takes for an answer.
    :ivar per_s: deliveries a second from the first fifth to the last.
    :ivar worker_us: CPU of the workers for
        one, and of the database and the receiver, in microseconds; NaN where it is not known.
    """

    workers: int
    wait_ms: int
    per_s: float
    worker_us: float
    database_us: float
    receiver_us: float


@dataclass(frozen=True)
class Wake:
    """From the commit of a notice to its arrival, in milliseconds, and what a worker that has nothing to do costs."""

    p50_ms: float
    p95_ms: float
    most_ms: float
    idle_cpu_percent: float


@dataclass(frozen=True)
class Deliveries:
    """Everything that was measured on one database."""

    title: str
    rates: Sequence[Rate]
    claims: Sequence[Claim]
    wake: Wake


def measure(database: Database, folder: Path, deliveries: int, backlog: int) -> Deliveries:
    """Measure one empty database.

    :param deliveries: how many each number of workers has to make.
    :param backlog: how many a claim is measured with.
    :raises Failed: something did not start, or did not come to an end.
    """
    ini = folder / "delivery.ini"
    ini.write_text(INI.format(url=database.url.replace("%", "%%")))
    run("consentcore.cli.main", ["-c", str(ini), "init"])
    with _runtime(ini) as runtime:
        with _receiver(folder) as receiver:
            stage = _Stage(ini, _Seeded(runtime, _register(runtime, "bench-hooks", receiver)), receiver)
            wake = _wake(stage)
            rates = [_rate(stage, database, count, deliveries) for count in (1, 2)]
        with _receiver(folder, SLOW_MS) as receiver:
            stage = _Stage(ini, _Seeded(runtime, _register(runtime, "bench-slow", receiver)), receiver)
            rates += [_rate(stage, database, count, deliveries // SLOW_SHARE * count) for count in (1, 2)]
        claims = [claim(runtime, database.url, count) for count in (0, backlog)]
    return Deliveries(database.title, rates, claims, wake)


@dataclass
class _Seeded:
    runtime: Runtime
    client_id: str

    def add(self, count: int) -> None:
        """Commit so many notices, each for all endpoints."""
        for start in range(0, count, BATCH):
            with self.runtime.storage.transaction() as uow:
                for _ in range(min(BATCH, count - start)):
                    uow.notices.add(self._notice())

    def _notice(self) -> Notice:
        data = {
            "event_type": "withdrawn", "sequence": 2, "state": "withdrawn", "scopes": [],
            "previous_scopes": ["comfort.read", "energy.read"], "requested_scopes": [], "change": "",
            "initiator": "user", "reason": "", "expires_at": "2027-01-01T00:00:00.000Z", "client_name": "Benchmark",
            "had_grant_before": True,
        }  # fmt: skip
        return Notice(
            notice_id=str(uuid.uuid4()),
            kind=NoticeKind.REVOKED,
            grant_id=str(uuid.uuid4()),
            client_id=self.client_id,
            owner_id=str(uuid.uuid4()),
            audiences=(Audience.CLIENT,),
            occurred_at=self.runtime.clock.now(),
            data=json.dumps(data, separators=(",", ":"), sort_keys=True),
        )


@dataclass(frozen=True)
class _Receiver:
    pid: int
    port: int
    wait_ms: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    def taken(self) -> int:
        with socket.create_connection(("127.0.0.1", self.port), 5) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: r\r\n\r\n")
            return int(sock.recv(1000).rpartition(b"\r\n")[2])


@dataclass(frozen=True)
class _Stage:
    ini: Path
    seeded: _Seeded
    receiver: _Receiver


@contextmanager
def _runtime(ini: Path) -> Iterator[Runtime]:
    from consentcore.config import load_ini
    from consentcore.runtime import build_runtime

    runtime = build_runtime(load_ini(ini))
    try:
        yield runtime
    finally:
        runtime.close()


@contextmanager
def _receiver(folder: Path, wait_ms: int = 0) -> Iterator[_Receiver]:
    server = Server("bench.receiver", ["--delay", str(wait_ms / 1000)], folder / "receiver.log")
    try:
        yield _Receiver(server.pids[0], server.address[1], wait_ms)
    finally:
        server.stop()


@contextmanager
def _worker(stage: _Stage) -> Iterator[subprocess.Popen[bytes]]:
    with (stage.ini.parent / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "consentcore.cli.main", "-c", str(stage.ini), "worker"],
            stdout=log,
            stderr=log,
            env=environment(),
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _register(runtime: Runtime, client_id: str, receiver: _Receiver) -> str:
    now = runtime.clock.now()
    client = Client(client_id=client_id, name="Benchmark", created_at=now)
    with runtime.storage.transaction() as uow:
        uow.clients.add(client)
        for number in range(ENDPOINTS):
            made = make_endpoint(runtime.keys, client.client_id, f"{receiver.url}/{number}", now)
            uow.clients.add_endpoint(made.endpoint)
    return client.client_id


def _rate(stage: _Stage, database: Database, workers: int, deliveries: int) -> Rate:
    """Let workers start on nothing, then give them everything at once."""
    receiver = stage.receiver
    before = receiver.taken()
    with ExitStack() as stack:
        processes = [stack.enter_context(_worker(stage)) for _ in range(workers)]
        time.sleep(2.0)
        pids = [process.pid for process in processes]
        stage.seeded.add(deliveries // ENDPOINTS)
        wanted = before + deliveries // ENDPOINTS * ENDPOINTS
        first, last = before + deliveries // 5, wanted - deliveries // 5
        _until(receiver, first, START_S)
        began, start = time.monotonic(), receiver.taken()
        cpu = _cpu(pids, database, receiver)
        _until(receiver, last, LIMIT_S)
        took, made = time.monotonic() - began, receiver.taken() - start
        worker, store, sink = (
            (after - earlier) / made * 1e6
            for after, earlier in zip(_cpu(pids, database, receiver), cpu, strict=True)
        )
        _until(receiver, wanted, LIMIT_S)
    return Rate(workers, receiver.wait_ms, made / took, worker, store if database.cpu else float("nan"), sink)


def _cpu(pids: Sequence[int], database: Database, receiver: _Receiver) -> tuple[float, float, float]:
    store = database.cpu() if database.cpu else 0.0
    return cpu_seconds(pids), store, cpu_seconds([receiver.pid])


def _until(receiver: _Receiver, count: int, limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while (taken := receiver.taken()) < count:
        if time.monotonic() > deadline:
            raise Failed(f"only {taken} of {count} webhooks arrived in {limit_s:g} s")
        time.sleep(0.02)


def _wake(stage: _Stage, rounds: int = 40) -> Wake:
    delays: list[float] = []
    seeded, receiver = stage.seeded, stage.receiver
    with _worker(stage) as process:
        taken = receiver.taken() + ENDPOINTS
        seeded.add(1)
        _until(receiver, taken, START_S)
        cpu = cpu_seconds([process.pid])
        time.sleep(IDLE_S)
        idle = (cpu_seconds([process.pid]) - cpu) / IDLE_S * 100
        for number in range(rounds):
            time.sleep(0.05 + 0.007 * (number % 10))  # at every place between two looks of the worker
            taken += ENDPOINTS
            seeded.add(1)
            began = time.monotonic()
            while receiver.taken() < taken:
                time.sleep(0.001)
            delays.append((time.monotonic() - began) * 1000)
    delays.sort()
    return Wake(statistics.median(delays), delays[int(len(delays) * 0.95)], delays[-1], idle)
