"""Consents of different people do not wait for each other, however long one of them takes: on PostgreSQL, with one
transaction held open while others begin and commit. Whoever had to wait would fail at once, not slowly."""

from __future__ import annotations

from contextlib import suppress

import pytest

from consentcore.consent.checkpoint import advance
from consentcore.consent.decision import Decision
from consentcore.consent.verify import verify_all
from consentcore.domain.event import Evidence
from consentcore.domain.grant_states import GrantState
from consentcore.domain.parties import Actor, ActorType
from consentcore.testing import factories
from tests.support.postgres import storage_at
from tests.unit.consent.conftest import begin

pytestmark = pytest.mark.postgres
WAIT_MS = 1500
"""Longer than any commit; nothing that this test is about waits at all."""


@pytest.fixture
def people(postgres_url):
    """Two people who are asked by one application."""
    storage = storage_at(f"{postgres_url}&options=-clock_timeout%3D{WAIT_MS}")
    scenario = begin(storage)
    other = factories.owner()
    with storage.transaction() as uow:
        uow.owners.add(other)
    yield scenario, other
    storage.close()


def approve(scenario, uow, owner, interaction):
    return scenario.service.approve(
        uow,
        interaction=interaction,
        client=scenario.client,
        owner=owner,
        decision=Decision(interaction.request.scopes),
        evidence=Evidence("button:approve"),
        snapshot=scenario.snapshot(),
    ).grant


def revoke(scenario, uow, owner, grant):
    actor = Actor(ActorType.OWNER, owner.owner_id)
    return scenario.service.revoke(uow, grant.grant_id, actor=actor, evidence=Evidence("dialog:proceed"))


def test_page_that_both_show_for_the_first_time_is_kept_whoever_of_them_fails(people):
    scenario, other = people
    asked, asked_too = scenario.ask("sites.read"), scenario.ask("sites.read", owner=other)
    with suppress(ZeroDivisionError), scenario.storage.transaction() as held:
        approve(scenario, held, scenario.owner, asked)
        with scenario.storage.transaction() as uow:
            kept = approve(scenario, uow, other, asked_too)
        raise ZeroDivisionError
    with scenario.storage.reading() as uow:
        assert uow.grants.get(kept.grant_id) == kept
        assert uow.ledger.snapshot(scenario.snapshot().snapshot_hash) == scenario.snapshot()
    assert verify_all(scenario.storage, scenario.keys).problems == ()


def test_copies_of_a_page_are_forgotten_together(people):
    scenario, other = people
    asked, asked_too = scenario.ask("sites.read"), scenario.ask("sites.read", owner=other)
    with scenario.storage.transaction() as held:
        approve(scenario, held, scenario.owner, asked)
        with scenario.storage.transaction() as uow:
            approve(scenario, uow, other, asked_too)
    shown = scenario.snapshot().snapshot_hash
    with scenario.storage.transaction() as uow:
        uow.ledger.forget([factories.tombstone(shown)])
    with scenario.storage.reading() as uow:
        assert uow.ledger.snapshot(shown) is None


def test_one_commits_while_another_holds_a_transaction_open(people):
    scenario, other = people
    asked = scenario.ask("sites.read")
    asked_too = scenario.ask("sites.read", owner=other)
    with scenario.storage.transaction() as held:
        first = approve(scenario, held, scenario.owner, asked)
        with scenario.storage.transaction() as uow:
            second = approve(scenario, uow, other, asked_too)
        with scenario.storage.transaction() as uow:
            revoke(scenario, uow, other, second)
        advance(scenario.storage, scenario.keys, scenario.clock, {})
    advance(scenario.storage, scenario.keys, scenario.clock, {})
    with scenario.storage.reading() as uow:
        assert uow.grants.get(first.grant_id).state is GrantState.ACTIVE
        assert uow.grants.get(second.grant_id).state is GrantState.WITHDRAWN
        assert [event.grant_id for event in uow.ledger.leaves(0, 10)] == [second.grant_id] * 2 + [
            first.grant_id
        ]
    assert verify_all(scenario.storage, scenario.keys).problems == ()
