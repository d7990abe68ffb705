"""Clients, owners, sessions and interactions."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from consentcore.api import (
    DAY,
    HOUR,
    AuthMethod,
    ClientKind,
    ClientSecret,
    OwnerDirectory,
    SealedSecret,
    Storage,
    StorageConflict,
    TokenFormat,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.storage.base import needs
from consentcore.testing.worlds import World


class PeopleGroup:
    """Everything that is stored comes back as it was; nothing else does."""

    def test_client_comes_back_equal(self, storage: Storage) -> None:
        client = factories.client(
            kind=ClientKind.RESOURCE_SERVER,
            auth_method=AuthMethod.NONE,
            secrets=(ClientSecret(b"\x00\xff" * 16, NOW, NOW + 1), ClientSecret(b"\x01" * 32, NOW)),
            redirect_uris=("https://a.example/cb?x=1", "http://127.0.0.1:8080/"),
            require_pkce=True,
            enabled=False,
            contact_email="hooks@a.example",
            jwks='{"keys": []}',
            jwks_uri="https://a.example/jwks",
            require_par=True,
            access_token_format=TokenFormat.JWT,
            audiences=("https://api.example/", "urn:example:meters"),
        )
        with storage.transaction() as uow:
            uow.clients.add(client)
        with storage.reading() as uow:
            assert uow.clients.get(client.client_id) == client

    def test_client_update_replaces_every_field(self, storage: Storage) -> None:
        client = factories.client()
        changed = replace(
            client,
            name="Renamed",
            secrets=(),
            redirect_uris=(),
            scopes=("x",),
            enabled=False,
            contact_email="a@b.example",
            jwks='{"keys": []}',
            jwks_uri="https://a.example/jwks",
            require_par=True,
            access_token_format=TokenFormat.JWT,
            audiences=("https://api.example/",),
        )
        with storage.transaction() as uow:
            uow.clients.add(client)
        with storage.transaction() as uow:
            uow.clients.update(changed)
        with storage.reading() as uow:
            assert uow.clients.get(client.client_id) == changed

    @needs("client_assertion_audience")
    def test_what_aud_its_assertions_may_have_is_kept(self, storage: Storage) -> None:
        client = factories.client(assertion_audience="issuer")
        with storage.transaction() as uow:
            uow.clients.add(client)
        assert storage.protocol.read_authorize(client.client_id, None, NOW).client == client
        changed = replace(client, assertion_audience="endpoint")
        with storage.transaction() as uow:
            uow.clients.update(changed)
        with storage.reading() as uow:
            assert uow.clients.get(client.client_id) == changed

    def test_client_id_is_taken_once(self, storage: Storage) -> None:
        client = factories.client()
        with storage.transaction() as uow:
            uow.clients.add(client)
        with pytest.raises(StorageConflict), storage.transaction() as uow:
            uow.clients.add(replace(client, name="Impostor"))
        with storage.reading() as uow:
            assert uow.clients.get(client.client_id) == client

    def test_unknown_things_are_none(self, storage: Storage) -> None:
        with storage.reading() as uow:
            assert uow.clients.get("nobody") is None
            assert uow.clients.get_endpoint("nobody") is None
            assert uow.owners.get("nobody") is None
            assert uow.owners.by_email("nobody@example.org") is None
            assert uow.owners.password_hash("nobody") is None
            assert uow.owners.session(bytes(32), NOW) is None
            assert uow.interactions.get(bytes(32)) is None
            assert uow.grants.get("nobody") is None
            assert uow.ledger.get("nobody") is None
            assert uow.ledger.snapshot("sha256:0") is None
            assert uow.notices.get("nobody") is None

    def test_clients_are_listed_by_id_in_pages(self, storage: Storage) -> None:
        ids = [f"c{number:02}" for number in range(7)]
        with storage.transaction() as uow:
            for client_id in reversed(ids):
                uow.clients.add(factories.client(client_id=client_id))
        with storage.reading() as uow:
            first = [client.client_id for client in uow.clients.list(limit=3)]
            second = [client.client_id for client in uow.clients.list(after=first[-1], limit=3)]
            last = [client.client_id for client in uow.clients.list(after=second[-1], limit=3)]
        assert [first, second, last] == [ids[:3], ids[3:6], ids[6:]]

    def test_endpoints_come_back_oldest_first(self, storage: Storage) -> None:
        client, other = factories.client(), factories.client()
        newer = factories.endpoint(client.client_id, created_at=NOW + 1, events=("consent.granted",))
        older = factories.endpoint(client.client_id)
        with storage.transaction() as uow:
            uow.clients.add(client)
            uow.clients.add(other)
            uow.clients.add_endpoint(newer)
            uow.clients.add_endpoint(older)
            uow.clients.add_endpoint(factories.endpoint(other.client_id))
        with storage.reading() as uow:
            assert list(uow.clients.endpoints(client.client_id)) == [older, newer]

    def test_endpoint_update_replaces_every_field(self, storage: Storage) -> None:
        client = factories.client()
        endpoint = factories.endpoint(client.client_id)
        changed = replace(
            endpoint,
            url="https://new.example/",
            secrets=(SealedSecret("new", NOW + 1), SealedSecret("old", NOW, NOW + DAY)),
            events=("consent.revoked",),
            disabled_at=NOW + 2,
            disabled_reason="gone",
        )
        with storage.transaction() as uow:
            uow.clients.add(client)
            uow.clients.add_endpoint(endpoint)
        with storage.transaction() as uow:
            uow.clients.update_endpoint(changed)
        with storage.reading() as uow:
            assert uow.clients.get_endpoint(endpoint.endpoint_id) == changed

    def test_owner_is_found_by_id_and_address(self, storage: Storage) -> None:
        owner = factories.owner(name="Ada", locale="fr", timezone="Europe/Paris")
        with storage.transaction() as uow:
            uow.owners.add(owner)
        with storage.reading() as uow:
            assert uow.owners.get(owner.owner_id) == owner
            assert uow.owners.by_email(owner.email) == owner

    def test_address_belongs_to_one_owner(self, storage: Storage) -> None:
        with storage.transaction() as uow:
            uow.owners.add(factories.owner(email="ada@example.org"))
        second = factories.owner(email="ada@example.org")
        with pytest.raises(StorageConflict), storage.transaction() as uow:
            uow.owners.add(second)
        with storage.reading() as uow:
            assert uow.owners.get(second.owner_id) is None

    @needs("owner_list")
    def test_owners_can_be_gone_through(self, storage: Storage) -> None:
        owners = [factories.owner(email=f"owner{number}@example.org") for number in range(5)]
        with storage.transaction() as uow:
            for owner in owners:
                uow.owners.add(owner)
        owners.sort(key=lambda owner: owner.owner_id)
        with storage.reading() as uow:
            directory = cast("OwnerDirectory", uow.owners)
            assert list(directory.list()) == owners
            assert list(directory.list(limit=2)) == owners[:2]
            assert list(directory.list(after=owners[1].owner_id, limit=2)) == owners[2:4]
            assert list(directory.list(after=owners[4].owner_id)) == []

    def test_owner_moves_to_another_address(self, storage: Storage) -> None:
        owner = factories.owner()
        moved = replace(owner, email="new@example.org", name="Ada L.")
        with storage.transaction() as uow:
            uow.owners.add(owner)
        with storage.transaction() as uow:
            uow.owners.update(moved)
        with storage.reading() as uow:
            assert uow.owners.by_email("new@example.org") == moved
            assert uow.owners.by_email(owner.email) is None

    def test_password_hash_is_kept_and_replaced(self, storage: Storage) -> None:
        owner = factories.owner()
        with storage.transaction() as uow:
            uow.owners.add(owner)
        with storage.reading() as uow:
            assert uow.owners.password_hash(owner.owner_id) is None
        for encoded in ("$argon2id$one", "$argon2id$two"):
            with storage.transaction() as uow:
                uow.owners.set_password_hash(owner.owner_id, encoded)
            with storage.reading() as uow:
                assert uow.owners.password_hash(owner.owner_id) == encoded

    def test_session_lives_until_its_time_is_over(self, storage: Storage) -> None:
        owner = factories.owner()
        session = factories.session(owner.owner_id, expires_at=NOW + HOUR, amr=("pwd", "otp"))
        with storage.transaction() as uow:
            uow.owners.add(owner)
            uow.owners.add_session(session)
        with storage.reading() as uow:
            assert uow.owners.session(session.session_hash, NOW + HOUR - 1) == session
            assert uow.owners.session(session.session_hash, NOW + HOUR) is None

    def test_sessions_are_ended_one_or_all(self, storage: Storage) -> None:
        owner, other = factories.owner(), factories.owner()
        sessions = [factories.session(owner.owner_id) for _ in range(3)]
        foreign = factories.session(other.owner_id)
        with storage.transaction() as uow:
            for person in (owner, other):
                uow.owners.add(person)
            for session in (*sessions, foreign):
                uow.owners.add_session(session)
        with storage.transaction() as uow:
            assert uow.owners.end_session(sessions[0].session_hash) is True
            assert uow.owners.end_session(sessions[0].session_hash) is False
            assert uow.owners.end_sessions(owner.owner_id) == 2
        with storage.reading() as uow:
            assert [uow.owners.session(one.session_hash, NOW) for one in sessions] == [None] * 3
            assert uow.owners.session(foreign.session_hash, NOW) == foreign

    def test_interaction_comes_back_equal(self, world: World) -> None:
        request = factories.request(
            world.client.client_id,
            redirect_uri_given=False,
            state=None,
            code_challenge="c" * 43,
            prompt="consent",
            ui_locales=("fr", "en"),
            audience=("https://api.example/b", "https://api.example/a"),
        )
        interaction = factories.interaction(world.client.client_id, request=request)
        world.storage.protocol.open_interaction(interaction)
        with world.storage.reading() as uow:
            assert uow.interactions.get(interaction.interaction_hash) == interaction

    @pytest.mark.parametrize("state", ["", " ", "ü\n€", "x" * 2000])
    def test_state_is_kept_byte_for_byte(self, world: World, state: str) -> None:
        request = factories.request(world.client.client_id, state=state)
        interaction = factories.interaction(world.client.client_id, request=request)
        world.storage.protocol.open_interaction(interaction)
        with world.storage.reading() as uow:
            found = uow.interactions.get(interaction.interaction_hash)
        assert found is not None
        assert found.request.state == state

    def test_interaction_is_handed_on_only_by_its_session(self, world: World) -> None:
        interaction = factories.interaction(world.client.client_id)
        key, before, after = interaction.interaction_hash, interaction.session_hash, b"n" * 32
        world.storage.protocol.open_interaction(interaction)
        with world.storage.transaction() as uow:
            assert uow.interactions.bind(key, b"x" * 32, after, world.owner.owner_id) is False
            assert uow.interactions.get(key) == interaction
            assert uow.interactions.bind(key, before, after, world.owner.owner_id) is True
            assert uow.interactions.bind(key, before, b"z" * 32, "owner-other") is False
            assert uow.interactions.bind(b"?" * 32, before, after, world.owner.owner_id) is False
        with world.storage.reading() as uow:
            bound = replace(interaction, session_hash=after, owner_id=world.owner.owner_id)
            assert uow.interactions.get(key) == bound

    def test_interaction_is_consumed_once(self, world: World) -> None:
        interaction = factories.interaction(world.client.client_id)
        world.storage.protocol.open_interaction(interaction)
        with world.storage.transaction() as uow:
            assert uow.interactions.consume(interaction.interaction_hash) is True
        with world.storage.transaction() as uow:
            assert uow.interactions.consume(interaction.interaction_hash) is False
            assert uow.interactions.get(interaction.interaction_hash) is None

    def test_expired_interactions_come_oldest_first(self, world: World) -> None:
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
