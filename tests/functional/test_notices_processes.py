"""Worker processes that are stopped, killed, and run beside each other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from contextlib import contextmanager

import pytest

from consentcore.api import DeliveryState, OutboxStats, SealedSecret, WebhookEndpoint
from consentcore.consent.decision import Decision
from consentcore.consent.snapshot import make_snapshot
from consentcore.domain.event import Evidence
from consentcore.testing import ManualClock, factories
from consentcore.worker.dispatcher import LEASE_MS
from consentcore.worker.worker import Worker
from tests.support.delivery_log import stats_of_all
from tests.support.patience import PATIENCE_S, eventually
from tests.support.platform import make_platform
from tests.support.sinks import Answer, http_sink

pytestmark = pytest.mark.slow

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WORKER = """
import logging, signal, sys, threading
logging.basicConfig(stream=sys.stderr, level=logging.INFO)
from consentcore.worker.worker import run_worker
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
run_worker(sys.argv[1], stop)
"""


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path, storage="sqlalchemy", extra="consentcore.worker.drain_s = 60")
    yield made
    made.runtime.close()


@pytest.fixture
def sink(platform):
    runtime, endpoint_id = platform.runtime, f"ep_{uuid.uuid4().hex}"
    sealed = runtime.keys.seal("webhook", SECRET.encode(), endpoint_id)
    now = runtime.clock.now()
    with http_sink() as made:
        endpoint = WebhookEndpoint(
            endpoint_id, "coolsite", made.url(), now, secrets=(SealedSecret(sealed, now),)
        )
        with runtime.storage.transaction() as uow:
            uow.clients.add_endpoint(endpoint)
        yield made


@contextmanager
def worker(folder):
    """A worker process; killed at the end if it is still there."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder / "test.ini")],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def approve(platform, count: int = 1) -> list[str]:
    """Let Ada approve so many times; returns the ids of the events."""
    runtime, found = platform.runtime, []
    for _ in range(count):
        with runtime.storage.reading() as uow:
            client, owner = uow.clients.get("coolsite"), uow.owners.by_email("ada@example.org")
        now = runtime.clock.now()
        interaction = factories.interaction(
            "coolsite",
            request=factories.request("coolsite", scopes=("comfort.read",)),
            owner_id=owner.owner_id,
            created_at=now,
            expires_at=now + 60_000,
        )
        runtime.storage.protocol.open_interaction(interaction)
        with runtime.storage.transaction() as uow:
            approval = runtime.service.approve(
                uow,
                interaction=interaction,
                client=client,
                owner=owner,
                decision=Decision(("comfort.read",)),
                evidence=Evidence("button:approve"),
                snapshot=make_snapshot({"title": "CoolSite asks"}, now),
            )
        found.append(approval.event.event_id)
    return found


def ids(sink) -> list[str]:
    return [got.headers["webhook-id"] for got in sink.received]


def stats(platform) -> OutboxStats:
    return stats_of_all(platform.runtime.storage, platform.runtime.clock.now())


def settle(platform) -> None:
    eventually(lambda: not (stats(platform).pending or stats(platform).unexpanded))


def test_stopped_worker_ends_what_it_is_sending(platform, sink, tmp_path):
    sink.answer = Answer(delay_s=1.0)
    with worker(tmp_path) as process:
        (event_id,) = approve(platform)
        sink.wait_for(1)
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, log
    assert stats(platform).pending == 0
    assert ids(sink) == [event_id]
    assert "delivered notice=" in log
    assert "whsec" not in log
    assert "ada@" not in log


def test_91_killed_worker_loses_nothing_and_keeps_the_id(platform, sink, tmp_path):
    sink.answer = Answer(delay_s=30)
    with worker(tmp_path) as process:
        (event_id,) = approve(platform)
        sink.wait_for(1)
        process.kill()
        process.wait(PATIENCE_S)
    sink.answer = Answer()
    # The next worker need not wait for the lease in this test: its clock is ahead.
    runtime = platform.runtime
    runtime.clock = ManualClock(runtime.clock.now() + LEASE_MS + 1)
    Worker(runtime).run_once()
    assert ids(sink) == [event_id, event_id]
    assert sink.received[0].body == sink.received[1].body
    assert stats(platform).pending == 0


def test_three_workers_tell_everybody_exactly_once_when_nothing_fails(platform, sink, tmp_path):
    with worker(tmp_path), worker(tmp_path), worker(tmp_path):
        events = approve(platform, 30)
        sink.wait_for(30)
        settle(platform)
    assert sorted(ids(sink)) == sorted(events)
    sequences = [json.loads(got.body)["data"]["sequence"] for got in sink.received]
    assert sorted(sequences) == list(range(1, 31))
    delivered = platform.runtime.storage.delivery_log.deliveries(state=DeliveryState.DELIVERED)
    assert {one.attempts for one in delivered} == {1}
