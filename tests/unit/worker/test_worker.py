"""One turn of the worker at a time, under a clock that stands still."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pytest

from consentcore.api import (
    DAY,
    Actor,
    ActorType,
    Delivered,
    DeliveryState,
    EventType,
    Gone,
    GrantState,
    Reject,
    Retry,
    SealedSecret,
    Storage,
    StorageConflict,
    StorageUnavailable,
)
from consentcore.worker.claimed_delivery import load_notices
from consentcore.worker.dispatcher import LEASE_MS
from tests.support.delivery_log import attempts_at, find_delivery, stats_of_all

OWNER = ActorType.OWNER


def states(storage: Storage, **which: str) -> dict[str, DeliveryState]:
    return {one.notifier: one.state for one in storage.delivery_log.deliveries(**which)}


def test_everybody_is_told_once(scenario):
    grant = scenario.allow()
    worker = scenario.worker()
    assert worker.run_once() == 2
    assert worker.run_once() == 0
    ((mail, owner),) = scenario.mailer.sent
    ((hook, endpoint),) = scenario.hooker.sent
    assert (owner, endpoint) == ("owner", "ep_1")
    assert mail.notice == hook.notice == scenario.notices(grant)[0]
    assert (mail.owner.email, mail.client.name, mail.attempt) == ("ada@example.org", "CoolSite", 1)
    assert states(scenario.storage) == {"mailer": DeliveryState.DELIVERED, "hooker": DeliveryState.DELIVERED}


def test_endpoint_secrets_are_opened_newest_first_without_the_dead(scenario):
    now = scenario.clock.now()

    def sealed(text: str, expires_at: int | None) -> SealedSecret:
        return SealedSecret(scenario.keys.seal("webhook", text.encode(), "ep_1"), now, expires_at)

    secrets = (sealed("whsec_new", None), sealed("whsec_old", now + 1), sealed("whsec_dead", now))
    with scenario.storage.transaction() as uow:
        uow.clients.update_endpoint(replace(scenario.endpoint, secrets=secrets))
    scenario.allow()
    scenario.worker().run_once()
    ((envelope, _),) = scenario.hooker.sent
    assert envelope.endpoints[0].secrets == ("whsec_new", "whsec_old")
    assert "whsec" not in repr(envelope)


def test_body_is_made_once_and_stays(scenario):
    scenario.hooker.script = [Retry("later")]
    scenario.allow()
    worker = scenario.worker()
    worker.run_once()
    scenario.clock.advance(DAY)
    scenario.settings = replace(scenario.settings, issuer="https://elsewhere.example")
    scenario.worker().run_once()
    first, second = (envelope.body for envelope, _ in scenario.hooker.sent)
    assert first == second
    assert b"https://consent.example/" in second


def test_failed_try_waits_its_time_and_is_logged(scenario):
    scenario.mailer.script = [Retry("no answer", status=451, error="smtp", answer="busy"), Retry("again")]
    scenario.allow()
    worker = scenario.worker()
    worker.run_once()
    scenario.clock.advance(3_900)
    assert worker.run_once() == 0, "5 s minus a fifth have not passed"
    scenario.clock.advance(2_200)
    assert worker.run_once() == 1
    (delivery,) = [one for one in scenario.storage.delivery_log.deliveries() if one.notifier == "mailer"]
    assert (delivery.state, delivery.last_error) == (DeliveryState.PENDING, "again")
    assert 48_000 <= delivery.next_at - scenario.clock.now() <= 72_000
    scenario.clock.advance(72_001)
    assert worker.run_once() == 1
    log = attempts_at(scenario.storage, delivery.delivery_id)
    assert [(one.number, one.outcome) for one in log] == [(1, "retry"), (2, "retry"), (3, "delivered")]
    assert (log[0].status, log[0].error, log[0].answer) == (451, "smtp", "busy")


def test_used_up_schedule_is_a_dead_letter_and_a_replay_is_one_try(scenario):
    scenario.mailer.script = [Retry("down")] * 4
    scenario.allow()
    worker = scenario.worker()
    for _ in range(3):
        worker.run_once()
        scenario.clock.advance(DAY)
    (delivery,) = scenario.storage.delivery_log.deliveries(state=DeliveryState.DEAD)
    assert worker.run_once() == 0
    assert scenario.storage.delivery_log.requeue([delivery.delivery_id], scenario.clock.now())
    assert worker.run_once() == 1
    assert states(scenario.storage)["mailer"] is DeliveryState.DEAD
    assert scenario.storage.delivery_log.requeue([delivery.delivery_id], scenario.clock.now())
    worker.run_once()
    assert states(scenario.storage)["mailer"] is DeliveryState.DELIVERED
    assert [one.number for one in attempts_at(scenario.storage, delivery.delivery_id)] == [1, 2, 3, 4, 5]


def test_gone_endpoint_is_disabled_and_not_told_again(scenario):
    scenario.hooker.script = [Gone("the endpoint answered 410", 410)]
    grant = scenario.allow()
    worker = scenario.worker()
    worker.run_once()
    with scenario.storage.reading() as uow:
        endpoint = uow.clients.endpoint("ep_1")
    assert endpoint.disabled_at == scenario.clock.now()
    assert endpoint.disabled_reason == "the endpoint answered 410"
    assert states(scenario.storage)["hooker"] is DeliveryState.GONE
    scenario.withdraw(grant, Actor(OWNER, scenario.owner.owner_id))
    assert worker.run_once() == 1
    assert len(scenario.hooker.sent) == 1


def test_rejected_message_is_not_tried_again(scenario):
    scenario.mailer.script = [Reject("no such mailbox", 550)]
    scenario.allow()
    worker = scenario.worker()
    worker.run_once()
    scenario.clock.advance(DAY)
    assert worker.run_once() == 0
    assert states(scenario.storage)["mailer"] is DeliveryState.REJECTED


def test_notifier_that_raises_is_tried_again_and_stops_nobody(scenario, caplog):
    scenario.mailer.script = [RuntimeError("ada@example.org whsec_secret")]
    scenario.allow()
    worker = scenario.worker()
    with caplog.at_level(logging.INFO):
        assert worker.run_once() == 2
    assert states(scenario.storage) == {"mailer": DeliveryState.PENDING, "hooker": DeliveryState.DELIVERED}
    assert "RuntimeError" in caplog.text
    scenario.clock.advance(DAY)
    assert worker.run_once() == 1


def test_notifier_that_cannot_choose_is_asked_again_alone(scenario):
    scenario.mailer.choosing = [KeyError("x"), KeyError("x")]
    scenario.allow()
    worker = scenario.worker()
    worker.run_once()
    assert len(scenario.hooker.sent) == 1
    assert scenario.mailer.sent == []
    scenario.clock.advance(DAY)
    worker.run_once()
    assert [target for _, target in scenario.mailer.sent] == ["owner"]
    assert len(scenario.hooker.sent) == 1


def test_secret_that_cannot_be_opened_loses_no_notice_and_stops_no_other(scenario):
    broken = scenario.make_endpoint("ep_2", secrets=(SealedSecret("gone", 0),))
    with scenario.storage.transaction() as uow:
        uow.clients.add_endpoint(broken)
    scenario.allow()
    scenario.worker().run_once()
    assert sorted(target for _, target in scenario.hooker.sent) == ["ep_1", "ep_2"]
    assert {one.endpoint_id: one.secrets for one in scenario.hooker.sent[0][0].endpoints}["ep_2"] == ()


def test_notice_that_cannot_be_read_does_not_stand_before_the_others(scenario):
    from consentcore.testing import factories

    grant = scenario.allow()
    with scenario.storage.transaction() as uow:
        uow.notices.add(factories.notice(grant, data="no json", occurred_at=0))
    worker = scenario.worker()
    worker.run_once()
    assert len(scenario.mailer.sent) == 1
    scenario.clock.advance(DAY)
    worker.run_once()
    assert stats_of_all(scenario.storage, scenario.clock.now()).unexpanded == 0


def test_plugins_are_told_of_events_until_they_take_it(scenario):
    scenario.registry.names = ("audit", "crm")
    scenario.registry.failures = [RuntimeError("down")]
    grant = scenario.allow()
    worker = scenario.worker()
    assert worker.run_once() == 4
    scenario.clock.advance(DAY)
    assert worker.run_once() == 1
    assert sorted(name for name, _ in scenario.registry.told) == ["audit", "crm"]
    assert {event.grant_id for _, event in scenario.registry.told} == {grant.grant_id}


class TestLog:
    def test_one_line_a_try_without_addresses_and_secrets(self, scenario, caplog):
        scenario.mailer.script = [Retry("ada@example.org is busy", error="smtp", answer="ada@example.org")]
        scenario.allow()
        with caplog.at_level(logging.INFO, "consentcore.worker"):
            scenario.worker().run_once()
        lines = [record.getMessage() for record in caplog.records]
        assert sum("outcome=retry" in line and "via=mailer" in line for line in lines) == 1
        assert sum("outcome=delivered" in line and "to=ep_1" in line for line in lines) == 1
        assert "ada moreau" not in caplog.text.lower()
        assert "ada@" not in caplog.text.lower()
        assert "whsec" not in caplog.text
        assert "example.org" not in caplog.text


class TestLeases:
    def test_what_a_killed_worker_had_claimed_is_sent_later(self, scenario):
        scenario.allow()
        worker = scenario.worker()
        worker._expander.expand_all(10)
        claim = {"limit": 10, "lease_ms": LEASE_MS, "notifiers": ("mailer", "hooker")}
        assert len(scenario.storage.outbox.claim_deliveries(scenario.clock.now(), **claim)) == 2
        assert worker.run_once() == 0
        scenario.clock.advance(LEASE_MS)
        assert worker.run_once() == 2
        (attempt,) = attempts_at(scenario.storage, scenario.storage.delivery_log.deliveries()[0].delivery_id)
        assert attempt.number == 1, "a claim that came to nothing uses nothing up"

    def test_what_is_sent_after_the_lease_was_lost_settles_nothing(self, scenario):
        def overtaken(envelope, target):
            scenario.clock.advance(LEASE_MS)
            scenario.storage.outbox.claim_deliveries(
                scenario.clock.now(), limit=10, lease_ms=LEASE_MS, notifiers=("mailer",)
            )
            return Delivered()

        scenario.mailer.doing = overtaken
        scenario.allow()
        scenario.worker().run_once()
        assert states(scenario.storage)["mailer"] is DeliveryState.PENDING

    def test_one_that_cannot_be_settled_keeps_no_other_from_it(self, scenario, monkeypatch, caplog):
        for _ in range(3):
            scenario.allow()
        worker, outbox = scenario.worker(), scenario.storage.outbox
        while worker._expander.expand_all(10):
            pass
        claim = {"limit": 10, "lease_ms": LEASE_MS, "notifiers": ("hooker",)}
        claimed = outbox.claim_deliveries(scenario.clock.now(), **claim)
        ended = [worker._sender.attempt(one) for one in load_notices(scenario.storage, claimed)]
        bad, settle_all = claimed[1].delivery_id, outbox.settle_all

        def refuse(settlements):
            if bad in {one.delivery_id for one in settlements}:
                raise StorageConflict("the number is there already")
            return settle_all(settlements)

        monkeypatch.setattr(outbox, "settle_all", refuse)
        worker._settler.settle(ended)
        states = [find_delivery(scenario.storage, one.delivery_id).state for one in claimed]
        assert states == [DeliveryState.DELIVERED, DeliveryState.PENDING, DeliveryState.DELIVERED]
        assert f"delivery {bad} could not be settled" in caplog.text

    def test_store_that_fails_while_settling_is_survived(self, scenario, monkeypatch):
        scenario.allow()
        worker = scenario.worker()

        def fail(settlements):
            raise StorageUnavailable("disk full")

        monkeypatch.setattr(scenario.storage.outbox, "settle_all", fail)
        assert worker.run_once() == 2
        monkeypatch.undo()
        scenario.clock.advance(LEASE_MS)
        assert worker.run_once() == 2
        assert set(states(scenario.storage).values()) == {DeliveryState.DELIVERED}


class TestChores:
    def grant_state(self, scenario, grant):
        with scenario.storage.reading() as uow:
            return uow.grants.get(grant.grant_id).state

    def events(self, scenario, grant):
        with scenario.storage.reading() as uow:
            return [event.type for event in uow.ledger.of_grant(grant.grant_id)]

    def test_grant_expires_and_everybody_is_told(self, scenario):
        grant = scenario.allow()
        worker = scenario.worker()
        worker.run_once()
        scenario.clock.advance(366 * DAY)
        assert worker.run_once() == 2
        assert self.grant_state(scenario, grant) is GrantState.EXPIRED
        assert self.events(scenario, grant) == [EventType.GRANTED, EventType.EXPIRED]
        assert scenario.hooker.sent[-1][0].notice.kind == "consent.expired"

    def test_grants_of_a_disabled_client_are_revoked_by_the_system(self, scenario):
        grant = scenario.allow()
        with scenario.storage.transaction() as uow:
            uow.clients.update(replace(scenario.client, enabled=False))
        scenario.worker().run_once()
        assert self.grant_state(scenario, grant) is GrantState.REVOKED
        data = json.loads(scenario.notices(grant)[-1].data)
        assert (data["initiator"], data["reason"]) == ("system", "client_disabled")

    def test_unanswered_request_is_recorded_and_nobody_told(self, scenario):
        scenario.ask("comfort.read")
        scenario.clock.advance(DAY)
        assert scenario.worker().run_once() == 0
        with scenario.storage.reading() as uow:
            (event,) = uow.ledger.of_owner(scenario.owner.owner_id)
            assert uow.interactions.expired(scenario.clock.now(), 10) == []
        assert event.type is EventType.ABANDONED

    def test_rt_09_a_webhook_carries_the_newest_checkpoint(self, scenario):
        scenario.allow()
        scenario.worker().run_once()
        scenario.published_log._read_at = -1.0
        scenario.approve("comfort.read")
        scenario.worker().run_once()
        (_, first), (_, second) = ((one, json.loads(one.body)) for one, _target in scenario.hooker.sent)
        with scenario.storage.reading() as uow:
            notes = [one.note for one in uow.ledger.checkpoints()]
        assert first["checkpoint"] == notes[0]
        assert second["checkpoint"] in notes

    def test_a_store_that_has_no_checkpoint_to_give_keeps_no_webhook_back(self, scenario, monkeypatch):
        def fail():
            raise StorageUnavailable("away")

        monkeypatch.setattr(scenario.published_log, "checkpoint", fail)
        scenario.allow()
        scenario.worker().run_once()
        ((envelope, _target),) = scenario.hooker.sent
        assert "checkpoint" not in json.loads(envelope.body)

    def test_ledger_is_sealed_and_anchored(self, scenario):
        published = []
        scenario.anchors = {"notary": type("Notary", (), {"publish": staticmethod(published.append)})}
        scenario.allow()
        scenario.worker().run_once()
        with scenario.storage.reading() as uow:
            (checkpoint,) = uow.ledger.checkpoints()
        assert (checkpoint.size, published) == (1, [checkpoint])

    def test_one_grant_that_cannot_be_ended_does_not_keep_the_others(self, scenario, monkeypatch, caplog):
        first = scenario.allow()
        scenario.owner = replace(scenario.owner, owner_id="owner-2", email="grace@example.org")
        second = scenario.allow()
        expire = scenario.service.expire

        def picky(uow, grant_id):
            if grant_id == first.grant_id:
                raise RuntimeError("bad row")
            return expire(uow, grant_id)

        monkeypatch.setattr(scenario.service, "expire", picky)
        scenario.clock.advance(366 * DAY)
        scenario.worker().run_once()
        assert self.grant_state(scenario, second) is GrantState.EXPIRED
        assert self.grant_state(scenario, first) is GrantState.ACTIVE
        assert "RuntimeError" in caplog.text

    def test_chore_that_raises_stops_no_other(self, scenario, monkeypatch):
        def fail(*_):
            raise RuntimeError("no disk")

        monkeypatch.setattr(scenario.storage, "purge", fail)
        scenario.allow()
        worker = scenario.worker()
        worker.housekeeping.chores.reverse()
        assert worker.run_once() == 2
        with scenario.storage.reading() as uow:
            assert len(uow.ledger.checkpoints()) == 1

    def test_grant_that_somebody_else_has_ended_is_no_error(self, scenario, monkeypatch, caplog):
        grant = scenario.allow()
        with scenario.storage.transaction() as uow:
            uow.clients.update(replace(scenario.client, enabled=False))
        due = scenario.worker().housekeeping
        with scenario.storage.reading() as uow:
            assert [one.grant_id for one in uow.grants.due(scenario.clock.now(), 10)] == [grant.grant_id]
        original = scenario.service.revoke

        def late(uow, grant_id, **rest):
            original(uow, grant_id, **rest)
            return original(uow, grant_id, **rest)

        monkeypatch.setattr(scenario.service, "revoke", late)
        due.run_all()
        assert "could not be ended" not in caplog.text


@pytest.mark.parametrize("kind", ["mailer", "hooker"])
def test_notifier_whose_name_is_not_loaded_any_more_is_left_for_others(scenario, kind):
    scenario.allow()
    scenario.worker()._expander.expand_all(10)
    del scenario.notifiers[kind]
    assert scenario.worker().run_once() == 1
    assert states(scenario.storage)[kind] is DeliveryState.PENDING


def test_end_that_is_written_late_is_due_when_it_is_written(scenario):
    """It occurred days ago; nothing has waited that long, and no measure of the outbox says so."""
    grant = scenario.allow()
    scenario.worker().run_once()
    scenario.clock.advance(grant.expires_at + 9 * DAY - scenario.clock.now())
    scenario.hooker.script = [Retry("later")]
    worker = scenario.worker()
    worker.housekeeping.run_all()
    worker._expander.expand_all(10)
    assert stats_of_all(scenario.storage, scenario.clock.now()).oldest_due_at == scenario.clock.now()
