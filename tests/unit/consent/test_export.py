"""Everything that is kept of one person."""

from __future__ import annotations

import json

import pytest

from consentcore.consent.export import export_owner
from consentcore.consent.ledger import canonical
from consentcore.domain.errors import NotFound
from consentcore.domain.parties import Actor, ActorType


def test_export_holds_grants_events_and_what_was_shown(scenario):
    approval = scenario.approve("sites.read")
    scenario.deny("comfort.read")
    scenario.revoke(approval.grant.grant_id, Actor(ActorType.OWNER, scenario.owner.owner_id))
    with scenario.storage.reading() as uow:
        found = export_owner(uow, scenario.owner.owner_id, scenario.clock.now())

    text = json.dumps(found)
    assert found["owner"]["email"] == scenario.owner.email
    assert {grant["state"] for grant in found["grants"]} == {"withdrawn", "denied"}
    (withdrawn,) = (grant for grant in found["grants"] if grant["state"] == "withdrawn")
    assert [event["type"] for event in withdrawn["events"]] == ["granted", "withdrawn"]
    assert canonical(withdrawn["events"][0]["body"]) == approval.event.body
    assert list(found["snapshots"]) == [scenario.snapshot().snapshot_hash]
    assert found["snapshots"][scenario.snapshot().snapshot_hash]["content"] == {
        "text": "May CoolSite see your data?"
    }
    assert approval.code not in text


def test_export_reads_every_page(scenario):
    for _ in range(205):
        scenario.deny("sites.read")
        scenario.clock.advance(1)
    with scenario.storage.reading() as uow:
        found = export_owner(uow, scenario.owner.owner_id, scenario.clock.now())
    assert len({grant["grant_id"] for grant in found["grants"]}) == 205


def test_export_of_nobody_is_an_error(scenario):
    with pytest.raises(NotFound), scenario.storage.reading() as uow:
        export_owner(uow, "nobody", 0)
