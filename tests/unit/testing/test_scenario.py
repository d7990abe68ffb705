"""The beginning of other tests: on any storage, with something granted or nothing."""

from __future__ import annotations

import pytest

from consentcore.api import Actor, ActorType, AuthMethod, GrantState
from consentcore.testing import scenario as now
from consentcore.testing import worlds as before
from consentcore.testing.scenario import Scenario, populate
from consentcore_memory import MemoryStorage


def test_something_is_granted_already_and_tokens_follow_from_it():
    scenario = populate(MemoryStorage())
    issued = scenario.redeem()
    assert scenario.is_live(issued.access)
    scenario.end()
    assert not scenario.is_live(issued.access)


def test_nothing_is_granted_until_the_owner_approves():
    scenario = Scenario.begin(MemoryStorage())
    with pytest.raises(AssertionError, match="nothing was granted"):
        _ = scenario.grant
    approval = scenario.approve("comfort.read", "energy.read", allow=("comfort.read",))
    assert approval.grant.scopes == ("comfort.read@1",)
    assert scenario.deny().grant.state is GrantState.DENIED
    ended = scenario.revoke(approval.grant.grant_id, Actor(ActorType.OWNER, scenario.owner.owner_id))
    assert ended.grant.state is GrantState.WITHDRAWN


def test_others_take_part():
    scenario = Scenario.begin(MemoryStorage())
    public = scenario.add_client("native", public=True)
    assert (public.client_id, public.auth_method, public.secrets) == ("native", AuthMethod.NONE, ())
    with scenario.storage.reading() as uow:
        assert uow.clients.get("native") == public
    scenario.disable_client()
    with scenario.storage.reading() as uow:
        assert not uow.clients.get(scenario.client.client_id).enabled


def test_plugins_that_know_the_old_names_find_the_same_things():
    assert (before.World, before.populate, before.Issued) == (now.Scenario, now.populate, now.Issued)
