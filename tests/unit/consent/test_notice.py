"""What is told of an event."""

from __future__ import annotations

import json

from consentcore.domain.event import Evidence
from consentcore.domain.parties import Actor, ActorType


def test_notice_data_holds_no_free_text(scenario):
    grant = scenario.approve("sites.read").grant
    evidence = Evidence("admin", reason_code="fraud", reason_text="saw it in the logs of 192.0.2.1")
    change = scenario.revoke(grant.grant_id, Actor(ActorType.OPERATOR, "ops"), evidence=evidence)
    with scenario.storage.reading() as uow:
        data = uow.notices.get(change.event.event_id).data
    assert json.loads(data)["reason"] == "fraud"
    assert "192.0.2.1" not in data
    assert json.loads(change.event.body)["evidence"]["reason_text"] == evidence.reason_text
