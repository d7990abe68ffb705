"""An owner's permissions as they stand: pages, lists and Proceed take one word for it."""

from __future__ import annotations

import pytest

from consentcore.consent.owner_grants import OwnerGrants
from consentcore.domain.errors import InvalidTransition, NotFound
from consentcore.domain.event import Evidence
from consentcore.domain.event_kinds import EventType
from consentcore.domain.grant_states import GrantState
from consentcore.testing import factories

HOW = Evidence("dialog:proceed")


def of(scenario, uow, owner_id: str = "") -> OwnerGrants:
    return OwnerGrants(uow, owner_id or scenario.owner.owner_id, scenario.clock.now())


def end_by_the_clock(scenario):
    grant = scenario.allow()
    scenario.clock.advance(grant.expires_at - scenario.clock.now())
    return grant


def test_what_the_clock_has_ended_is_listed_as_ended(scenario):
    grant = end_by_the_clock(scenario)
    with scenario.storage.reading() as uow:
        grants = of(scenario, uow)
        (live, _), (ended, more) = grants.live(), grants.ended()
        (event,) = grants.to_be_recorded(grant)
    assert (live, [one.grant_id for one in ended], more) == ([], [grant.grant_id], "")
    assert (ended[0].state, ended[0].changed_at) == (GrantState.EXPIRED, grant.expires_at)
    assert (event.type, event.event_id, event.occurred_at) == (EventType.EXPIRED, "", grant.expires_at)


def test_what_nobody_has_written_yet_stands_on_the_first_page_alone(scenario):
    end_by_the_clock(scenario)
    with scenario.storage.reading() as uow:
        grants = of(scenario, uow)
        assert grants.ended("zzz")[0] == []
        assert len(grants.unrecorded()) == 1


def test_pages_go_on_behind_their_last_one(scenario, monkeypatch):
    monkeypatch.setattr("consentcore.consent.owner_grants.PAGE", 2)
    wanted = []
    for _ in range(5):
        client = scenario.add_client(scopes=scenario.client.scopes)
        scenario.clock.advance(1)
        wanted.insert(0, scenario.approve("comfort.read", client=client).grant.grant_id)
    with scenario.storage.reading() as uow:
        grants, found, after = of(scenario, uow), [], ""
        while True:
            page, after = grants.live(after)
            found += [one.grant_id for one in page]
            if not after:
                break
        assert [one.grant_id for one in grants.all({GrantState.ACTIVE})] == wanted
    assert found == wanted


def test_proceed_ends_it_for_its_owner_alone(scenario):
    grant = scenario.allow()
    eve = factories.owner()
    with scenario.storage.transaction() as uow:
        uow.owners.add(eve)
        with pytest.raises(NotFound):
            of(scenario, uow, eve.owner_id).revoke(scenario.service, grant.grant_id, HOW)
        change = of(scenario, uow).revoke(scenario.service, grant.grant_id, HOW)
    assert change.grant.state is GrantState.WITHDRAWN
    assert change.event.type is EventType.WITHDRAWN


def test_what_has_run_out_is_not_withdrawn(scenario):
    grant = end_by_the_clock(scenario)
    with scenario.storage.transaction() as uow, pytest.raises(InvalidTransition, match="is expired"):
        of(scenario, uow).revoke(scenario.service, grant.grant_id, HOW)
