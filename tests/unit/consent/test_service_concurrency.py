"""Many answers at once, in a real database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from consentcore.consent.checkpoint import Checkpointer
from consentcore.consent.decision import Decision
from consentcore.consent.verify import verify_all
from consentcore.domain.errors import InteractionGone, InvalidTransition
from consentcore.domain.event import Evidence
from consentcore.domain.grant_states import GrantState
from consentcore.domain.parties import Actor, ActorType
from consentcore.ports.storage import transact
from consentcore.settings.schema import Secret
from consentcore.testing.fakes import fixed_keys
from consentcore_sqlalchemy import SqlSettings
from consentcore_sqlalchemy.storage import SqlStorage
from tests.unit.consent.conftest import begin


@pytest.fixture
def busy(tmp_path):
    storage = SqlStorage(SqlSettings(url=Secret(f"sqlite:///{tmp_path / 'consent.sqlite'}")), fixed_keys())
    storage.migrate()
    yield begin(storage)
    storage.close()


def answer(scenario, interaction, scope="sites.read"):
    def work(uow):
        return scenario.service.approve(
            uow,
            interaction=interaction,
            client=scenario.client,
            owner=scenario.owner,
            decision=Decision((scope,)),
            evidence=Evidence("button:approve"),
            snapshot=scenario.snapshot(),
        )

    try:
        return transact(scenario.storage, work, attempts=50)
    except InteractionGone:
        return None


def test_many_approvals_of_one_owner_make_one_grant_and_one_chain(busy):
    waiting = [busy.ask("sites.read") for _ in range(12)]
    with ThreadPoolExecutor(6) as pool:
        approvals = list(pool.map(lambda one: answer(busy, one), waiting))
    assert len({approval.grant.grant_id for approval in approvals}) == 1
    assert sorted(approval.event.sequence for approval in approvals) == list(range(1, 13))
    assert verify_all(busy.storage, busy.keys).problems == ()


def test_68_one_request_answered_many_times_at_once_counts_once(busy):
    interaction = busy.ask("sites.read")
    with ThreadPoolExecutor(6) as pool:
        approvals = list(pool.map(lambda _: answer(busy, interaction), range(12)))
    assert sum(approval is not None for approval in approvals) == 1


def test_an_approval_and_a_revocation_at_once_leave_a_true_chain(busy):
    grant = busy.approve("sites.read").grant
    waiting = [busy.ask("comfort.read") for _ in range(4)]

    def revoke(_number):
        def work(uow):
            active = uow.grants.active_of(busy.owner.owner_id, busy.client.client_id, lock=True)
            actor = Actor(ActorType.OWNER, busy.owner.owner_id)
            return busy.service.revoke(
                uow,
                active.grant_id if active else grant.grant_id,
                actor=actor,
                evidence=Evidence("dialog:proceed"),
            )

        try:
            transact(busy.storage, work, attempts=50)
        except InvalidTransition:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        approvals = [pool.submit(answer, busy, one, "comfort.read") for one in waiting]
        ended = sum(pool.map(revoke, range(4)))
        assert all(approval.result() is not None for approval in approvals)
    with busy.storage.reading() as uow:
        grants = uow.grants.all()
    assert sum(found.state is GrantState.WITHDRAWN for found in grants) == ended >= 1
    assert sum(found.state is GrantState.ACTIVE for found in grants) <= 1
    assert verify_all(busy.storage, busy.keys).problems == ()


def test_several_workers_cover_every_event_exactly_once(busy):
    for _ in range(10):
        busy.deny("sites.read")
    workers = [Checkpointer() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda one: one.advance(busy.storage, busy.keys, busy.clock, {}), workers))
    assert any(found is not None and found.size == 10 for found in made)
    busy.deny("sites.read")
    assert workers[0].advance(busy.storage, busy.keys, busy.clock, {}).size == 11
    assert verify_all(busy.storage, busy.keys).problems == ()
