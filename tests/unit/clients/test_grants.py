"""What a client sees of its grants, and ends."""

from __future__ import annotations

import pytest

from consentcore.clients.grants import ClientGrants
from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.domain.grant_states import GrantState
from consentcore.hooks.resource_directories import Directories
from consentcore.ports.storage import transact
from consentcore.testing import factories
from consentcore.testing.scenario import Scenario
from consentcore_memory import MemoryStorage


@pytest.fixture
def scenario() -> Scenario:
    return Scenario.begin(MemoryStorage())


@pytest.fixture
def grants(scenario) -> ClientGrants:
    return ClientGrants(
        scenario.keys, scenario.clock, scenario.service, "https://id.example", Directories([])
    )


def allow(scenario):
    owner = factories.owner()
    transact(scenario.storage, lambda uow: uow.owners.add(owner))
    return scenario.approve("comfort.read", owner=owner).grant


def page(scenario, grants, **narrowing):
    with scenario.storage.reading() as uow:
        return grants.page(uow, scenario.client.client_id, **{"limit": 10, **narrowing})


def ids(page) -> list[str]:
    return [one.grant_id for one in page.grants]


def test_pages_go_on_by_id(scenario, grants):
    wanted = sorted(allow(scenario).grant_id for _ in range(5))
    first = page(scenario, grants, limit=3)
    assert (ids(first), first.next_after, first.has_more) == (wanted[:3], wanted[2], True)
    rest = page(scenario, grants, limit=3, after=first.next_after)
    assert (ids(rest), rest.has_more) == (wanted[3:], False)


def test_what_has_run_out_has_ended_before_anybody_writes_it(scenario, grants):
    grant = allow(scenario)
    scenario.clock.advance(grant.expires_at - scenario.clock.now())
    assert ids(page(scenario, grants, state="active")) == []
    assert ids(page(scenario, grants, state="expired")) == [grant.grant_id]
    shown = grants.grant_json(grant)
    assert (shown["state"], shown["status"], shown["scopes"]) == ("expired", "expired", [])


def test_one_person_is_found_by_the_clients_name_for_them(scenario, grants):
    grant, _ = allow(scenario), allow(scenario)
    subject = grants.grant_json(grant)["subject"]
    assert ids(page(scenario, grants, subject=subject)) == [grant.grant_id]
    assert grant.owner_id not in repr(grants.grant_json(grant))


def test_a_state_that_is_none_is_refused(scenario, grants):
    with pytest.raises(InvalidInput, match="state: expected one of active, ended"):
        page(scenario, grants, state="denied")


def test_a_denial_and_a_grant_of_another_client_are_not_found(scenario, grants):
    denied = scenario.deny().grant
    grant = allow(scenario)
    for client_id, grant_id in ((scenario.client.client_id, denied.grant_id), ("other", grant.grant_id)):
        with scenario.storage.reading() as uow, pytest.raises(NotFound):
            grants.find(uow, client_id, grant_id)
        with pytest.raises(NotFound):
            close(scenario, grants, grant_id, client_id)


def close(scenario, grants, grant_id: str, client_id: str = "") -> None:
    client_id = client_id or scenario.client.client_id
    transact(scenario.storage, lambda uow: grants.close(uow, client_id, grant_id, method="api:delete_grant"))


def test_what_is_closed_stays_closed_however_often_it_is_asked(scenario, grants):
    grant_id = allow(scenario).grant_id
    for _ in range(2):
        close(scenario, grants, grant_id)
    with scenario.storage.reading() as uow:
        assert grants.find(uow, scenario.client.client_id, grant_id).state is GrantState.CLOSED
        assert [one.type.value for one in uow.ledger.of_grant(grant_id)] == ["granted", "closed"]
