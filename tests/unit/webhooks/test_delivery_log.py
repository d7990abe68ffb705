"""The delivery log: whose it is, and what a replay takes."""

from __future__ import annotations

import pytest

from consentcore.api import Settlement
from consentcore.domain.errors import NotFound
from consentcore.domain.notice import DeliveryState
from consentcore.ports.storage import transact
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario, populate
from consentcore.webhooks.delivery_log import DeliveryLog, Filter
from consentcore_memory import MemoryStorage


@pytest.fixture
def scenario() -> Scenario:
    return populate(MemoryStorage())


@pytest.fixture
def log(scenario) -> DeliveryLog:
    return DeliveryLog(scenario.storage, scenario.clock, ("webhook", "smtp"))


def sent(scenario, count: int = 1, **fields) -> list[str]:
    """Ids of deliveries of one notice, oldest first, each a millisecond younger than the one before."""
    notice = factories.notice(scenario.grant)
    transact(scenario.storage, lambda uow: uow.notices.add(notice))
    made = [factories.delivery(notice.notice_id, created_at=NOW + one, **fields) for one in range(count)]
    scenario.storage.outbox.expand_all({notice.notice_id: made}, NOW)
    return [one.delivery_id for one in made]


def test_a_page_goes_on_behind_its_last_one(scenario, log):
    ids = sent(scenario, 5)[::-1]
    first = [one.delivery_id for one in log.list(Filter(), limit=2)]
    rest = [one.delivery_id for one in log.list(Filter(), after=first[-1], limit=10)]
    assert (first, rest) == (ids[:2], ids[2:])
    with pytest.raises(NotFound):
        log.list(Filter(), after="gone", limit=2)


def test_a_client_sees_its_own_webhooks_and_no_mails(scenario, log):
    (webhook,) = sent(scenario, target="ep_1")
    (mail,) = sent(scenario, notifier="smtp", target="owner", body=b"")
    mine = Filter(client_id=scenario.client.client_id, endpoints_only=True)
    assert [one.delivery_id for one in log.list(mine, limit=10)] == [webhook]
    assert log.get(mail).delivery_id == mail
    assert log.detail(webhook, scenario.client.client_id)["type"] == "consent.granted"
    for delivery_id, client_id in ((mail, scenario.client.client_id), (webhook, "other")):
        with pytest.raises(NotFound):
            log.get(delivery_id, client_id)
        with pytest.raises(NotFound):
            log.replay(delivery_id, by="test", client_id=client_id)
        with pytest.raises(NotFound):
            log.list(Filter(client_id=client_id, endpoints_only=True), after=delivery_id, limit=10)


def settle(scenario, state: DeliveryState) -> None:
    outbox, now = scenario.storage.outbox, scenario.clock.now()

    for one in outbox.claim_deliveries(now, limit=100, lease_ms=1000, notifiers=("webhook", "smtp", "old")):
        outbox.settle_all([Settlement(one.delivery_id, one.lease_token, state, now)])


def test_what_was_sent_in_a_time_is_replayed_without_mails(scenario, log):
    webhooks, mails = sent(scenario, 2), sent(scenario, notifier="smtp", body=b"")
    settle(scenario, DeliveryState.DEAD)
    assert set(log.replay_all(Filter(since=NOW), by="test").delivery_ids) == set(webhooks)
    settle(scenario, DeliveryState.DEAD)
    failed = log.replay_all(Filter(undelivered=True, since=NOW), by="test")
    assert (set(failed.delivery_ids), failed.has_more) == ({*webhooks, *mails}, False)


def test_what_nobody_would_send_is_not_made_due(scenario, log):
    (stray,) = sent(scenario, notifier="old")
    settle(scenario, DeliveryState.DEAD)
    assert log.replay(stray, by="test").delivery_ids == []
    assert log.backlog("gone") == {one.value: 0 for one in DeliveryState}


def test_a_replay_ends_at_its_cap_and_says_so(scenario, log, monkeypatch):
    monkeypatch.setattr("consentcore.webhooks.delivery_log.CAP", 2)
    sent(scenario, 3)
    settle(scenario, DeliveryState.DEAD)
    done = log.replay_all(Filter(undelivered=True), by="test")
    assert (len(done.delivery_ids), done.has_more) == (2, True)


def test_its_summary_counts_tries_that_are_in_the_log(scenario, log):
    sent(scenario, 2)
    (one, other) = log.summary(log.list(Filter(), limit=10))
    assert (one["state"], one["attempts"], other["next_trigger"]) == ("pending", 0, "schedule")
    assert log.summary([]) == []
