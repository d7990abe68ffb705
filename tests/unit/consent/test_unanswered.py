from __future__ import annotations

from consentcore.domain.event_kinds import EventType
from consentcore.domain.grant_states import GrantState
from consentcore.testing import factories
from tests.support.delivery_log import find_notice


def test_an_unanswered_request_is_recorded_and_nobody_is_told(scenario):
    interaction = scenario.ask("sites.read")
    for _ in range(2):
        with scenario.storage.transaction() as uow:
            scenario.service.unanswered.abandon(uow, interaction)
    with scenario.storage.reading() as uow:
        (grant,) = uow.grants.all()
        (event,) = uow.ledger.of_grant(grant.grant_id)
        assert grant.state is GrantState.ABANDONED
        assert event.type is EventType.ABANDONED
        assert find_notice(uow, event.event_id) is None


def test_an_unanswered_request_of_nobody_leaves_nothing(scenario):
    interaction = factories.interaction(scenario.client.client_id)
    scenario.storage.protocol.open_interaction(interaction)
    with scenario.storage.transaction() as uow:
        scenario.service.unanswered.abandon(uow, interaction)
        assert uow.interactions.get(interaction.interaction_hash) is None
        assert not uow.grants.all()
