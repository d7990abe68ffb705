"""Ids that are taken, and things that are not there: the rare answers of verbs that write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from consentcore.api import EndpointHealth, GrantState, Storage, StorageConflict, UnitOfWork, transact
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario
from consentcore.testing.storage.notices import find_notice

Work = Callable[[UnitOfWork], object]


class TakenGroup:
    """An id names one thing: whoever comes second gets a conflict, and what was there stays."""

    def test_grant_id_is_taken_once(self, world: Scenario) -> None:
        """Also where owner and client are others, and nothing else stands in the way."""
        rival = replace(world.grant, owner_id="another", state=GrantState.DENIED)
        self._conflicts(world.storage, lambda uow: uow.grants.add(rival))
        with world.storage.reading() as uow:
            assert uow.grants.get(world.grant.grant_id) == world.grant

    def test_owner_id_is_taken_once(self, world: Scenario) -> None:
        """Also where the address is another's: the password and the sessions are found by the id."""
        rival = replace(world.owner, email="impostor@example.org", name="Impostor")
        self._conflicts(world.storage, lambda uow: uow.owners.add(rival))
        with world.storage.reading() as uow:
            assert uow.owners.get(world.owner.owner_id) == world.owner
            assert uow.owners.by_email(rival.email) is None

    def test_endpoint_id_is_taken_once(self, world: Scenario) -> None:
        first = factories.endpoint(world.client.client_id)
        transact(world.storage, lambda uow: uow.clients.add_endpoint(first))
        rival = replace(first, url="https://impostor.example/")
        self._conflicts(world.storage, lambda uow: uow.clients.add_endpoint(rival))
        with world.storage.reading() as uow:
            assert uow.clients.endpoint(first.endpoint_id) == first

    def test_notice_id_is_taken_once(self, world: Scenario) -> None:
        first = factories.notice(world.grant)
        transact(world.storage, lambda uow: uow.notices.add(first))
        rival = replace(first, data='{"rival":true}')
        self._conflicts(world.storage, lambda uow: uow.notices.add(rival))
        with world.storage.reading() as uow:
            assert find_notice(uow, first.notice_id) == first

    def test_event_id_is_taken_once(self, world: Scenario) -> None:
        """Also as the next event of the same grant, and as one of another grant."""
        first = factories.event(world.grant)
        transact(world.storage, lambda uow: uow.ledger.append(first))
        self._conflicts(world.storage, lambda uow: uow.ledger.append(replace(first, sequence=2)))
        self._conflicts(world.storage, lambda uow: uow.ledger.append(replace(first, grant_id="another")))
        with world.storage.reading() as uow:
            assert uow.ledger.get(first.event_id) == first
            assert list(uow.ledger.of_grant(world.grant.grant_id)) == [first]

    def test_checkpoint_of_a_size_is_taken_once(self, world: Scenario) -> None:
        first = factories.checkpoint(size=7)
        transact(world.storage, lambda uow: uow.ledger.add_checkpoint(first))
        self._conflicts(world.storage, lambda uow: uow.ledger.add_checkpoint(factories.checkpoint(size=7)))
        with world.storage.reading() as uow:
            assert list(uow.ledger.checkpoints()) == [first]

    def test_code_and_family_are_taken_once(self, world: Scenario) -> None:
        first = factories.code(world.grant)
        transact(world.storage, lambda uow: uow.tokens.add_code(first))
        same_hash = factories.code(world.grant, code_hash=first.code_hash)
        same_family = factories.code(world.grant, family_id=first.family_id)
        self._conflicts(world.storage, lambda uow: uow.tokens.add_code(same_hash))
        self._conflicts(world.storage, lambda uow: uow.tokens.add_code(same_family))
        assert world.storage.protocol.read_code(world.client.client_id, first.code_hash).code == first

    @staticmethod
    def _conflicts(storage: Storage, work: Work) -> None:
        with pytest.raises(StorageConflict), storage.transaction() as uow:
            work(uow)


class NothingThereGroup:
    """What is not there is neither changed nor made by a change."""

    def test_update_of_a_client_that_is_not_there_makes_none(self, storage: Storage) -> None:
        transact(storage, lambda uow: uow.clients.update(factories.client(client_id="nobody")))
        with storage.reading() as uow:
            assert uow.clients.get("nobody") is None
            assert list(uow.clients.list()) == []

    def test_update_of_an_owner_who_is_not_there_makes_none(self, storage: Storage) -> None:
        transact(
            storage, lambda uow: uow.owners.update(factories.owner(owner_id="nobody", email="no@example.org"))
        )
        with storage.reading() as uow:
            assert uow.owners.get("nobody") is None
            assert uow.owners.by_email("no@example.org") is None

    def test_update_of_an_endpoint_that_is_not_there_makes_none(self, world: Scenario) -> None:
        lost = factories.endpoint(world.client.client_id, endpoint_id="lost")

        def work(uow: UnitOfWork) -> None:
            uow.clients.update_endpoint(lost)
            uow.clients.set_health("lost", EndpointHealth(failing_since=NOW))
            assert uow.clients.remove_endpoint("lost") is False

        transact(world.storage, work)
        with world.storage.reading() as uow:
            assert uow.clients.endpoint("lost") is None
            assert list(uow.clients.endpoints(world.client.client_id)) == []

    def test_session_that_is_not_there_is_neither_noted_nor_ended(self, world: Scenario) -> None:
        lost = factories.random_hash()
        transact(world.storage, lambda uow: uow.owners.touch_session(lost, NOW + 1))
        with world.storage.transaction() as uow:
            assert uow.owners.session(lost, NOW) is None
            assert uow.owners.end_session(lost) is False
            assert uow.owners.end_sessions(world.owner.owner_id) == 0

    def test_update_of_an_owner_leaves_the_password(self, world: Scenario) -> None:
        transact(
            world.storage, lambda uow: uow.owners.set_password_hash(world.owner.owner_id, "$argon2id$one")
        )
        transact(world.storage, lambda uow: uow.owners.update(replace(world.owner, name="Ada L.")))
        with world.storage.reading() as uow:
            assert uow.owners.password_hash(world.owner.owner_id) == "$argon2id$one"

    def test_closing_twice_is_no_error(self, storage: Storage, world: Scenario) -> None:
        with storage.reading() as uow:
            assert uow.grants.get(world.grant.grant_id) == world.grant
        storage.close()
        storage.close()
