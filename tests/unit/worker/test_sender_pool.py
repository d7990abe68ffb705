"""Threads that a plugin holds or that have ended: replaced, counted and shown, and nobody else waits."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial

import pytest
from prometheus_client.parser import text_string_to_metric_families

from consentcore.api import (
    Delivered,
    DeliveryState,
)
from consentcore.metrics import Meters
from consentcore.settings import WorkerSettings
from consentcore.worker import sender_pool
from consentcore.worker.dispatcher import Dispatcher
from consentcore.worker.status import health
from tests.support.delivery_log import attempts_at, stats_of_all
from tests.support.patience import PATIENCE_S, eventually
from tests.support.workers import lines_of, states, working


def metrics(meters: Meters) -> dict[str, float]:
    families = text_string_to_metric_families(meters.text().decode())
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in families
        for sample in family.samples
    }


class TestHanging:
    """A call that does not come back: written off after its time, its thread replaced, the others served."""

    @pytest.fixture
    def scenario(self, running):
        running.settings = replace(
            running.settings,
            worker=WorkerSettings(threads=2, per_target=2, poll_s=0.02, poll_max_s=0.05, drain_s=0.2),
        )
        return running

    def dispatcher(self, scenario, meters=None, **options) -> tuple[object, Dispatcher]:
        worker = scenario.worker()
        made = Dispatcher(
            scenario.storage,
            scenario.clock,
            worker._sender,
            worker._settler,
            worker._names,
            threads=2,
            per_target=2,
            meters=meters,
            **{"longest_s": 0.2, **options},
        )
        return worker, made

    def turn(self, worker, made) -> None:
        worker._expander.expand_all(10)
        made.claim()
        made.settle(0.02)

    def test_it_is_written_off_seen_and_tried_again(self, scenario, caplog):
        release = threading.Event()
        scenario.mailer.doing = lambda *_: release.wait(2 * PATIENCE_S) and Delivered()
        meters = Meters(partial(stats_of_all, scenario.storage), scenario.clock, "1")
        worker, made = self.dispatcher(scenario, meters)
        scenario.allow()

        def written_off() -> bool:
            self.turn(worker, made)
            mails = [one for one in scenario.storage.delivery_log.deliveries() if one.notifier == "mailer"]
            return bool(mails) and bool(attempts_at(scenario.storage, mails[0].delivery_id))

        eventually(written_off)
        (mail,) = [one for one in scenario.storage.delivery_log.deliveries() if one.notifier == "mailer"]
        (attempt,) = attempts_at(scenario.storage, mail.delivery_id)
        assert (mail.state, attempt.outcome, attempt.error) == (DeliveryState.PENDING, "retry", "overdue")
        (line,) = lines_of(caplog, "mailer")
        assert "plugin=mailer" in line
        told = metrics(meters)
        assert told["consentcore_plugin_overdue_total[('plugin', 'mailer')]"] == 1
        assert told["consentcore_worker_threads_replaced_total[('kind', 'send'), ('why', 'held')]"] == 1
        status = made.status
        assert (status.alive, status.replaced, status.held) == (2, 1, {"mailer": 1})
        assert health(status) == (
            True,
            [
                "1 thread has been replaced, having ended or been held by a plugin",
                "plugin mailer holds 1 thread",
            ],
        )
        release.set()
        eventually(lambda: made.status.held == {})
        assert "come back after" in caplog.text
        made.stop(1.0)

    def test_others_are_served_while_it_hangs(self, scenario, monkeypatch):
        release = threading.Event()
        scenario.mailer.doing = lambda *_: release.wait(2 * PATIENCE_S) and Delivered()
        scenario.mailer.retry_schedule_s = (0.01,) * 1000
        worker, made = self.dispatcher(scenario, longest_s=0.02)

        def told(count: int) -> bool:
            self.turn(worker, made)
            return len(scenario.hooker.sent) >= count

        for number in range(1, 13):
            scenario.allow()
            eventually(lambda number=number: told(number))
        release.set()
        made.stop(1.0)

    def test_a_plugin_that_holds_many_threads_gets_nothing_more_until_one_comes_back(self, scenario, caplog):
        release = threading.Event()
        scenario.mailer.doing = lambda *_: release.wait(2 * PATIENCE_S) and Delivered()
        scenario.mailer.retry_schedule_s = (0.01,) * 1000
        worker, made = self.dispatcher(scenario, longest_s=0.02)
        scenario.allow()

        def held() -> int:
            self.turn(worker, made)
            return made.status.held.get("mailer", 0)

        eventually(lambda: held() >= sender_pool.MOST_HELD)
        begun = len(scenario.mailer.sent)
        scenario.allow()
        eventually(lambda: (self.turn(worker, made), len(scenario.hooker.sent) >= 2)[1])
        assert len(scenario.mailer.sent) == begun
        assert made.names == ["hooker"]
        assert "it gets nothing until one comes back" in caplog.text
        assert any("gets nothing" in remark for remark in made.status.remarks())
        release.set()
        scenario.mailer.doing = None
        eventually(
            lambda: (self.turn(worker, made), states(scenario)["mailer"] is DeliveryState.DELIVERED)[1]
        )
        made.stop(1.0)

    def test_a_slow_try_gives_its_place_to_others_and_counts_all_the_same(self, scenario):
        """With two threads, one unknown target had room for no other until it was written off."""
        release = threading.Event()
        scenario.mailer.doing = lambda *_: release.wait(2 * PATIENCE_S) and Delivered()
        worker, made = self.dispatcher(scenario, longest_s=2 * PATIENCE_S, slow_s=0.05)
        for number in range(1, 7):
            scenario.allow()
            eventually(
                lambda number=number: (self.turn(worker, made), len(scenario.hooker.sent) >= number)[1]
            )
        assert len(scenario.mailer.sent) == 1, "one is enough to find out"
        assert made.status.replaced == 0
        release.set()
        scenario.mailer.doing = None
        eventually(
            lambda: (
                self.turn(worker, made),
                {one.state for one in scenario.storage.delivery_log.deliveries()}
                == {DeliveryState.DELIVERED},
            )[1]
        )
        assert len(scenario.mailer.sent) == 6, "what came late, but in its time, was not sent again"
        assert made.stop(1.0)

    def test_the_worker_goes_on(self, scenario):
        release = threading.Event()
        scenario.mailer.doing = lambda *_: release.wait(2 * PATIENCE_S) and Delivered()
        with working(scenario):
            for _ in range(5):
                scenario.allow()
            eventually(lambda: len(scenario.hooker.sent) >= 5)
            release.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
class TestDeadThreads:
    @pytest.mark.parametrize("where", ["_finish", "_next"])
    def test_a_thread_that_ends_all_the_same_is_replaced_counted_and_shown(
        self, running, caplog, monkeypatch, where
    ):
        meters = Meters(partial(stats_of_all, running.storage), running.clock, "1")
        worker = running.worker()
        made = Dispatcher(
            running.storage,
            running.clock,
            worker._sender,
            worker._settler,
            worker._names,
            threads=2,
            per_target=2,
            meters=meters,
        )
        real, deaths = getattr(made._pool, where), []

        def die(*arguments):
            if len(deaths) < 2:
                deaths.append(1)
                raise SystemExit
            return real(*arguments)

        monkeypatch.setattr(made._pool, where, die)

        def turn() -> None:
            worker._expander.expand_all(10)
            made.claim()
            made.settle(0.02)

        running.allow()
        eventually(lambda: (turn(), made.status.replaced >= 2)[1])
        assert made.status.alive == 2
        assert "a sending thread has ended and is replaced" in caplog.text
        told = metrics(meters)
        assert told["consentcore_worker_threads_replaced_total[('kind', 'send'), ('why', 'ended')]"] == 2
        ready, said = health(made.status)
        assert ready
        assert "replaced" in said[0]
        count = len(running.hooker.sent)
        running.allow()
        eventually(lambda: (turn(), len(running.hooker.sent) > count)[1])
        made.stop(1.0)

    def test_the_thread_of_the_chores_is_replaced(self, running, monkeypatch, caplog):
        worker, runs = running.worker(), []

        def die() -> float:
            runs.append(1)
            if len(runs) == 1:
                raise SystemExit
            return 1.0

        monkeypatch.setattr(worker.housekeeping, "run_due", die)
        monkeypatch.setattr(running, "worker", lambda: worker)
        with working(running):
            eventually(lambda: len(runs) >= 2)
        assert "the thread of the chores has ended and is replaced" in caplog.text
