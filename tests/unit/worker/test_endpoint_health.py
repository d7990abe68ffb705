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

REFUSED = Retry("the endpoint answered 500", status=500, error="http")
BUSY = Retry("the endpoint answered 429", status=429, error="http")


@pytest.fixture
def contact(place):
    """A notifier that mails the people of the application."""
    place.notifiers["letters"] = made = place.scripted(Audience.CONTACT)
    return made


def endpoint(place, endpoint_id: str = "ep_1"):
    with place.storage.reading() as uow:
        return uow.clients.get_endpoint(endpoint_id)


def set_health(place, **fields: int) -> None:
    with place.storage.transaction() as uow:
        uow.clients.set_health("ep_1", EndpointHealth(**fields))


def hooks(place) -> list:
    """Deliveries to the endpoint, oldest first."""
    return list(reversed(place.storage.outbox.deliveries(target="ep_1")))


class TestHealth:
    def test_first_failure_begins_a_row_and_a_success_ends_it(self, place):
        place.hooker.script = [REFUSED, REFUSED]
        place.approve()
        worker = place.worker()
        began = place.clock.now()
        worker.run_once()
        assert endpoint(place).health == EndpointHealth(failing_since=began, last_failure_at=began)
        place.clock.advance(MINUTE)
        worker.run_once()
        assert endpoint(place).health.failing_since == began
        now = place.clock.advance(2 * MINUTE)
        worker.run_once()
        assert endpoint(place).health == EndpointHealth(last_failure_at=began, last_success_at=now)

    def test_endpoint_that_is_well_costs_no_write_a_delivery(self, place, monkeypatch):
        place.approve("comfort.read")
        worker = place.worker()
        worker.run_once()
        place.clock.advance(MINUTE)
        place.approve("energy.read")
        while worker._expander.expand_all(10):
            pass
        (claimed,) = place.storage.outbox.claim_deliveries(
            place.clock.now(), limit=10, lease_ms=1000, notifiers=("hooker",)
        )
        monkeypatch.setattr(place.storage, "transaction", None)
        (brief,) = worker._sender.brief([claimed])
        ended = worker._sender.attempt(brief)
        worker._sender.settle([ended])
        assert isinstance(ended.tried.outcome, Delivered)

    @pytest.mark.parametrize("error", ["key", "exception"])
    def test_what_is_our_fault_is_not_held_against_it(self, place, error):
        place.hooker.script = [Retry("ours", error=error)]
        place.approve()
        place.worker().run_once()
        assert endpoint(place).health == EndpointHealth()

    def test_day_of_failures_is_told_once_to_its_people_and_the_operator(self, place, contact):
        place.hooker.script = [REFUSED] * 9
        place.approve()
        worker = place.worker()
        worker.run_once()
        place.clock.advance(24 * HOUR - 1)
        worker.housekeeping.health.review()
        worker.run_once()
        assert contact.sent == []
        place.clock.advance(1)
        worker.housekeeping.health.review()
        worker.run_once()
        ((told, _),) = contact.sent
        assert told.notice.kind is NoticeKind.ENDPOINT_FAILING
        assert told.notice.audiences == (Audience.CONTACT, Audience.OPERATOR)
        worker.housekeeping.health.review()
        worker.run_once()
        assert len(contact.sent) == 1
        assert endpoint(place).disabled_at is None

    def test_120_hours_of_failures_disable_it_and_are_told(self, place, contact):
        place.hooker.script = [REFUSED] * 9
        place.approve()
        worker = place.worker()
        worker.run_once()
        place.clock.advance(24 * HOUR)
        worker.housekeeping.health.review()
        worker.run_once()
        place.clock.advance(96 * HOUR)
        worker.housekeeping.health.review()
        worker.run_once()
        found = endpoint(place)
        assert found.disabled_at is not None
        assert "120 hours" in found.disabled_reason
        assert [told.notice.kind for told, _ in contact.sent] == [
            NoticeKind.ENDPOINT_FAILING,
            NoticeKind.ENDPOINT_DISABLED,
        ]

    def test_success_in_between_starts_the_count_again(self, place, contact):
        place.hooker.script = [REFUSED, Delivered(), REFUSED]
        place.approve("comfort.read")
        worker = place.worker()
        worker.run_once()
        place.clock.advance(23 * HOUR)
        worker.run_once()
        place.approve("energy.read")
        worker.run_once()
        place.clock.advance(2 * HOUR)
        worker.housekeeping.health.review()
        worker.run_once()
        assert contact.sent == []

    @pytest.mark.parametrize("age", [24 * HOUR, 120 * HOUR])
    @pytest.mark.parametrize("seen", ["success", "warned"])
    def test_what_another_worker_has_seen_meanwhile_counts(self, place, monkeypatch, age, seen):
        now = place.clock.now()
        set_health(place, failing_since=now - age)
        reading = place.storage.reading

        @contextmanager
        def and_then():
            with reading() as uow:
                yield uow
            set_health(
                place, **({} if seen == "success" else {"failing_since": now - age + 1, "warned_at": now})
            )

        monkeypatch.setattr(place.storage, "reading", and_then)
        place.worker().housekeeping.health.review()
        monkeypatch.undo()
        assert endpoint(place).disabled_at is None
        assert place.storage.outbox.stats(now).unexpanded == 0, "nobody is told"

    def test_410_disables_at_once_and_is_told(self, place, contact):
        place.hooker.script = [Gone("the endpoint answered 410", 410)]
        place.approve()
        place.worker().run_once()
        assert endpoint(place).disabled_reason == "the endpoint answered 410"
        ((told, _),) = contact.sent
        assert told.notice.kind is NoticeKind.ENDPOINT_DISABLED
        assert '"reason":"the endpoint answered 410"' in told.notice.data

    def test_secret_rotated_meanwhile_survives_the_end(self, place):
        rotated = replace(endpoint(place), events=("consent.revoked", "consent.granted"))

        def gone_while_changed(envelope, target):
            with place.storage.transaction() as uow:
                uow.clients.update_endpoint(rotated)
            return Gone("the endpoint answered 410", 410)

        place.hooker.doing = gone_while_changed
        place.approve()
        place.worker().run_once()
        found = endpoint(place)
        assert found.disabled_at is not None
        assert found.events == rotated.events


