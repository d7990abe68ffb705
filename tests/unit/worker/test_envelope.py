"""What a notifier is given, and what is not made unless it asks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from consentcore.api import DeliveryState, KeyRing, NoticeKind
from consentcore.testing import FakeEnvelope
from consentcore.webhooks.service import test_notice as notice_of_test
from consentcore.worker.envelope import DeliveryContextBuilder


@dataclass
class Watched:
    """A real key ring, and what it was asked for that webhooks need and mails do not."""

    ring: KeyRing
    asked: list[str] = field(default_factory=list)

    def open(self, purpose: str, sealed: str, context: str) -> bytes:
        self.asked.append(f"open {purpose}")
        return self.ring.open(purpose, sealed, context)

    def stable_mac(self, purpose: str, data: bytes) -> bytes:
        self.asked.append(f"name {purpose}")
        return self.ring.stable_mac(purpose, data)

    def __getattr__(self, name: str):
        return getattr(self.ring, name)


@pytest.fixture
def keys(scenario) -> Watched:
    scenario.keys = Watched(scenario.keys)
    return scenario.keys


def build(scenario, notice, **options):
    builder = DeliveryContextBuilder(
        scenario.storage, scenario.keys, issuer="https://consent.example", render=lambda *_: None
    )
    return builder.build(notice, scenario.clock.now(), **options)


def deliveries(scenario, grant):
    (notice,) = scenario.notices(grant)
    return scenario.storage.delivery_log.deliveries(notice_id=notice.notice_id)


def test_a_mail_opens_no_secret_and_makes_no_payload(scenario, keys):
    scenario.notifiers = {"mailer": scenario.mailer}
    grant = scenario.approve("comfort.read").grant
    scenario.worker().run_once()

    assert [target for _, target in scenario.mailer.sent] == ["owner"]
    assert keys.asked == []
    assert [one.state for one in deliveries(scenario, grant)] == [DeliveryState.DELIVERED]


def test_an_endpoint_gets_its_payload_made_once_and_kept(scenario, keys):
    grant = scenario.approve("comfort.read").grant
    scenario.worker().run_once()

    (sent,) = [one for one in deliveries(scenario, grant) if one.notifier == "hooker"]
    assert sent.body.startswith(b'{"type":"consent.granted"')
    assert sum(one.startswith("name") for one in keys.asked) == 1


def test_what_is_asked_for_twice_is_made_once(scenario, keys):
    context = build(scenario, scenario.notices(scenario.approve("comfort.read").grant)[0])
    assert keys.asked == []
    assert context.endpoints is context.endpoints
    assert context.body is context.body
    assert len(keys.asked) == 2
    assert replace(context, attempt=2).endpoints == context.endpoints
    assert len(keys.asked) == 2


def test_bytes_that_were_made_before_are_not_made_again(scenario, keys):
    context = build(scenario, scenario.notices(scenario.approve("comfort.read").grant)[0], body=b"{}")
    assert context.body == b"{}"
    assert keys.asked == []


def test_a_payload_that_cannot_be_made_keeps_back_webhooks_only(scenario):
    class Broken(Watched):
        def stable_mac(self, purpose: str, data: bytes) -> bytes:
            raise ValueError("no such key")

    scenario.keys = Broken(scenario.keys)
    grant = scenario.approve("comfort.read").grant
    scenario.worker().run_once()

    states = {one.notifier: one.state for one in deliveries(scenario, grant)}
    assert states == {"mailer": DeliveryState.DELIVERED, "hooker": DeliveryState.PENDING}
    assert [target for _, target in scenario.mailer.sent] == ["owner"]


def test_a_test_is_for_one_endpoint(scenario):
    with scenario.storage.transaction() as uow:
        uow.clients.add_endpoint(scenario.make_endpoint("ep_2"))
    context = build(scenario, notice_of_test(scenario.endpoint, scenario.clock.now()))
    assert [one.endpoint_id for one in context.endpoints] == [scenario.endpoint.endpoint_id]
    every = replace(context.notice, data='{"state":"abc"}')
    assert len(build(scenario, every).endpoints) == 2
    assert len(build(scenario, replace(every, kind=NoticeKind.GRANTED)).endpoints) == 2


def test_it_gives_what_an_envelope_has(scenario):
    context = build(scenario, scenario.notices(scenario.approve("comfort.read").grant)[0])
    members = {name for name in vars(FakeEnvelope()) if name != "recipients"}
    assert {name for name in members if not hasattr(context, name)} == set()
