"""Whatever a plugin answers or raises: it is a retry and one line of the log, and no thread of ours ends or waits."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

import pytest
from prometheus_client import generate_latest

from consentcore.api import (
    Audience,
    Delivered,
    DeliveryState,
    Gone,
    InvalidInput,
    Reject,
    Retry,
    Secret,
    StorageUnavailable,
)
from consentcore.hooks.calling import Leash
from consentcore.metrics import Meters
from consentcore.worker.claimed_delivery import load_notices
from consentcore.worker.housekeeping import Housekeeping
from consentcore.worker.plugin_answers import outcome_of, schedule_of, targets_of
from consentcore.worker.status import WorkerStatus
from tests.support.anchors import Shelf
from tests.support.delivery_log import attempts_at
from tests.support.names import case_name
from tests.support.patience import PATIENCE_S, eventually
from tests.support.workers import lines_of, states, working


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


class OwnError(InvalidInput):
    """An error of ours, made theirs."""

    def __str__(self) -> str:
        raise KeyboardInterrupt


class Sly(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise SystemExit

    def __getitem__(self, key):
        raise SystemExit


def deep(depth: int = 0) -> None:
    deep(depth + 1)


async def later():
    return Delivered()


def raising(error: BaseException):
    def do(*_):
        raise error

    return do


WRONG = {
    "none": lambda *_: None,
    "true": lambda *_: True,
    "text": lambda *_: "delivered",
    "number": lambda *_: 200,
    "class": lambda *_: Delivered,
    "tuple": lambda *_: (Delivered(), 1),
    "coroutine": lambda *_: later(),
    "reject without words": lambda *_: Reject(None),
    "reject by number": lambda *_: Reject(550),
    "reject by bytes": lambda *_: Reject(b"no"),
    "reject by sly text": lambda *_: Reject(Sly("no")),
    "gone without words": lambda *_: Gone(object()),
    "exception": raising(ValueError("ada@example.org")),
    "unprintable": raising(Unprintable()),
    "error of ours": raising(OwnError("a", "b")),
    "storage": raising(StorageUnavailable("theirs")),
    "exit": raising(SystemExit(0)),
    "interrupt": raising(KeyboardInterrupt()),
    "generator": raising(GeneratorExit()),
    "stop": raising(StopIteration()),
    "memory": raising(MemoryError()),
    "base": raising(BaseException("x")),
    "group": raising(BaseExceptionGroup("several", [SystemExit(), KeyError()])),
    "recursion": lambda *_: deep(),
}


class TestSend:
    @pytest.mark.parametrize("what", list(WRONG))
    def test_anything_unexpected_is_a_retry_with_one_line_that_names_the_plugin(self, scenario, caplog, what):
        scenario.mailer.doing = WRONG[what]
        scenario.allow()
        assert scenario.worker().run_once() == 2
        assert states(scenario) == {"mailer": DeliveryState.PENDING, "hooker": DeliveryState.DELIVERED}
        (line,) = lines_of(caplog, "mailer")
        assert "plugin=mailer" in line
        assert "\n" not in line
        assert "ada@example.org" not in line
        (mail,) = [one for one in scenario.storage.delivery_log.deliveries() if one.notifier == "mailer"]
        (attempt,) = attempts_at(scenario.storage, mail.delivery_id)
        assert (attempt.outcome, attempt.error) == ("retry", attempt.error)
        assert attempt.error in {"answer", "exception"}
        assert mail.next_at > scenario.clock.now()

    @pytest.mark.parametrize("what", ["none", "exit", "interrupt", "generator", "recursion", "unprintable"])
    def test_threads_survive_it(self, running, what):
        running.mailer.doing = WRONG[what]
        with working(running):
            for _ in range(6):  # more than there are threads
                running.allow()
            eventually(lambda: len(running.mailer.sent) >= 6)
            eventually(lambda: len(running.hooker.sent) >= 6)
            assert sum(one.name.startswith("consentcore-send") for one in threading.enumerate()) >= 4

    @pytest.mark.parametrize(
        "after_s",
        [-1, -(10**400), 10**400, math.inf, -math.inf, math.nan, "5", b"5", None, True, 1e308, object(), 0],
        ids=case_name,
    )
    def test_a_wish_that_is_no_time_is_left_to_the_schedule(self, scenario, after_s):
        scenario.mailer.script = [Retry("later", after_s=after_s)]
        scenario.allow()
        scenario.worker().run_once()
        (mail,) = [one for one in scenario.storage.delivery_log.deliveries() if one.notifier == "mailer"]
        assert mail.state is DeliveryState.PENDING
        assert 3_900 <= mail.next_at - scenario.clock.now() <= 10_000  # 5 s, and at most twice that

    @pytest.mark.parametrize(
        "waits",
        [None, 5, "soon", (-1.0,), (math.nan,), (math.inf,), ("x",), (10**400,), iter(()).__next__],
        ids=case_name,
    )
    def test_a_schedule_that_is_none_is_replaced_by_ours(self, scenario, caplog, waits):
        scenario.mailer.retry_schedule_s = waits
        scenario.mailer.script = [Retry("later")]
        scenario.allow()
        scenario.worker().run_once()
        assert states(scenario)["mailer"] is DeliveryState.PENDING
        (line,) = lines_of(caplog, "mailer")
        assert "retry_schedule_s" in line

    def test_an_enormous_reason_is_cut_and_keeps_its_meaning(self, scenario):
        scenario.mailer.script = [
            Reject("x" * 5_000_000, status=550, error="y" * 5000, answer="z" * 5_000_000)
        ]
        scenario.allow()
        scenario.worker().run_once()
        (mail,) = [one for one in scenario.storage.delivery_log.deliveries() if one.notifier == "mailer"]
        assert (mail.state, len(mail.last_error)) == (DeliveryState.REJECTED, 1024)
        (attempt,) = attempts_at(scenario.storage, mail.delivery_id)
        assert (len(attempt.error), len(attempt.answer)) == (64, 1024)

    @pytest.mark.parametrize("status", ["250", 10**30, True, 2.5, object()], ids=case_name)
    def test_what_was_delivered_is_delivered_whatever_is_said_beside(self, scenario, caplog, status):
        scenario.mailer.script = [Delivered(status, answer=b"bytes")]
        scenario.allow()
        scenario.worker().run_once()
        assert states(scenario)["mailer"] is DeliveryState.DELIVERED
        (line,) = lines_of(caplog, "mailer")
        assert "status" in line

    def test_text_that_no_store_takes_is_mended(self, scenario):
        scenario.mailer.script = [Retry("\ud800\x00 a\nb", error="\udfff\n", answer="\x00\ud800")]
        scenario.allow()
        scenario.worker().run_once()
        (mail,) = [one for one in scenario.storage.delivery_log.deliveries() if one.notifier == "mailer"]
        (attempt,) = attempts_at(scenario.storage, mail.delivery_id)
        for text in (mail.last_error, attempt.error, attempt.answer):
            text.encode()
            assert "\x00" not in text

    def test_kinds_of_their_own_count_as_what_they_are(self):
        @dataclass(frozen=True)
        class Special(Delivered):
            extra: str = "x"

        outcome, wrong = outcome_of(Special(250, "ok"))
        assert (outcome, wrong) == (Delivered(250, "ok"), "")

    def test_a_secret_as_reason_is_not_revealed(self):
        outcome, _ = outcome_of(Retry(Secret("hush")))
        assert "hush" not in repr(outcome)

    def test_our_own_store_that_fails_is_no_fault_of_the_plugin(self, scenario, monkeypatch):
        """It read the owner, and that failed: the try does not count."""
        scenario.mailer.doing = lambda envelope, _: envelope.owner and Delivered()
        scenario.allow()
        worker = scenario.worker()
        worker._expander.expand_all(10)
        claimed = scenario.storage.outbox.claim_deliveries(
            scenario.clock.now(), limit=9, lease_ms=40_000, notifiers=("mailer",)
        )
        (one,) = load_notices(scenario.storage, claimed)

        def broken():
            raise StorageUnavailable("down")

        monkeypatch.setattr(worker._sender._builder, "_owner", lambda *_, **__: broken())
        assert worker._sender.attempt(one) is None


CHOICES = {
    "none": lambda _: None,
    "text": lambda _: "owner",
    "bytes": lambda _: b"owner",
    "number": lambda _: 7,
    "numbers": lambda _: [1, 2],
    "nones": lambda _: [None],
    "empty": lambda _: [""],
    "long": lambda _: ["x" * 201],
    "nul": lambda _: ["a\0"],
    "surrogate": lambda _: ["\ud800"],
    "reserved": lambda _: ["?"],
    "coroutine": lambda _: later(),
    "class": lambda _: list,
    "exit": raising(SystemExit()),
    "interrupt": raising(KeyboardInterrupt()),
    "unprintable": raising(Unprintable()),
    "recursion": lambda _: deep(),
    "generator that raises": lambda _: (raising(SystemExit())() for _ in "a"),
}


class TestTargets:
    @pytest.mark.parametrize("what", list(CHOICES))
    def test_anything_unexpected_is_asked_again_later(self, scenario, caplog, monkeypatch, what):
        monkeypatch.setattr(scenario.mailer, "targets", CHOICES[what], raising=False)
        scenario.allow()
        scenario.worker()._expander.expand_all(10)
        (mail,) = [one for one in scenario.storage.delivery_log.deliveries() if one.notifier == "mailer"]
        assert (mail.target, mail.state) == ("?", DeliveryState.PENDING)
        (line,) = lines_of(caplog, "mailer")
        assert "could not choose targets" in line
        caplog.clear()
        assert scenario.worker().run_once() == 2
        (line,) = lines_of(caplog, "mailer")
        assert "plugin=mailer" in line
        monkeypatch.undo()
        scenario.clock.advance(86_400_000)
        scenario.worker().run_once()
        assert [target for _, target in scenario.mailer.sent] == ["owner"]

    def test_the_good_ones_are_told_at_once(self, scenario, monkeypatch):
        monkeypatch.setattr(scenario.mailer, "targets", lambda _: ["owner", 5, "owner"], raising=False)
        scenario.allow()
        scenario.worker().run_once()
        assert [target for _, target in scenario.mailer.sent] == ["owner"]
        assert sorted(one.target for one in scenario.storage.delivery_log.deliveries()) == [
            "?",
            "ep_1",
            "owner",
        ]

    def test_names_without_end_are_cut(self):
        def endless():
            number = 0
            while True:
                number += 1
                yield str(number)

        found, wrong = targets_of(endless())
        assert (len(found), "more than" in wrong) == (10_000, True)

    def test_one_that_hangs_keeps_nobody_waiting(self, running, monkeypatch, caplog):
        release = threading.Event()
        monkeypatch.setattr(running.mailer, "targets", lambda _: release.wait(2 * PATIENCE_S), raising=False)
        with working(running):
            for _ in range(3):
                running.allow()
            eventually(lambda: len(running.hooker.sent) >= 3)
            release.set()
        assert any("mailer hangs in targets" in line for line in lines_of(caplog, "mailer"))


class TestEvents:
    @pytest.mark.parametrize("error", [SystemExit(), KeyboardInterrupt(), Unprintable(), GeneratorExit()])
    def test_whatever_is_raised_is_tried_again(self, scenario, caplog, error):
        scenario.registry.names = ("audit",)
        scenario.registry.failures = [error]
        scenario.allow()
        scenario.worker().run_once()
        assert states(scenario)["event:audit"] is DeliveryState.PENDING
        (line,) = lines_of(caplog, "audit")
        assert "plugin=audit" in line
        scenario.clock.advance(86_400_000)
        scenario.worker().run_once()
        assert states(scenario)["event:audit"] is DeliveryState.DELIVERED


class TestAnchors:
    @pytest.mark.parametrize("error", [SystemExit(), KeyboardInterrupt(), Unprintable(), RuntimeError("x")])
    def test_whatever_is_raised_stops_no_chore(self, scenario, caplog, error):
        class Anchor:
            publish = staticmethod(raising(error))

        scenario.anchors = {"vault": Anchor()}
        scenario.allow()
        scenario.worker().run_once()
        (line,) = lines_of(caplog, "vault")
        assert "anchor vault did not keep checkpoint 1" in line

    def test_rt_13_a_worker_that_does_not_sign_says_so_everywhere(self, scenario, caplog):
        scenario.anchors = {"shelf": Shelf()}
        empty = scenario.storage._engine.committed.fork()
        scenario.allow()
        scenario.worker().run_once()
        signed = scenario.storage._engine.committed.fork()
        scenario.storage._engine._state = empty
        meters = Meters(lambda _now: None, scenario.clock, "1")
        house = Housekeeping(scenario.runtime, meters)
        (chore,) = (one for one in house.chores if one.name == "advance checkpoint")
        chore.run()
        said = "the checkpoints are gone"
        assert house.evidence_trouble == said
        assert said in caplog.text
        assert WorkerStatus(0.0, 1, 1, evidence=said).remarks() == [f"the ledger is not signed: {said}"]
        assert b'consentcore_ledger_refused_total{why="broken"} 1.0' in generate_latest(meters._registry)
        scenario.storage._engine._state = signed
        chore.run()
        assert house.evidence_trouble == ""

    def test_one_that_hangs_is_not_waited_for_again(self):
        release, leash = threading.Event(), Leash(0.05)
        first = leash.call("vault", lambda: release.wait(2 * PATIENCE_S))
        assert "no answer for" in str(first.error)
        assert "not come back yet" in str(leash.call("vault", lambda: 1).error)
        assert leash.call("other", lambda: 2).answer == 2
        release.set()
        assert eventually(lambda: leash.call("vault", lambda: 3).error is None)


class TestSchedules:
    def test_schedules_are_read_whole(self, scenario):
        assert schedule_of(scenario.scripted(Audience.OWNER)) == ([5.0, 60.0], "")