class TestSlowDown:
    @pytest.mark.parametrize("status", [429, 502, 503, 504])
    def test_what_else_is_for_it_waits_as_well(self, place, status):
        place.hooker.script = [Retry("slow down", after_s=8, status=status, error="http")]
        place.approve("comfort.read")
        worker = place.worker()
        worker.run_once()
        until = place.clock.now() + 8 * SECOND
        assert endpoint(place).health.slow_until == until
        place.clock.advance(1)
        place.approve("energy.read")
        worker.run_once()
        assert len(place.hooker.sent) == 1
        waiting = hooks(place)[1]
        assert (waiting.state, waiting.next_at) == (DeliveryState.PENDING, until)
        assert list(place.storage.outbox.attempts(waiting.delivery_id)) == []
        place.clock.advance(8 * SECOND)
        worker.run_once()
        assert len(place.hooker.sent) == 3
        assert endpoint(place).health.slow_until is None

    def test_other_failures_hold_up_nothing_else(self, place):
        place.hooker.script = [REFUSED]
        place.approve("comfort.read")
        worker = place.worker()
        worker.run_once()
        place.approve("energy.read")
        worker.run_once()
        assert len(place.hooker.sent) == 2

    def test_pause_is_never_longer_than_five_minutes(self, place):
        place.hooker.retry_schedule_s = (3600.0,)
        place.hooker.script = [BUSY]
        place.approve()
        place.worker().run_once()
        assert endpoint(place).health.slow_until == place.clock.now() + 5 * MINUTE


class TestDisabled:
    def disable(self, place) -> None:
        with place.storage.transaction() as uow:
            found = uow.clients.lock_endpoint("ep_1")
            uow.clients.update_endpoint(replace(found, disabled_at=place.clock.now(), disabled_reason="off"))

    def test_events_are_kept_and_counted_and_can_be_replayed(self, place):
        self.disable(place)
        grant = place.approve()
        place.revoke(grant, Actor(ActorType.OWNER, place.owner.owner_id))
        worker = place.worker()
        worker.run_once()
        assert place.hooker.sent == []
        assert place.storage.outbox.backlog("ep_1")[DeliveryState.HELD] == 2
        kept = [one.delivery_id for one in place.storage.outbox.deliveries(undelivered=True)]
        assert set(place.storage.outbox.requeue(kept, place.clock.now())) == set(kept)
        worker.run_once()
        assert sorted(told.notice.kind for told, _ in place.hooker.sent) == [
            "consent.granted",
            "consent.revoked",
        ]
        assert {one.state for one in hooks(place)} == {DeliveryState.DELIVERED}
        assert endpoint(place).disabled_at is not None

    def test_what_was_waiting_is_kept_too(self, place):
        place.hooker.script = [REFUSED]
        place.approve()
        worker = place.worker()
        worker.run_once()
        self.disable(place)
        place.clock.advance(MINUTE)
        worker.run_once()
        (kept,) = hooks(place)
        assert kept.state is DeliveryState.HELD
        assert len(place.storage.outbox.attempts(kept.delivery_id)) == 1
        assert len(place.hooker.sent) == 1

    def test_removed_endpoint_ends_its_deliveries_without_an_alarm(self, place, contact):
        place.hooker.script = [REFUSED, Gone("the endpoint was removed")]
        place.approve()
        worker = place.worker()
        worker.run_once()
        with place.storage.transaction() as uow:
            uow.clients.remove_endpoint("ep_1")
        place.clock.advance(MINUTE)
        worker.run_once()
        assert hooks(place)[0].state is DeliveryState.GONE
        assert contact.sent == []


