"""The worker at work in its threads, under the machine's clock."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from consentcore.api import Delivered, DeliveryState, Retry, StorageUnavailable, SystemClock, WebhookEndpoint
from consentcore.consent.service import ConsentService
from consentcore.settings import WorkerSettings
from tests.support.patience import PATIENCE_S, eventually
from tests.support.workers import working


@pytest.fixture
def place(place):
    place.clock = SystemClock()
    place.service = ConsentService(
        keys=place.keys, clock=place.clock, catalog=place.catalog, code_ttl_ms=60_000, grant_days=365
    )
    return place


def add_endpoints(place, *names: str) -> list[WebhookEndpoint]:
    endpoints = [place.make_endpoint(name) for name in names]
    with place.storage.transaction() as uow:
        for endpoint in endpoints:
            uow.clients.add_endpoint(endpoint)
    return endpoints


def test_worker_at_rest_notices_a_commit(place):
    with working(place):
        time.sleep(0.2)
        place.approve()
        eventually(lambda: place.mailer.sent and place.hooker.sent)


def test_several_workers_tell_everybody_once(place):
    owners = [replace(place.owner, owner_id=f"o{n}", email=f"o{n}@example.org") for n in range(20)]
    with place.storage.transaction() as uow:
        for owner in owners:
            uow.owners.add(owner)
    with working(place, workers=3):
        for owner in owners:
            place.owner = owner
            place.approve()
        eventually(
            lambda: (
                place.storage.outbox.stats(place.clock.now()).pending == 0 and len(place.mailer.sent) >= 20
            )
        )
    told = [envelope.notice.notice_id for envelope, _ in place.mailer.sent]
    assert len(told) == len(set(told)) == 20
    assert len(place.hooker.sent) == 20


def test_97_dead_endpoints_do_not_hold_up_the_living(place):
    add_endpoints(place, *(f"dead_{n}" for n in range(6)))
    release = threading.Event()

    def answer(envelope, target):
        if target.startswith("dead"):
            release.wait(2 * PATIENCE_S)
            return Retry("no answer", error="timeout")
        return Delivered()

    place.hooker.doing = answer
    # What is known to hang already is held to half of the threads; the rest stays for everybody else.
    place.settings = replace(
        place.settings,
        worker=WorkerSettings(threads=16, per_target=2, poll_s=0.02, poll_max_s=0.05, drain_s=1),
    )
    with working(place):
        grants = [place.approve("comfort.read") for _ in range(3)]
        eventually(lambda: sum(target == "ep_1" for _, target in place.hooker.sent) == len(grants))
        eventually(lambda: len(place.mailer.sent) == len(grants))
        release.set()


def test_97_backlog_of_a_dead_endpoint_does_not_hold_up_five_living_ones(place):
    release = threading.Event()

    def answer(envelope, target):
        if target == "ep_1":
            release.wait(2 * PATIENCE_S)
            return Retry("no answer", error="timeout")
        return Delivered()

    place.hooker.doing = answer
    for _ in range(300):
        place.approve()
    while place.worker()._expander.expand_all(100):
        pass
    add_endpoints(place, *(f"alive_{number}" for number in range(5)))
    for _ in range(10):
        place.approve()
    with working(place):
        eventually(lambda: sum(target.startswith("alive") for _, target in place.hooker.sent) == 5 * 10)
        assert sum(target == "ep_1" for _, target in place.hooker.sent) == 1, (
            "one place is enough to find out"
        )
        release.set()


def test_deliveries_of_a_busy_target_are_not_lost_and_never_too_many_at_once(place):
    running, most, lock, full = [0], [0], threading.Lock(), threading.Event()

    def slow(envelope, target):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
            if running[0] == place.settings.worker.per_target:
                full.set()
        if len(place.hooker.sent) > 1:  # the first one goes alone, to find out
            full.wait(1)
        time.sleep(0.02)
        with lock:
            running[0] -= 1
        return Delivered()

    place.hooker.doing = slow
    for _ in range(25):
        place.approve()
    with working(place):
        eventually(
            lambda: (
                place.storage.outbox.stats(place.clock.now()).pending == 0 and len(place.hooker.sent) == 25
            )
        )
    assert most[0] == place.settings.worker.per_target
    numbers = {
        attempt.number
        for one in place.storage.outbox.deliveries()
        for attempt in place.storage.outbox.attempts(one.delivery_id)
    }
    assert numbers == {1}


def test_stop_lets_what_is_being_sent_end(place):
    begun = threading.Event()

    def slow(envelope, target):
        begun.set()
        stop.wait(PATIENCE_S)
        time.sleep(0.1)
        return Delivered()

    place.mailer.doing = slow
    place.settings = replace(place.settings, worker=replace(place.settings.worker, drain_s=PATIENCE_S))
    with working(place) as stop:
        place.approve()
        assert begun.wait(PATIENCE_S)
    states = {one.notifier: one.state for one in place.storage.outbox.deliveries()}
    assert states["mailer"] is DeliveryState.DELIVERED


def test_stop_does_not_wait_for_what_hangs_and_gives_it_back(place):
    begun, release = threading.Event(), threading.Event()

    def hang(envelope, target):
        begun.set()
        release.wait(2 * PATIENCE_S)
        return Delivered()

    def mails():
        return [one for one in place.storage.outbox.deliveries() if one.notifier == "mailer"]

    place.mailer.doing = hang
    place.settings = replace(
        place.settings, worker=WorkerSettings(threads=2, poll_s=0.02, poll_max_s=0.05, drain_s=0.2)
    )
    for _ in range(3):  # one is sent, the others wait in its lane
        place.approve()
    with working(place):
        assert begun.wait(PATIENCE_S)
        eventually(lambda: {one.attempts for one in mails()} == {1})
    assert {(one.state, one.lease_until) for one in mails()} == {(DeliveryState.PENDING, None)}
    place.mailer.doing = None
    assert place.worker().run_once() >= 1
    release.set()


def test_store_that_fails_for_a_while_is_survived(place, monkeypatch):
    waiting, failing = place.storage.outbox.waiting, [20]

    def flaky(now, **fields):
        if failing[0]:
            failing[0] -= 1
            raise StorageUnavailable("locked") if failing[0] % 2 else RuntimeError("driver")
        return waiting(now, **fields)

    monkeypatch.setattr(place.storage.outbox, "waiting", flaky)
    place.approve()
    with working(place):
        eventually(lambda: place.mailer.sent)


def test_what_was_sent_while_the_store_failed_is_not_sent_again(place, monkeypatch):
    settle_all, failing = place.storage.outbox.settle_all, [3]

    def flaky(settlements):
        if settlements and failing[0]:
            failing[0] -= 1
            raise StorageUnavailable("disk full")
        return settle_all(settlements)

    monkeypatch.setattr(place.storage.outbox, "settle_all", flaky)
    place.approve()
    with working(place):
        eventually(
            lambda: {one.state for one in place.storage.outbox.deliveries()} == {DeliveryState.DELIVERED}
        )
    assert failing == [0]
    assert len(place.mailer.sent) == len(place.hooker.sent) == 1


def test_slow_store_is_asked_less_often(place, monkeypatch):
    asked = []
    waiting = place.storage.outbox.waiting

    def slow(now, **fields):
        asked.append(time.monotonic())
        time.sleep(0.02)
        return waiting(now, **fields)

    monkeypatch.setattr(place.storage.outbox, "waiting", slow)
    place.settings = replace(
        place.settings, worker=WorkerSettings(threads=2, poll_s=0.01, poll_max_s=0.4, drain_s=1)
    )
    with working(place):
        eventually(lambda: len(asked) >= 3)
    assert asked[2] - asked[1] >= 0.35
