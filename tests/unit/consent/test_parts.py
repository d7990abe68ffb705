from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentcore.consent.export import export_owner
from consentcore.consent.ledger import canonical
from consentcore.consent.snapshot import make_snapshot
from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.domain.event import Evidence
from consentcore.domain.parties import Actor, ActorType
from consentcore.ports.keys import pairwise_subject
from consentcore.testing.fakes import fixed_keys

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=6), JSON, max_size=5))
def test_canonical_text_keeps_the_value_and_forgets_the_order(value):
    text = canonical(value)
    assert json.loads(text) == value
    assert canonical(dict(reversed(value.items()))) == text


@pytest.mark.parametrize("value", [{"a": "\ud800"}, {"a": 2**53}, {"a": float("nan")}])
def test_what_has_no_canonical_form_is_refused(value):
    with pytest.raises(InvalidInput):
        canonical(value)


def test_the_same_page_is_the_same_snapshot_whenever_it_is_shown():
    one, other = make_snapshot({"a": 1, "b": "é"}, 1), make_snapshot({"b": "é", "a": 1}, 2)
    assert one.snapshot_hash == other.snapshot_hash
    assert one.content == other.content == '{"a":1,"b":"é"}'
    assert make_snapshot({"a": 2}, 1).snapshot_hash != one.snapshot_hash


def test_a_subject_tells_clients_nothing_about_each_other_and_survives_rotation():
    old, rotated = fixed_keys("k1"), fixed_keys("k2", "k1")
    subject = pairwise_subject(old, "client", "owner")
    assert len(subject) == 43
    assert pairwise_subject(rotated, "client", "owner") == subject
    assert pairwise_subject(old, "other", "owner") != subject
    assert pairwise_subject(old, "client", "another") != subject
    assert pairwise_subject(fixed_keys("k2"), "client", "owner") != subject


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


def test_notice_data_holds_no_free_text(scenario):
    grant = scenario.approve("sites.read").grant
    evidence = Evidence("admin", reason_code="fraud", reason_text="saw it in the logs of 192.0.2.1")
    change = scenario.revoke(grant.grant_id, Actor(ActorType.OPERATOR, "ops"), evidence=evidence)
    with scenario.storage.reading() as uow:
        data = uow.notices.get(change.event.event_id).data
    assert json.loads(data)["reason"] == "fraud"
    assert "192.0.2.1" not in data
    assert json.loads(change.event.body)["evidence"]["reason_text"] == evidence.reason_text
