"""A notice says the same as the body of its event, without reading that back."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from consentcore.consent import notice, transition
from consentcore.consent.narrowing import Remainder
from consentcore.consent.notice import written_at
from consentcore.consent.personal import disclosed, disclosed_by
from consentcore.domain.clock import DAY
from consentcore.domain.event import Evidence
from consentcore.domain.event_kinds import SECURITY_EVENTS, EventType, event_kind
from consentcore.domain.notice_facts import ConsentFacts
from consentcore.domain.parties import Actor, ActorType
from consentcore.domain.secret import digest
from tests.support.delivery_log import find_notice
from tests.unit.consent.conftest import EVERY_SCOPE

INITIATORS = {"owner": "user", "client": "client", "operator": "admin", "system": "system"}


def ids(references) -> tuple[str, ...]:
    return tuple(one.rpartition("@")[0] for one in references)


def attack(scenario, event_type: EventType) -> None:
    approval = scenario.approve("sites.read")
    code = scenario.storage.protocol.read_code(scenario.client.client_id, digest(approval.code)).code
    with scenario.storage.transaction() as uow:
        scenario.service.compromised(
            uow, family_id=code.family_id, grant_id=approval.grant.grant_id, event_type=event_type
        )


def take_away(scenario, grant_id: str, party: Actor) -> None:
    with scenario.storage.transaction() as uow:
        grant = uow.grants.get(grant_id)
        left = Remainder(grant.scope_ids[1:], grant.resources, grant.expires_at - DAY)
        scenario.service.narrowing.narrow(uow, grant_id, left, actor=party, evidence=Evidence("form:change"))


def everything(scenario) -> None:
    """A grant made, amended, narrowed by both, attacked, ended by each who can and deleted; one denied, one run out."""
    for actor in ActorType:
        grant = scenario.approve(*EVERY_SCOPE).grant
        scenario.approve("sites.read")
        for party in (
            Actor(ActorType.OWNER, grant.owner_id),
            Actor(ActorType.CLIENT, grant.client_id),
        ):
            take_away(scenario, grant.grant_id, party)
        for event_type in sorted(SECURITY_EVENTS):
            attack(scenario, event_type)
        reason = Evidence("dialog:proceed", reason_code="client_disabled", reason_text="sold data")
        scenario.revoke(grant.grant_id, Actor(actor, "x"), evidence=reason)
        with scenario.storage.transaction() as uow:
            scenario.service.deletions.confirm(uow, grant.grant_id, grant.client_id, Evidence("api:deletion"))
    scenario.revoke(scenario.approve("sites.read").grant.grant_id, Actor(ActorType.OPERATOR, "ops"))
    scenario.deny("sites.read")
    grant = scenario.approve("sites.read").grant
    scenario.clock.advance(400 * DAY)
    with scenario.storage.transaction() as uow:
        scenario.service.expire(uow, grant.grant_id)


def told(scenario):
    with scenario.storage.reading() as uow:
        events = list(uow.ledger.of_owner(scenario.owner.owner_id, limit=200))
        return [(event, find_notice(uow, event.event_id)) for event in events]


def test_a_notice_says_what_the_body_of_its_event_says(scenario):
    everything(scenario)
    pairs = told(scenario)
    with scenario.storage.reading() as uow:
        values = disclosed_by(uow, [event for event, _ in pairs])
    assert {event.type for event, _ in pairs} >= set(EventType) - {EventType.ABANDONED}
    assert {event.type for event, found in pairs if found is None} == {EventType.DELETION_CONFIRMED}
    for event, found in pairs:
        if found is None:  # nobody is told
            assert event_kind(event.type).notice is None
            continue
        facts, body = ConsentFacts.from_json(found.data), json.loads(event.body)
        assert found.kind is event_kind(event.type).notice
        assert (facts.event_type, facts.sequence) == (body["type"], body["sequence"])
        assert facts.state == body["state_after"]
        assert facts.scopes == (ids(body["scopes_after"]) if facts.state == "active" else ())
        assert facts.previous_scopes == ids(body["scopes_before"])
        assert facts.requested_scopes == ids(body["scopes_requested"])
        assert facts.initiator == INITIATORS[body["actor"]["type"]]
        assert facts.reason == body["evidence"]["reason_code"]
        assert facts.recorded_at == body["recorded_at"]
        assert facts.expires_at == body["validity"]["until"]
        if "validity_before" in body:
            assert facts.previous_expires_at == body["validity_before"]["until"] > facts.expires_at
        assert facts.client_name == body["client_name"] != ""
        told_in_full = (
            values[event.event_id].get("reason_text", "") if facts.reason == "client_disabled" else ""
        )
        assert facts.reason_text == told_in_full
        assert written_at(found) >= found.occurred_at


@pytest.mark.parametrize("module", [notice, transition])
def test_nothing_that_was_just_written_is_read_back(module):
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imported = {one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names}
    assert not imported & {"json", "rfc8785"}


def test_notice_data_holds_no_free_text(scenario):
    grant = scenario.approve("sites.read").grant
    evidence = Evidence("admin", reason_code="fraud", reason_text="saw it in the logs of 192.0.2.1")
    change = scenario.revoke(grant.grant_id, Actor(ActorType.OPERATOR, "ops"), evidence=evidence)
    with scenario.storage.reading() as uow:
        data = find_notice(uow, change.event.event_id).data
        values = disclosed(uow, change.event)
    assert json.loads(data)["reason"] == "fraud"
    assert "192.0.2.1" not in data
    assert "192.0.2.1" not in change.event.body
    assert values == {"operator": "ops", "reason_text": evidence.reason_text}
