"""The feed: what a client was told, whether or not a worker runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.domain.errors import NotFound
from consentcore.domain.event_kinds import NoticeKind
from consentcore.ports.capabilities import StorageCapabilities
from consentcore.ports.storage import transact
from consentcore.testing.scenario import Scenario
from consentcore.webhooks.event_feed import EventFeed
from consentcore_memory import MemoryStorage


@pytest.fixture
def scenario() -> Scenario:
    return Scenario.begin(MemoryStorage())


@pytest.fixture
def feed(scenario) -> EventFeed:
    return EventFeed(
        scenario.keys,
        scenario.clock,
        scenario.service,
        "https://id.example",
        scenario.storage.capabilities,
    )


def page(scenario, feed, after: str = "", client_id: str = ""):
    client_id = client_id or scenario.client.client_id
    return transact(scenario.storage, lambda uow: feed.page(uow, client_id, after=after, limit=10)[0])


def test_who_asks_is_told_of_what_has_run_out(scenario, feed):
    grant = scenario.allow()
    (granted,) = page(scenario, feed)
    scenario.clock.advance(grant.expires_at - scenario.clock.now())
    (expired,) = page(scenario, feed, granted.notice_id)
    assert (granted.kind, expired.kind) == (NoticeKind.GRANTED, NoticeKind.EXPIRED)
    assert page(scenario, feed, expired.notice_id) == []


def test_an_event_is_what_its_webhook_says(scenario, feed):
    grant = scenario.allow()
    (notice,) = page(scenario, feed)
    event = feed.event_json(notice)
    assert (event["id"], event["type"], event["data"]["grant_id"]) == (
        notice.notice_id,
        "consent.granted",
        grant.grant_id,
    )
    assert scenario.owner.owner_id not in repr(event)


def test_a_feed_is_one_clients(scenario, feed):
    scenario.allow()
    (notice,) = page(scenario, feed)
    assert page(scenario, feed, client_id="other") == []
    with pytest.raises(NotFound):
        page(scenario, feed, notice.notice_id, "other")


def test_what_does_not_fit_into_one_commit_gets_its_place_with_the_next_call(scenario, feed):
    small = replace(feed, capabilities=StorageCapabilities(atomic_batches=25))
    client_id = scenario.client.client_id
    for _ in range(30):
        scenario.allow()

    def call(after: str):
        return transact(scenario.storage, lambda uow: small.page(uow, client_id, after=after, limit=100))

    first, is_left = call("")
    assert (len(first), is_left) == (25, True)
    rest, is_left = call(first[-1].notice_id)
    assert (len({one.notice_id for one in [*first, *rest]}), is_left) == (30, False)
