"""An owner's permissions as they stand: pages, lists and Proceed take one word for it."""

from __future__ import annotations

import pytest

from consentcore.consent.owner_grants import OwnerGrants
from consentcore.domain.errors import InvalidTransition, NotFound
from consentcore.domain.event import Evidence
from consentcore.domain.event_kinds import EventType
from consentcore.domain.grant_states import GrantState
from consentcore.domain.parties import Actor, ActorType
from consentcore.ports.capabilities import StorageCapabilities
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
        live, (ended, more) = grants.live(), grants.ended()
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


def test_all_that_stands_is_found_and_what_ended_goes_on_page_by_page(scenario, monkeypatch):
    monkeypatch.setattr("consentcore.consent.owner_grants.PAGE", 2)
    monkeypatch.setattr("consentcore.consent.owner_grants.MANY", 2)
    wanted = []
    for _ in range(5):
        client = scenario.add_client(scopes=scenario.client.scopes)
        scenario.clock.advance(1)
        wanted.insert(0, scenario.approve("comfort.read", client=client).grant.grant_id)
    with scenario.storage.reading() as uow:
        grants = of(scenario, uow)
        assert [one.grant_id for one in grants.live()] == wanted
        assert [one.grant_id for one in grants.all({GrantState.ACTIVE})] == wanted
    owner = Actor(ActorType.OWNER, scenario.owner.owner_id)
    for grant_id in reversed(wanted):
        scenario.clock.advance(1)
        scenario.revoke(grant_id, owner)
    with scenario.storage.reading() as uow:
        found, after = [], ""
        while True:
            page, after = of(scenario, uow).ended(after)
            assert len(page) <= 2
            found += [one.grant_id for one in page]
            if not after:
                break
        one = uow.grants.get(wanted[2])
        assert [grant.grant_id for grant in of(scenario, uow).ended(client_id=one.client_id)[0]] == [
            wanted[2]
        ]
        assert of(scenario, uow).ended(states=frozenset({GrantState.EXPIRED})) == ([], "")
    assert found == wanted


def test_several_are_withdrawn_at_once_and_those_of_others_are_left_out(scenario):
    ours = scenario.allow()
    other = scenario.approve("comfort.read", client=scenario.add_client(scopes=scenario.client.scopes)).grant
    stranger = factories.owner()
    with scenario.storage.transaction() as uow:
        uow.owners.add(stranger)
    theirs = scenario.approve("comfort.read", owner=stranger).grant
    with scenario.storage.transaction() as uow:
        changes = of(scenario, uow).revoke_all(
            scenario.service, [ours.grant_id, theirs.grant_id, "nobody"], HOW
        )
    assert [change.grant.grant_id for change in changes] == [ours.grant_id]
    with scenario.storage.reading() as uow:
        states = {one: uow.grants.get(one.grant_id).state for one in (ours, other, theirs)}
    assert list(states.values()) == [GrantState.WITHDRAWN, GrantState.ACTIVE, GrantState.ACTIVE]


@pytest.mark.parametrize(("batches", "at_once"), [(None, 100), (25, 4), (100, 23)])
def test_no_more_are_withdrawn_at_once_than_fit_into_one_commit(batches, at_once):
    """Four writes for each, and eight for the page that was confirmed for all of them."""
    assert OwnerGrants.at_once(StorageCapabilities(atomic_batches=batches), 100) == at_once


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
