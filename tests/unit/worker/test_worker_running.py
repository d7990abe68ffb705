"""The worker at work in its threads, under the machine's clock."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from consentcore.api import Delivered, DeliveryState, Retry, StorageUnavailable, SystemClock, WebhookEndpoint
from consentcore.consent.service import ConsentService
from consentcore.settings import WorkerSettings
from tests.support.delivery_log import attempts_at, stats_of_all
from tests.support.patience import PATIENCE_S, eventually
from tests.support.workers import working


@pytest.fixture
def scenario(scenario):
    scenario.clock = SystemClock()
    scenario.service = ConsentService(
        keys=scenario.keys, clock=scenario.clock, catalog=scenario.catalog, code_ttl_ms=60_000, grant_days=365
    )
    return scenario


def add_endpoints(scenario, *names: str) -> list[WebhookEndpoint]:
    endpoints = [scenario.make_endpoint(name) for name in names]
    with scenario.storage.transaction() as uow:
        for endpoint in endpoints:
            uow.clients.add_endpoint(endpoint)
    return endpoints


def test_worker_at_rest_notices_a_commit(scenario):
    with working(scenario):
        time.sleep(0.2)
        scenario.allow()
        eventually(lambda: scenario.mailer.sent and scenario.hooker.sent)


def test_several_workers_tell_everybody_once(scenario):
    owners = [replace(scenario.owner, owner_id=f"o{n}", email=f"o{n}@example.org") for n in range(20)]
    with scenario.storage.transaction() as uow:
        for owner in owners:
            uow.owners.add(owner)
    with working(scenario, workers=3):
        for owner in owners:
            scenario.owner = owner
            scenario.allow()
        eventually(
            lambda: (
                stats_of_all(scenario.storage, scenario.clock.now()).pending == 0
                and len(scenario.mailer.sent) >= 20
            )
        )
    told = [envelope.notice.notice_id for envelope, _ in scenario.mailer.sent]
    assert len(told) == len(set(told)) == 20
    assert len(scenario.hooker.sent) == 20


def test_97_dead_endpoints_do_not_hold_up_the_living(scenario):
    add_endpoints(scenario, *(f"dead_{n}" for n in range(6)))
    release = threading.Event()

    def answer(envelope, target):
        if target.startswith("dead"):
            release.wait(2 * PATIENCE_S)
            return Retry("no answer", error="timeout")
        return Delivered()

    scenario.hooker.doing = answer
    # What is known to hang already is held to half of the threads; the rest stays for everybody else.
    scenario.settings = replace(
        scenario.settings,
        worker=WorkerSettings(threads=16, per_target=2, poll_s=0.02, poll_max_s=0.05, drain_s=1),
    )
    with working(scenario):
        grants = [scenario.allow("comfort.read") for _ in range(3)]
        eventually(lambda: sum(target == "ep_1" for _, target in scenario.hooker.sent) == len(grants))
        eventually(lambda: len(scenario.mailer.sent) == len(grants))
        release.set()


def test_97_backlog_of_a_dead_endpoint_does_not_hold_up_five_living_ones(scenario):
    release = threading.Event()

    def answer(envelope, target):
        if target == "ep_1":
            release.wait(2 * PATIENCE_S)
            return Retry("no answer", error="timeout")
        return Delivered()

    scenario.hooker.doing = answer
    for _ in range(300):
        scenario.allow()
    while scenario.worker()._expander.expand_all(100):
        pass
    add_endpoints(scenario, *(f"alive_{number}" for number in range(5)))
    for _ in range(10):
        scenario.allow()
    with working(scenario):
        eventually(lambda: sum(target.startswith("alive") for _, target in scenario.hooker.sent) == 5 * 10)
        assert sum(target == "ep_1" for _, target in scenario.hooker.sent) == 1, (
            "one scenario is enough to find out"
        )
        release.set()


def test_deliveries_of_a_busy_target_are_not_lost_and_never_too_many_at_once(scenario):
    running, most, lock, full = [0], [0], threading.Lock(), threading.Event()

    def slow(envelope, target):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
            if running[0] == scenario.settings.worker.per_target:
                full.set()
        if len(scenario.hooker.sent) > 1:  # the first one goes alone, to find out
            full.wait(PATIENCE_S)
        time.sleep(0.02)
        with lock:
            running[0] -= 1
        return Delivered()

    scenario.hooker.doing = slow
    for _ in range(25):
        scenario.allow()
    with working(scenario):
        eventually(
            lambda: (
                stats_of_all(scenario.storage, scenario.clock.now()).pending == 0
                and len(scenario.hooker.sent) == 25
            )
        )
    assert most[0] == scenario.settings.worker.per_target
    numbers = {
        attempt.number
        for one in scenario.storage.delivery_log.deliveries()
        for attempt in attempts_at(scenario.storage, one.delivery_id)
    }
    assert numbers == {1}


def test_stop_lets_what_is_being_sent_end(scenario):
    begun = threading.Event()

    def slow(envelope, target):
        begun.set()
        stop.wait(PATIENCE_S)
        time.sleep(0.1)
        return Delivered()

    scenario.mailer.doing = slow
    scenario.settings = replace(
        scenario.settings, worker=replace(scenario.settings.worker, drain_s=PATIENCE_S)
    )
    with working(scenario) as stop:
        scenario.allow()
        assert begun.wait(PATIENCE_S)
    states = {one.notifier: one.state for one in scenario.storage.delivery_log.deliveries()}
    assert states["mailer"] is DeliveryState.DELIVERED


def test_stop_does_not_wait_for_what_hangs_and_gives_it_back(scenario):
    begun, release = threading.Event(), threading.Event()

    def hang(envelope, target):
        begun.set()
        release.wait(2 * PATIENCE_S)
        return Delivered()

    def mails():
        return [one for one in scenario.storage.delivery_log.deliveries() if one.notifier == "mailer"]

    scenario.mailer.doing = hang
    scenario.settings = replace(
        scenario.settings, worker=WorkerSettings(threads=2, poll_s=0.02, poll_max_s=0.05, drain_s=0.2)
    )
    for _ in range(3):  # one is sent, the others wait in its lane
        scenario.allow()
    with working(scenario):
        assert begun.wait(PATIENCE_S)
        eventually(lambda: {one.attempts for one in mails()} == {1})
    assert {(one.state, one.lease_until) for one in mails()} == {(DeliveryState.PENDING, None)}
    scenario.mailer.doing = None
    assert scenario.worker().run_once() >= 1
    release.set()


def test_store_that_fails_for_a_while_is_survived(scenario, monkeypatch):
    waiting, failing = scenario.storage.outbox.waiting, [20]

    def flaky(now, **fields):
        if failing[0]:
            failing[0] -= 1
            raise StorageUnavailable("locked") if failing[0] % 2 else RuntimeError("driver")
        return waiting(now, **fields)

    monkeypatch.setattr(scenario.storage.outbox, "waiting", flaky)
    scenario.allow()
    with working(scenario):
        eventually(lambda: scenario.mailer.sent)


def test_what_was_sent_while_the_store_failed_is_not_sent_again(scenario, monkeypatch):
    settle_all, failing = scenario.storage.outbox.settle_all, [3]

    def flaky(settlements):
        if settlements and failing[0]:
            failing[0] -= 1
            raise StorageUnavailable("disk full")
        return settle_all(settlements)

    monkeypatch.setattr(scenario.storage.outbox, "settle_all", flaky)
    scenario.allow()
    with working(scenario):
        eventually(
            lambda: (
                {one.state for one in scenario.storage.delivery_log.deliveries()} == {DeliveryState.DELIVERED}
            )
        )
    assert failing == [0]
    assert len(scenario.mailer.sent) == len(scenario.hooker.sent) == 1


def test_slow_store_is_asked_less_often(scenario, monkeypatch):
    asked = []
    waiting = scenario.storage.outbox.waiting

    def slow(now, **fields):
        asked.append(time.monotonic())
        time.sleep(0.02)
        return waiting(now, **fields)

    monkeypatch.setattr(scenario.storage.outbox, "waiting", slow)
    scenario.settings = replace(
        scenario.settings, worker=WorkerSettings(threads=2, poll_s=0.01, poll_max_s=0.4, drain_s=1)
    )
    with working(scenario):
        eventually(lambda: len(asked) >= 3)
    assert asked[2] - asked[1] >= 0.35