class TestReplay:
    def replay(self, place) -> None:
        ids = [one.delivery_id for one in hooks(place)]
        assert list(place.storage.outbox.requeue(ids, place.clock.now())) == ids
        place.worker().run_once()

    def log(self, place) -> list[tuple[int, str, str]]:
        attempts = place.storage.outbox.attempts(hooks(place)[0].delivery_id)
        return [(one.number, one.trigger, one.outcome) for one in attempts]

    def test_replay_is_one_try_of_the_same_bytes(self, place):
        place.approve()
        place.worker().run_once()
        place.hooker.script = [REFUSED]
        self.replay(place)
        first, second = place.hooker.sent
        assert first[0].body == second[0].body
        assert first[0].notice.notice_id == second[0].notice.notice_id
        assert hooks(place)[0].state is DeliveryState.DELIVERED, "it was, and a failed replay changes nothing"
        place.clock.advance(DAY)
        place.worker().run_once()
        assert self.log(place) == [(1, "schedule", "delivered"), (2, "manual", "retry")]

    def test_failed_replay_leaves_the_schedule_as_it_was(self, place):
        place.hooker.script = [REFUSED, REFUSED]
        place.approve()
        place.worker().run_once()
        due = hooks(place)[0].next_at
        self.replay(place)
        waiting = hooks(place)[0]
        assert (waiting.state, waiting.next_at) == (DeliveryState.PENDING, due)
        place.clock.advance(6 * SECOND)
        place.hooker.script = [REFUSED]
        place.worker().run_once()
        after = hooks(place)[0]
        assert after.state is DeliveryState.PENDING, "the second of three tries on schedule"
        assert 48 * SECOND <= after.next_at - place.clock.now() <= 72 * SECOND

    def test_replay_does_not_touch_the_health(self, place, contact):
        place.approve()
        place.worker().run_once()
        before = endpoint(place).health
        place.hooker.script = [Gone("the endpoint answered 410", 410), BUSY, REFUSED]
        for _ in range(3):
            self.replay(place)
        assert endpoint(place).health == before
        assert endpoint(place).disabled_at is None
        assert contact.sent == []

    def test_replay_does_not_wait_for_a_slow_endpoint(self, place):
        place.approve()
        place.worker().run_once()
        set_health(place, slow_until=place.clock.now() + HOUR)
        self.replay(place)
        assert len(place.hooker.sent) == 2


class TestMails:
    def told(self, place, kind: NoticeKind, **client: str):
        with place.storage.transaction() as uow:
            uow.clients.update(replace(place.client, **client))
        place.hooker.script = [Gone("the endpoint answered 410", 410)]
        if kind is NoticeKind.ENDPOINT_FAILING:
            place.hooker.script = [REFUSED] * 9
        place.notifiers["letters"] = letters = place.scripted(Audience.OPERATOR)
        place.approve()
        worker = place.worker()
        worker.run_once()
        place.clock.advance(DAY)
        worker.housekeeping.health.review()
        worker.run_once()
        return next(sent for sent, _ in letters.sent if sent.notice.kind is kind)

    @pytest.mark.parametrize("kind", [NoticeKind.ENDPOINT_FAILING, NoticeKind.ENDPOINT_DISABLED])
    def test_people_and_operator_read_what_to_do(self, place, kind):
        parcel = self.told(place, kind, contact_email="dev@coolsite.example")
        mails = [parcel.mail(audience) for audience in (Audience.CONTACT, Audience.OPERATOR)]
        assert [mail.to for mail in mails] == ["dev@coolsite.example", "ops@lumen.example"]
        for mail in mails:
            assert "CoolSite" in mail.subject
            assert "ep_1" in mail.text
            assert "app.example" in mail.text
            assert "/hooks" not in mail.text + mail.html, "a path may hold what lets one in"
            assert "None" not in mail.text
        assert "contact address" in mails[0].text

    def test_nobody_to_tell_is_no_error(self, place):
        parcel = self.told(place, NoticeKind.ENDPOINT_DISABLED)
        assert parcel.mail(Audience.CONTACT) is None
        assert MailRenderer(place.settings, place.catalog).mail(Audience.OWNER, parcel) is None
