from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.clients.access import ClientAccess
from consentcore.consent.point_in_time import permissions_at
from consentcore.domain.client import Halt
from consentcore.domain.clock import DAY
from consentcore.domain.event import Evidence
from consentcore.domain.event_kinds import EventType
from consentcore.domain.grant_states import GrantState
from consentcore.domain.parties import Actor, ActorType


def at(scenario, moment, **narrow):
    with scenario.storage.reading() as uow:
        return permissions_at(uow, scenario.owner.owner_id, moment, **narrow)


def scopes(scenario, moment, **narrow):
    return [one.scope for one in at(scenario, moment, **narrow) if one.permitted]


def owner(scenario):
    return Actor(ActorType.OWNER, scenario.owner.owner_id)


def test_rt_08_every_boundary_of_a_life_is_exact(scenario):
    granted_at = scenario.clock.now()
    grant = scenario.approve("sites.read").grant
    scenario.clock.advance(DAY)
    amended_at = scenario.clock.now()
    scenario.approve("comfort.read")
    scenario.clock.advance(DAY)
    withdrawn_at = scenario.clock.now()
    scenario.revoke(grant.grant_id, owner(scenario))
    scenario.clock.advance(DAY)

    assert scopes(scenario, granted_at - 1) == []
    assert scopes(scenario, granted_at) == ["sites.read@1"]
    assert scopes(scenario, amended_at - 1) == ["sites.read@1"]
    assert scopes(scenario, amended_at) == ["comfort.read@1", "sites.read@1"]
    assert scopes(scenario, withdrawn_at - 1) == ["comfort.read@1", "sites.read@1"]
    assert scopes(scenario, withdrawn_at) == []
    (one,) = at(scenario, withdrawn_at, scope="sites.read")
    assert (one.permitted, one.state, one.why_not) == (False, GrantState.WITHDRAWN, "withdrawn")


@pytest.mark.parametrize("recorded", [False, True])
def test_rt_08_the_end_by_the_clock_counts_whether_or_not_it_was_written(scenario, recorded):
    grant = scenario.approve("sites.read").grant
    scenario.clock.advance(400 * DAY)
    if recorded:
        with scenario.storage.transaction() as uow:
            scenario.service.expire(uow, grant.grant_id)
    assert scopes(scenario, grant.expires_at - 1) == ["sites.read@1"]
    assert scopes(scenario, grant.expires_at) == []
    (one,) = at(scenario, grant.expires_at, scope="sites.read")
    assert (one.state, one.why_not) == (GrantState.EXPIRED, "expired")


def test_rt_08_it_says_on_which_text_by_whom_and_through_which_control(scenario):
    approval = scenario.approve("sites.read", resources=("site-1",))
    scenario.approve("comfort.read")
    (one,) = at(scenario, scenario.clock.now(), scope="sites.read", client_id=scenario.client.client_id)
    facts = one.facts(personal=True)
    assert facts["event_id"] == approval.event.event_id
    assert facts["control"] == "button:approve"
    assert facts["snapshot_hash"] == scenario.snapshot().snapshot_hash
    assert facts["by"]["owner_email"] == scenario.owner.email
    assert (facts["scope"], facts["scope_version"]) == ("sites.read", "1")
    assert facts["resources"] == ["site-1"]
    assert "by" not in one.facts(personal=False)


def test_rt_08_a_no_is_no_permission_and_is_answered(scenario):
    scenario.deny("sites.read")
    assert scopes(scenario, scenario.clock.now()) == []
    (one,) = at(scenario, scenario.clock.now(), scope="sites.read")
    assert (one.permitted, one.why_not) == (False, "denied")
    assert one.decided is not None
    assert one.decided.type is EventType.DENIED


def test_rt_08_another_application_and_another_scope_are_another_answer(scenario):
    scenario.approve("sites.read")
    now = scenario.clock.now()
    assert at(scenario, now, client_id="other") == []
    assert at(scenario, now, scope="ev.write") == []


@pytest.mark.parametrize("kind", ["disabled", "suspended"])
def test_rt_08_a_shut_out_application_had_nothing_from_then_on(scenario, kind):
    scenario.approve("sites.read")
    scenario.clock.advance(DAY)
    since = scenario.clock.now()
    halt = Halt(since, "ops", "sold data")
    changed = {"enabled": False, "disabled": halt} if kind == "disabled" else {"suspended": halt}
    with scenario.storage.transaction() as uow:
        uow.clients.update(replace(scenario.client, **changed))
    assert scopes(scenario, since - 1) == ["sites.read@1"]
    assert scopes(scenario, since) == []
    (one,) = at(scenario, since, scope="sites.read")
    assert one.why_not == f"client_{kind}"


def test_rt_08_a_suspension_that_is_over_is_known(scenario):
    scenario.approve("sites.read")
    access = ClientAccess(storage=scenario.storage, clock=scenario.clock, consents=scenario.service)
    moments = []
    for _ in range(2):
        scenario.clock.advance(DAY)
        access.suspend(scenario.client.client_id, by="ops", reason="")
        since = scenario.clock.now()
        scenario.clock.advance(DAY)
        access.resume(scenario.client.client_id)
        moments.append((since, scenario.clock.now()))
    for since, until in moments:
        assert scopes(scenario, since - 1) == ["sites.read@1"]
        assert scopes(scenario, since) == []
        (one,) = at(scenario, until - 1, scope="sites.read")
        assert (one.permitted, one.why_not) == (False, "client_suspended")
        assert scopes(scenario, until) == ["sites.read@1"]


def test_rt_08_a_suspension_that_ended_with_a_shut_out_is_known_too(scenario):
    scenario.approve("sites.read")
    access = ClientAccess(storage=scenario.storage, clock=scenario.clock, consents=scenario.service)
    access.suspend(scenario.client.client_id, by="ops", reason="")
    since = scenario.clock.now()
    scenario.clock.advance(DAY)
    access.disable(scenario.client.client_id, by="ops", reason="")
    (one,) = at(scenario, since, scope="sites.read")
    assert one.why_not == "client_suspended"


def test_rt_08_what_was_recorded_late_counts_from_when_it_took_effect(scenario):
    grant = scenario.approve("sites.read").grant
    scenario.clock.advance(DAY)
    effective = scenario.clock.now()
    scenario.clock.advance(DAY)
    with scenario.storage.transaction() as uow:
        scenario.service.revoke(
            uow,
            grant.grant_id,
            actor=Actor(ActorType.SYSTEM),
            evidence=Evidence("system:client_disabled", reason_code="client_disabled"),
            effective_at=effective,
        )
    assert scopes(scenario, effective - 1) == ["sites.read@1"]
    assert scopes(scenario, effective) == []
