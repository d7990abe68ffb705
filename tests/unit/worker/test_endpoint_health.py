"""How endpoints fare: slowed, reported, switched off; what is kept meanwhile, and what a replay does not touch."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import pytest

from consentcore.api import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Actor,
    ActorType,
    Audience,
    Delivered,
    DeliveryState,
    EndpointHealth,
    Gone,
    NoticeKind,
    Retry,
)
from consentcore.mail.renderer import MailRenderer
from consentcore.worker.claimed_delivery import load_notices
from tests.support.delivery_log import attempts_at, stats_of_all

REFUSED = Retry("the endpoint answered 500", status=500, error="http")
BUSY = Retry("the endpoint answered 429", status=429, error="http")


@pytest.fixture
def contact(scenario):
    """A notifier that mails the people of the application."""
    scenario.notifiers["letters"] = made = scenario.scripted(Audience.CONTACT)
    return made


def endpoint(scenario, endpoint_id: str = "ep_1"):
    with scenario.storage.reading() as uow:
        return uow.clients.endpoint(endpoint_id)


def set_health(scenario, **fields: int) -> None:
    with scenario.storage.transaction() as uow:
        uow.clients.set_health("ep_1", EndpointHealth(**fields))


def hooks(scenario) -> list:
    """Deliveries to the endpoint, oldest first."""
    return list(reversed(scenario.storage.delivery_log.deliveries(target="ep_1")))


class TestHealth:
    def test_first_failure_begins_a_row_and_a_success_ends_it(self, scenario):
        scenario.hooker.script = [REFUSED, REFUSED]
        scenario.allow()
        worker = scenario.worker()
        began = scenario.clock.now()
        worker.run_once()
        assert endpoint(scenario).health == EndpointHealth(failing_since=began, last_failure_at=began)
        scenario.clock.advance(MINUTE)
        worker.run_once()
        assert endpoint(scenario).health.failing_since == began
        now = scenario.clock.advance(2 * MINUTE)
        worker.run_once()
        assert endpoint(scenario).health == EndpointHealth(last_failure_at=began, last_success_at=now)

    def test_endpoint_that_is_well_costs_no_write_a_delivery(self, scenario, monkeypatch):
        scenario.allow("comfort.read")
        worker = scenario.worker()
        worker.run_once()
        scenario.clock.advance(MINUTE)
        scenario.allow("energy.read")
        while worker._expander.expand_all(10):
            pass
        (claimed,) = scenario.storage.outbox.claim_deliveries(
            scenario.clock.now(), limit=10, lease_ms=1000, notifiers=("hooker",)
        )
        monkeypatch.setattr(scenario.storage, "transaction", None)
        (loaded,) = load_notices(scenario.storage, [claimed])
        ended = worker._sender.attempt(loaded)
        worker._settler.settle([ended])
        assert isinstance(ended.result.outcome, Delivered)

    @pytest.mark.parametrize("error", ["key", "exception"])
    def test_what_is_our_fault_is_not_held_against_it(self, scenario, error):
        scenario.hooker.script = [Retry("ours", error=error)]
        scenario.allow()
        scenario.worker().run_once()
        assert endpoint(scenario).health == EndpointHealth()

    def test_day_of_failures_is_told_once_to_its_people_and_the_operator(self, scenario, contact):
        scenario.hooker.script = [REFUSED] * 9
        scenario.allow()
        worker = scenario.worker()
        worker.run_once()
        scenario.clock.advance(24 * HOUR - 1)
        worker.housekeeping.endpoints.review()
        worker.run_once()
        assert contact.sent == []
        scenario.clock.advance(1)
        worker.housekeeping.endpoints.review()
        worker.run_once()
        ((told, _),) = contact.sent
        assert told.notice.kind is NoticeKind.ENDPOINT_FAILING
        assert told.notice.audiences == (Audience.CONTACT, Audience.OPERATOR)
        worker.housekeeping.endpoints.review()
        worker.run_once()
        assert len(contact.sent) == 1
        assert endpoint(scenario).disabled_at is None

    def test_120_hours_of_failures_disable_it_and_are_told(self, scenario, contact):
        scenario.hooker.script = [REFUSED] * 9
        scenario.allow()
        worker = scenario.worker()
        worker.run_once()
        scenario.clock.advance(24 * HOUR)
        worker.housekeeping.endpoints.review()
        worker.run_once()
        scenario.clock.advance(96 * HOUR)
        worker.housekeeping.endpoints.review()
        worker.run_once()
        found = endpoint(scenario)
        assert found.disabled_at is not None
        assert "120 hours" in found.disabled_reason
        assert [told.notice.kind for told, _ in contact.sent] == [
            NoticeKind.ENDPOINT_FAILING,
            NoticeKind.ENDPOINT_DISABLED,
        ]

    def test_success_in_between_starts_the_count_again(self, scenario, contact):
        scenario.hooker.script = [REFUSED, Delivered(), REFUSED]
        scenario.allow("comfort.read")
        worker = scenario.worker()
        worker.run_once()
        scenario.clock.advance(23 * HOUR)
        worker.run_once()
        scenario.allow("energy.read")
        worker.run_once()
        scenario.clock.advance(2 * HOUR)
        worker.housekeeping.endpoints.review()
        worker.run_once()
        assert contact.sent == []

    @pytest.mark.parametrize("age", [24 * HOUR, 120 * HOUR])
    @pytest.mark.parametrize("seen", ["success", "warned"])
    def test_what_another_worker_has_seen_meanwhile_counts(self, scenario, monkeypatch, age, seen):
        now = scenario.clock.now()
        set_health(scenario, failing_since=now - age)
        reading = scenario.storage.reading

        @contextmanager
        def and_then():
            with reading() as uow:
                yield uow
            set_health(
                scenario, **({} if seen == "success" else {"failing_since": now - age + 1, "warned_at": now})
            )

        monkeypatch.setattr(scenario.storage, "reading", and_then)
        scenario.worker().housekeeping.endpoints.review()
        monkeypatch.undo()
        assert endpoint(scenario).disabled_at is None
        assert stats_of_all(scenario.storage, now).unexpanded == 0, "nobody is told"

    def test_410_disables_at_once_and_is_told(self, scenario, contact):
        scenario.hooker.script = [Gone("the endpoint answered 410", 410)]
        scenario.allow()
        scenario.worker().run_once()
        assert endpoint(scenario).disabled_reason == "the endpoint answered 410"
        ((told, _),) = contact.sent
        assert told.notice.kind is NoticeKind.ENDPOINT_DISABLED
        assert '"reason":"the endpoint answered 410"' in told.notice.data

    def test_secret_rotated_meanwhile_survives_the_end(self, scenario):
        rotated = replace(endpoint(scenario), events=("consent.revoked", "consent.granted"))

        def gone_while_changed(envelope, target):
            with scenario.storage.transaction() as uow:
                uow.clients.update_endpoint(rotated)
            return Gone("the endpoint answered 410", 410)

        scenario.hooker.doing = gone_while_changed
        scenario.allow()
        scenario.worker().run_once()
        found = endpoint(scenario)
        assert found.disabled_at is not None
        assert found.events == rotated.events


class TestSlowDown:
    @pytest.mark.parametrize("status", [429, 502, 503, 504])
    def test_what_else_is_for_it_waits_as_well(self, scenario, status):
        scenario.hooker.script = [Retry("slow down", after_s=8, status=status, error="http")]
        scenario.allow("comfort.read")
        worker = scenario.worker()
        worker.run_once()
        until = scenario.clock.now() + 8 * SECOND
        assert endpoint(scenario).health.slow_until == until
        scenario.clock.advance(1)
        scenario.allow("energy.read")
        worker.run_once()
        assert len(scenario.hooker.sent) == 1
        waiting = hooks(scenario)[1]
        assert (waiting.state, waiting.next_at) == (DeliveryState.PENDING, until)
        assert list(attempts_at(scenario.storage, waiting.delivery_id)) == []
        scenario.clock.advance(8 * SECOND)
        worker.run_once()
        assert len(scenario.hooker.sent) == 3
        assert endpoint(scenario).health.slow_until is None

    def test_other_failures_hold_up_nothing_else(self, scenario):
        scenario.hooker.script = [REFUSED]
        scenario.allow("comfort.read")
        worker = scenario.worker()
        worker.run_once()
        scenario.allow("energy.read")
        worker.run_once()
        assert len(scenario.hooker.sent) == 2

    def test_pause_that_is_longer_than_any_is_not_believed(self, scenario):
        """It stands under no seal: whoever wrote it would keep an application from ever being told."""
        scenario.allow("comfort.read")
        set_health(scenario, slow_until=scenario.clock.now() + 5 * MINUTE + 1)
        scenario.worker().run_once()
        assert len(scenario.hooker.sent) == 1

    def test_pause_is_never_longer_than_five_minutes(self, scenario):
        scenario.hooker.retry_schedule_s = (3600.0,)
        scenario.hooker.script = [BUSY]
        scenario.allow()
        scenario.worker().run_once()
        assert endpoint(scenario).health.slow_until == scenario.clock.now() + 5 * MINUTE


class TestDisabled:
    def disable(self, scenario) -> None:
        with scenario.storage.transaction() as uow:
            found = uow.clients.endpoint("ep_1", lock=True)
            uow.clients.update_endpoint(
                replace(found, disabled_at=scenario.clock.now(), disabled_reason="off")
            )

    def test_events_are_kept_and_counted_and_can_be_replayed(self, scenario):
        self.disable(scenario)
        grant = scenario.allow()
        scenario.withdraw(grant, Actor(ActorType.OWNER, scenario.owner.owner_id))
        worker = scenario.worker()
        worker.run_once()
        assert scenario.hooker.sent == []
        assert scenario.storage.delivery_log.backlog("ep_1")[DeliveryState.HELD] == 2
        kept = [one.delivery_id for one in scenario.storage.delivery_log.deliveries(undelivered=True)]
        assert set(scenario.storage.delivery_log.requeue(kept, scenario.clock.now())) == set(kept)
        worker.run_once()
        assert sorted(told.notice.kind for told, _ in scenario.hooker.sent) == [
            "consent.granted",
            "consent.revoked",
        ]
        assert {one.state for one in hooks(scenario)} == {DeliveryState.DELIVERED}
        assert endpoint(scenario).disabled_at is not None

    def test_what_was_waiting_is_kept_too(self, scenario):
        scenario.hooker.script = [REFUSED]
        scenario.allow()
        worker = scenario.worker()
        worker.run_once()
        self.disable(scenario)
        scenario.clock.advance(MINUTE)
        worker.run_once()
        (kept,) = hooks(scenario)
        assert kept.state is DeliveryState.HELD
        assert len(attempts_at(scenario.storage, kept.delivery_id)) == 1
        assert len(scenario.hooker.sent) == 1

    def test_removed_endpoint_ends_its_deliveries_without_an_alarm(self, scenario, contact):
        scenario.hooker.script = [REFUSED, Gone("the endpoint was removed")]
        scenario.allow()
        worker = scenario.worker()
        worker.run_once()
        with scenario.storage.transaction() as uow:
            uow.clients.remove_endpoint("ep_1")
        scenario.clock.advance(MINUTE)
        worker.run_once()
        assert hooks(scenario)[0].state is DeliveryState.GONE
        assert contact.sent == []


class TestReplay:
    def replay(self, scenario) -> None:
        ids = [one.delivery_id for one in hooks(scenario)]
        assert list(scenario.storage.delivery_log.requeue(ids, scenario.clock.now())) == ids
        scenario.worker().run_once()

    def log(self, scenario) -> list[tuple[int, str, str]]:
        attempts = attempts_at(scenario.storage, hooks(scenario)[0].delivery_id)
        return [(one.number, one.trigger, one.outcome) for one in attempts]

    def test_replay_is_one_try_of_the_same_bytes(self, scenario):
        scenario.allow()
        scenario.worker().run_once()
        scenario.hooker.script = [REFUSED]
        self.replay(scenario)
        first, second = scenario.hooker.sent
        assert first[0].body == second[0].body
        assert first[0].notice.notice_id == second[0].notice.notice_id
        assert hooks(scenario)[0].state is DeliveryState.DELIVERED, (
            "it was, and a failed replay changes nothing"
        )
        scenario.clock.advance(DAY)
        scenario.worker().run_once()
        assert self.log(scenario) == [(1, "schedule", "delivered"), (2, "manual", "retry")]

    def test_failed_replay_leaves_the_schedule_as_it_was(self, scenario):
        scenario.hooker.script = [REFUSED, REFUSED]
        scenario.allow()
        scenario.worker().run_once()
        due = hooks(scenario)[0].next_at
        self.replay(scenario)
        waiting = hooks(scenario)[0]
        assert (waiting.state, waiting.next_at) == (DeliveryState.PENDING, due)
        scenario.clock.advance(6 * SECOND)
        scenario.hooker.script = [REFUSED]
        scenario.worker().run_once()
        after = hooks(scenario)[0]
        assert after.state is DeliveryState.PENDING, "the second of three tries on schedule"
        assert 48 * SECOND <= after.next_at - scenario.clock.now() <= 72 * SECOND

    def test_replay_does_not_touch_the_health(self, scenario, contact):
        scenario.allow()
        scenario.worker().run_once()
        before = endpoint(scenario).health
        scenario.hooker.script = [Gone("the endpoint answered 410", 410), BUSY, REFUSED]
        for _ in range(3):
            self.replay(scenario)
        assert endpoint(scenario).health == before
        assert endpoint(scenario).disabled_at is None
        assert contact.sent == []

    def test_replay_does_not_wait_for_a_slow_endpoint(self, scenario):
        scenario.allow()
        scenario.worker().run_once()
        set_health(scenario, slow_until=scenario.clock.now() + HOUR)
        self.replay(scenario)
        assert len(scenario.hooker.sent) == 2


class TestMails:
    def told(self, scenario, kind: NoticeKind, **client: str):
        with scenario.storage.transaction() as uow:
            uow.clients.update(replace(scenario.client, **client))
        scenario.hooker.script = [Gone("the endpoint answered 410", 410)]
        if kind is NoticeKind.ENDPOINT_FAILING:
            scenario.hooker.script = [REFUSED] * 9
        scenario.notifiers["letters"] = letters = scenario.scripted(Audience.OPERATOR)
        scenario.allow()
        worker = scenario.worker()
        worker.run_once()
        scenario.clock.advance(DAY)
        worker.housekeeping.endpoints.review()
        worker.run_once()
        return next(sent for sent, _ in letters.sent if sent.notice.kind is kind)

    @pytest.mark.parametrize("kind", [NoticeKind.ENDPOINT_FAILING, NoticeKind.ENDPOINT_DISABLED])
    def test_people_and_operator_read_what_to_do(self, scenario, kind):
        parcel = self.told(scenario, kind, contact_email="dev@coolsite.example")
        mails = [parcel.mail(audience) for audience in (Audience.CONTACT, Audience.OPERATOR)]
        assert [mail.to for mail in mails] == ["dev@coolsite.example", "ops@lumen.example"]
        for mail in mails:
            assert "CoolSite" in mail.subject
            assert "ep_1" in mail.text
            assert "app.example" in mail.text
            assert "/hooks" not in mail.text + mail.html, "a path may hold what lets one in"
            assert "None" not in mail.text
        assert "contact address" in mails[0].text

    def test_nobody_to_tell_is_no_error(self, scenario):
        parcel = self.told(scenario, NoticeKind.ENDPOINT_DISABLED)
        assert parcel.mail(Audience.CONTACT) is None
        assert MailRenderer(scenario.settings, scenario.catalog).mail(Audience.OWNER, parcel) is None
