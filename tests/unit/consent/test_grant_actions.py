"""What a further request makes of the grant that stands (Grant Management for OAuth 2.0 section 5.2)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from consentcore.api import DAY, EventType, iso, transact
from consentcore.consent.decision import Decision
from consentcore.consent.grant_actions import GrantActionRefused
from consentcore.consent.recorded_row import RecordedGrants, is_sound
from consentcore.domain.errors import InteractionGone
from consentcore.domain.event import Evidence
from consentcore.testing import factories


def approve(scenario, action, *scopes, grant_id="", resources=(), **fields):
    """Ask by an action, and press Approve."""
    request = factories.request(
        scenario.client.client_id, scopes=scopes, grant_action=action, grant_id=grant_id
    )
    interaction = scenario.ask(request=request, **fields)
    with scenario.storage.transaction() as uow:
        return scenario.service.approve(
            uow,
            interaction=interaction,
            client=scenario.client,
            owner=scenario.owner,
            decision=Decision(scopes, resources),
            evidence=Evidence("button:approve"),
            snapshot=scenario.snapshot(),
        )


def body_of(event):
    return json.loads(event.body)


def test_create_begins_a_grant_where_none_stands(scenario):
    made = approve(scenario, "create", "sites.read")
    assert (made.event.type, made.grant.scope_ids) == (EventType.GRANTED, ("sites.read",))
    assert made.grant.refresh_from == 0
    scenario.clock.advance(made.grant.expires_at - scenario.clock.now())
    assert approve(scenario, "create", "sites.read").grant.replaces == made.grant.grant_id


def test_create_is_refused_where_one_stands_and_changes_nothing(scenario):
    grant = scenario.allow("sites.read")
    with pytest.raises(GrantActionRefused) as refused:
        approve(scenario, "create", "comfort.read")
    assert refused.value.error == "invalid_request"
    assert standing(scenario, grant) == grant


def standing(scenario, grant):
    with scenario.storage.reading() as uow:
        return uow.grants.get(grant.grant_id)


def test_merge_unites_and_ends_refresh_tokens_of_before(scenario):
    before = scenario.allow("sites.read")
    scenario.clock.advance(DAY)
    merged = approve(scenario, "merge", "comfort.read", grant_id=before.grant_id)
    assert (merged.grant.grant_id, merged.grant.sequence) == (before.grant_id, 2)
    assert merged.grant.scope_ids == ("comfort.read", "sites.read")
    assert merged.grant.refresh_from == scenario.clock.now()
    body = body_of(merged.event)
    assert merged.event.type is EventType.AMENDED
    assert body["grant_management_action"] == "merge"
    assert body["refresh_tokens_from"] == iso(scenario.clock.now())


def test_replace_leaves_nothing_that_was_not_asked(scenario):
    before = scenario.approve("sites.read", "ev.write", resources=("site:1",)).grant
    scenario.clock.advance(DAY)
    replaced = approve(scenario, "replace", "comfort.read", grant_id=before.grant_id)
    assert (replaced.grant.grant_id, replaced.grant.scope_ids) == (before.grant_id, ("comfort.read",))
    assert replaced.grant.resources == ()
    assert replaced.grant.expires_at == scenario.clock.now() + 200 * DAY, "no longer held back by ev.write"
    body = body_of(replaced.event)
    assert (body["scopes_before"], body["scopes_after"]) == (
        ["ev.write@1", "sites.read@1"],
        ["comfort.read@1"],
    )
    assert body["grant_management_action"] == "replace"


@pytest.mark.parametrize("action", ["merge", "replace"])
def test_another_grant_than_the_one_that_stands_is_refused(scenario, action):
    ended = scenario.allow("sites.read")
    scenario.clock.advance(ended.expires_at - scenario.clock.now())
    for _ in range(2):  # where none stands, and where another does
        with pytest.raises(GrantActionRefused) as refused:
            approve(scenario, action, "sites.read", grant_id=ended.grant_id)
        assert (refused.value.error, refused.value.field) == ("invalid_grant_id", "grant_id")
        scenario.allow("sites.read")


def test_without_an_action_nothing_of_it_is_in_the_record(scenario):
    scenario.allow("sites.read")
    amended = scenario.approve("comfort.read")
    assert amended.grant.refresh_from == 0
    assert not {"grant_management_action", "refresh_tokens_from"} & body_of(amended.event).keys()


def test_from_when_on_refresh_tokens_count_is_sealed_and_comes_back_from_the_ledger(scenario):
    """Somebody with the database would bring tokens of before back."""
    before = scenario.allow("sites.read")
    assert is_sound(scenario.keys, standing(scenario, before))
    scenario.clock.advance(1000)
    merged = approve(scenario, "merge", "comfort.read", grant_id=before.grant_id).grant
    scenario.clock.advance(1000)
    later = scenario.allow("energy.read")
    forged = replace(later, refresh_from=0)
    assert not is_sound(scenario.keys, forged)

    def forge(uow):
        uow.grants.update(forged, expected_sequence=later.sequence)

    transact(scenario.storage, forge)
    with scenario.storage.transaction() as uow:
        mended = RecordedGrants(scenario.keys).get(uow, later.grant_id)
    assert mended.refresh_from == merged.refresh_from
    assert is_sound(scenario.keys, mended)


@pytest.mark.parametrize("action", ["merge", "replace"])
def test_refresh_tokens_that_are_dead_stay_so_where_the_clock_is_behind(scenario, action):
    """Of another node, that changes the grant once more."""
    before = scenario.allow("sites.read")
    scenario.clock.advance(DAY)
    first = approve(scenario, "merge", "comfort.read", grant_id=before.grant_id).grant
    scenario.clock.advance(-5000)
    again = approve(scenario, action, "energy.read", grant_id=before.grant_id)
    assert again.grant.refresh_from == first.refresh_from + 1, "those of the first change are of before, too"
    assert body_of(again.event)["refresh_tokens_from"] == iso(again.grant.refresh_from)
    assert is_sound(scenario.keys, standing(scenario, again.grant))


def test_one_request_is_answered_once(scenario):
    request = factories.request(scenario.client.client_id, scopes=("sites.read",), grant_action="create")
    interaction = scenario.ask(request=request)
    values = {
        "interaction": interaction,
        "client": scenario.client,
        "owner": scenario.owner,
        "decision": Decision(("sites.read",)),
        "evidence": Evidence("button:approve"),
        "snapshot": scenario.snapshot(),
    }
    with scenario.storage.transaction() as uow:
        scenario.service.approve(uow, **values)
    with pytest.raises(InteractionGone), scenario.storage.transaction() as uow:
        scenario.service.approve(uow, **values)
