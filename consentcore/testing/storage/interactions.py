"""Authorization requests that wait for an answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario


class InteractionGroup:
    """:class:`consentcore.api.InteractionRepository`."""

    def test_interaction_comes_back_equal(self, world: Scenario) -> None:
        request = factories.request(
            world.client.client_id,
            redirect_uri_given=False,
            state=None,
            code_challenge="c" * 43,
            prompt="consent",
            ui_locales=("fr", "en"),
            audience=("https://api.example/b", "https://api.example/a"),
            authorization_details=factories.DETAILS,
        )
        interaction = factories.interaction(world.client.client_id, request=request, seal=b"k1:\x00\xff")
        world.storage.protocol.open_interaction(interaction)
        with world.storage.reading() as uow:
            found = uow.interactions.get(interaction.interaction_hash)
        assert found == interaction
        assert found.seal == interaction.seal

    @pytest.mark.parametrize("state", ["", " ", "ü\n€", "x" * 2000])
    def test_state_is_kept_byte_for_byte(self, world: Scenario, state: str) -> None:
        request = factories.request(world.client.client_id, state=state)
        interaction = factories.interaction(world.client.client_id, request=request)
        world.storage.protocol.open_interaction(interaction)
        with world.storage.reading() as uow:
            found = uow.interactions.get(interaction.interaction_hash)
        assert found is not None
        assert found.request.state == state

    def test_interaction_is_handed_on_only_by_its_session(self, world: Scenario) -> None:
        interaction = factories.interaction(world.client.client_id)
        key, before, after = interaction.interaction_hash, interaction.session_hash, b"n" * 32
        world.storage.protocol.open_interaction(interaction)
        with world.storage.transaction() as uow:
            assert uow.interactions.bind(key, b"x" * 32, after, world.owner.owner_id) is False
            assert uow.interactions.get(key) == interaction
            assert uow.interactions.bind(key, before, after, world.owner.owner_id, seal=b"k2:\xff") is True
            assert uow.interactions.bind(key, before, b"z" * 32, "owner-other") is False
            assert uow.interactions.bind(b"?" * 32, before, after, world.owner.owner_id) is False
        with world.storage.reading() as uow:
            bound = replace(interaction, session_hash=after, owner_id=world.owner.owner_id)
            found = uow.interactions.get(key)
        assert found == bound
        assert found.seal == b"k2:\xff"

    def test_interaction_is_consumed_once(self, world: Scenario) -> None:
        interaction = factories.interaction(world.client.client_id)
        world.storage.protocol.open_interaction(interaction)
        with world.storage.transaction() as uow:
            assert uow.interactions.consume(interaction.interaction_hash) is True
        with world.storage.transaction() as uow:
            assert uow.interactions.consume(interaction.interaction_hash) is False
            assert uow.interactions.get(interaction.interaction_hash) is None

    def test_expired_interactions_come_oldest_first(self, world: Scenario) -> None:
        offsets = [3, 1, 2, 50]
        opened = [
            factories.interaction(world.client.client_id, expires_at=NOW + offset) for offset in offsets
        ]
        for interaction in opened:
            world.storage.protocol.open_interaction(interaction)
        with world.storage.transaction() as uow:
            uow.interactions.consume(opened[0].interaction_hash)
        with world.storage.reading() as uow:
            assert list(uow.interactions.expired(NOW + 2, 10)) == [opened[1], opened[2]]
            assert list(uow.interactions.expired(NOW + 2, 1)) == [opened[1]]
