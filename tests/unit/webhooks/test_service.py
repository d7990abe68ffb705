"""Endpoints are made, changed and switched by one set of rules, whoever asks."""

from __future__ import annotations

import pytest

from consentcore.domain.client import ClientKind, EndpointHealth
from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.domain.event_kinds import NoticeKind
from consentcore.egress import EgressPolicy
from consentcore.ports.storage import transact
from consentcore.testing.scenario import Scenario
from consentcore.webhooks.choices import OVERLAP_MS, TYPES, overlap_ms
from consentcore.webhooks.secrets import NewEndpoint, live_secrets
from consentcore.webhooks.service import MAX_ENDPOINTS, EndpointUpdate, WebhookService
from consentcore_memory import MemoryStorage

URL = "https://app.example/hook"
DAY = OVERLAP_MS["24h"]


@pytest.fixture
def scenario() -> Scenario:
    return Scenario.begin(MemoryStorage())


@pytest.fixture
def webhooks(scenario) -> WebhookService:
    egress = EgressPolicy(resolver=lambda _host, _port: ["8.8.8.8"])
    return WebhookService(scenario.storage, scenario.keys, scenario.clock, lambda: egress)


def do(scenario, work):
    return transact(scenario.storage, work)


def add(scenario, webhooks, url: str = URL, **typed) -> NewEndpoint:
    new = webhooks.prepare(scenario.client, EndpointUpdate(url, **typed))
    do(scenario, lambda uow: webhooks.add(uow, new))
    return new


def get(scenario, webhooks, endpoint_id: str):
    with scenario.storage.reading() as uow:
        return webhooks.find(uow, endpoint_id)


def sick(scenario, endpoint_id: str) -> None:
    health = EndpointHealth(failing_since=1, warned_at=2, slow_until=3, last_failure_at=4)
    do(scenario, lambda uow: uow.clients.set_health(endpoint_id, health))


def test_a_new_endpoint_is_sent_a_test(scenario, webhooks):
    new = add(scenario, webhooks)
    (notice,) = scenario.storage.outbox.unexpanded(10)
    assert (notice.kind, notice.client_id) == (NoticeKind.TEST, scenario.client.client_id)
    assert new.endpoint.endpoint_id in notice.data
    shown = webhooks.new_endpoint_json(new)
    assert shown["webhook_secret"] == new.secret != ""
    assert new.secret not in repr(webhooks.endpoint_json(new.endpoint))


def test_an_api_is_told_of_nothing(scenario, webhooks):
    api = scenario.add_client("api", kind=ClientKind.RESOURCE_SERVER)
    with pytest.raises(InvalidInput, match="client_id: expected an application"):
        webhooks.prepare(api, EndpointUpdate(URL))


def test_an_application_has_so_many_endpoints_at_most(scenario, webhooks):
    late = webhooks.prepare(scenario.client, EndpointUpdate(URL))
    for number in range(MAX_ENDPOINTS):
        add(scenario, webhooks, f"{URL}/{number}")
    full = "url: expected at most 20 endpoints"
    with pytest.raises(InvalidInput, match=full):
        webhooks.prepare(scenario.client, EndpointUpdate(URL))
    with pytest.raises(InvalidInput, match=full):
        do(scenario, lambda uow: webhooks.add(uow, late))


@pytest.mark.parametrize(
    ("update", "field"),
    [
        (EndpointUpdate("http://app.example/hook"), "url"),
        (EndpointUpdate(events=("consent.maybe",)), "events"),
        (EndpointUpdate(events=()), "events"),
        (EndpointUpdate(schemes=("v2",)), "signatures"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(webhooks, update, field):
    with pytest.raises(InvalidInput) as caught:
        webhooks.check(update)
    assert caught.value.field == field


def test_only_what_is_given_changes(scenario, webhooks):
    endpoint = add(scenario, webhooks, events=TYPES[:1]).endpoint
    sick(scenario, endpoint.endpoint_id)
    checked = webhooks.check(EndpointUpdate(events=TYPES))
    new = do(scenario, lambda uow: webhooks.update(uow, endpoint.endpoint_id, checked, keep_ms=DAY))
    stored = get(scenario, webhooks, endpoint.endpoint_id)
    assert (stored.url, stored.events, stored.secrets) == (URL, (), endpoint.secrets)
    assert (new.secret, stored.health.failing_since) == ("", 1)


def test_at_another_address_health_begins_anew(scenario, webhooks):
    endpoint = add(scenario, webhooks).endpoint
    sick(scenario, endpoint.endpoint_id)
    moved = EndpointUpdate("https://app.example/new")
    new = do(scenario, lambda uow: webhooks.update(uow, endpoint.endpoint_id, moved, keep_ms=DAY))
    assert get(scenario, webhooks, endpoint.endpoint_id) == new.endpoint
    assert new.endpoint.health == EndpointHealth(last_failure_at=4)


def test_a_new_way_of_signing_comes_with_new_secrets(scenario, webhooks):
    old = add(scenario, webhooks)
    endpoint_id, now = old.endpoint.endpoint_id, scenario.clock.now()
    update = webhooks.check(EndpointUpdate(schemes=("v1", "v1a")))
    new = do(scenario, lambda uow: webhooks.update(uow, endpoint_id, update, keep_ms=DAY))
    live = live_secrets(scenario.keys, get(scenario, webhooks, endpoint_id), now)
    assert live[0] == new.secret
    assert live[-1] == old.secret
    assert new.public_key.startswith("whpk_")
    same = do(scenario, lambda uow: webhooks.update(uow, endpoint_id, update, keep_ms=DAY))
    assert same.secret == ""


def test_old_secrets_sign_on_for_the_overlap(scenario, webhooks):
    old = add(scenario, webhooks)
    endpoint_id = old.endpoint.endpoint_id
    new = do(scenario, lambda uow: webhooks.rotate_secrets(uow, endpoint_id, keep_ms=overlap_ms("24h")))
    stored, now = get(scenario, webhooks, endpoint_id), scenario.clock.now()
    assert live_secrets(scenario.keys, stored, now) == (new.secret, old.secret)
    assert live_secrets(scenario.keys, stored, now + DAY) == (new.secret,)
    with pytest.raises(InvalidInput, match="overlap: expected one of now, 24h, 72h, 7d"):
        overlap_ms("1h")


def test_it_is_switched_off_and_on(scenario, webhooks):
    endpoint_id = add(scenario, webhooks).endpoint.endpoint_id
    sick(scenario, endpoint_id)
    disabled = do(scenario, lambda uow: webhooks.disable(uow, endpoint_id, reason=" moved "))
    assert (disabled.disabled_at, disabled.disabled_reason) == (scenario.clock.now(), "moved")
    scenario.clock.advance(1000)
    again = do(scenario, lambda uow: webhooks.disable(uow, endpoint_id, reason="twice"))
    assert again == disabled == get(scenario, webhooks, endpoint_id)
    enabled = do(scenario, lambda uow: webhooks.enable(uow, endpoint_id))
    assert (enabled.disabled_at, enabled.disabled_reason) == (None, "")
    assert enabled == get(scenario, webhooks, endpoint_id)
    assert enabled.health.failing_since is None
    sick(scenario, endpoint_id)
    assert do(scenario, lambda uow: webhooks.enable(uow, endpoint_id)).health.failing_since == 1
    with pytest.raises(InvalidInput, match="reason: expected 0 to 200 characters"):
        do(scenario, lambda uow: webhooks.disable(uow, endpoint_id, reason="x" * 201))


@pytest.mark.parametrize("whose", ["coolsite", "nobody"])
def test_of_another_client_nothing_is_found(scenario, webhooks, whose):
    endpoint_id = add(scenario, webhooks).endpoint.endpoint_id if whose == "coolsite" else "ep_gone"
    other = {"client_id": "other"}
    for work in (
        lambda uow: webhooks.find(uow, endpoint_id, "other"),
        lambda uow: webhooks.update(uow, endpoint_id, EndpointUpdate(), keep_ms=0, **other),
        lambda uow: webhooks.rotate_secrets(uow, endpoint_id, keep_ms=0, **other),
        lambda uow: webhooks.enable(uow, endpoint_id, **other),
        lambda uow: webhooks.disable(uow, endpoint_id, reason="", **other),
        lambda uow: webhooks.remove(uow, endpoint_id, **other),
    ):
        with pytest.raises(NotFound, match="no endpoint"):
            do(scenario, work)


def test_what_is_removed_is_gone(scenario, webhooks):
    endpoint_id = add(scenario, webhooks).endpoint.endpoint_id
    do(scenario, lambda uow: webhooks.remove(uow, endpoint_id, client_id=scenario.client.client_id))
    with pytest.raises(NotFound):
        get(scenario, webhooks, endpoint_id)
    with scenario.storage.reading() as uow:
        assert list(webhooks.list(uow, scenario.client.client_id)) == []
        with pytest.raises(NotFound, match="no client 'gone'"):
            webhooks.list(uow, "gone")
