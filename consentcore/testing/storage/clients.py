"""Clients, and their logos."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import (
    DAY,
    AuthMethod,
    ClientKind,
    ClientSecret,
    SelfRegistration,
    Storage,
    StorageConflict,
    TokenFormat,
    transact,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario


class ClientGroup:
    """:class:`consentcore.api.ClientRepository`: what is stored comes back as it was, and nothing else does."""

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
            tls_client_auth="san_dns:app.example",
            tls_client_certificate_bound_access_tokens=True,
            profile="fapi2",
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
            tls_client_auth="subject_dn:CN=app,O=Cool",
            tls_client_certificate_bound_access_tokens=True,
            profile="fapi2",
        )
        with storage.transaction() as uow:
            uow.clients.add(client)
        with storage.transaction() as uow:
            uow.clients.update(changed)
        with storage.reading() as uow:
            assert uow.clients.get(client.client_id) == changed

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

    def test_what_it_signs_and_what_is_signed_for_it_is_kept(self, storage: Storage) -> None:
        client = factories.client(
            require_signed_request_object=True,
            request_object_signing_alg="PS256",
            authorization_signed_response_alg="ES256",
            introspection_signed_response_alg="EdDSA",
        )
        with storage.transaction() as uow:
            uow.clients.add(client)
        assert storage.protocol.read_authorize(client.client_id, None, NOW).client == client
        changed = replace(client, require_signed_request_object=False, authorization_signed_response_alg="")
        with storage.transaction() as uow:
            uow.clients.update(changed)
        with storage.reading() as uow:
            assert uow.clients.get(client.client_id) == changed

    def test_what_it_can_do_without_is_kept(self, storage: Storage) -> None:
        client = factories.client(scopes=("a", "b", "c"), optional_scopes=("b",))
        with storage.transaction() as uow:
            uow.clients.add(client)
        assert storage.protocol.read_authorize(client.client_id, None, NOW).client == client
        changed = replace(client, optional_scopes=("c", "b"))
        with storage.transaction() as uow:
            uow.clients.update(changed)
        with storage.reading() as uow:
            assert uow.clients.get(client.client_id) == changed

    def test_types_of_authorization_details_are_kept(self, storage: Storage) -> None:
        client = factories.client(
            authorization_details_types=("meter_readings", "https://api.example/payment")
        )
        with storage.transaction() as uow:
            uow.clients.add(client)
        assert storage.protocol.read_authorize(client.client_id, None, NOW).client == client
        changed = replace(client, authorization_details_types=())
        with storage.transaction() as uow:
            uow.clients.update(changed)
        with storage.reading() as uow:
            assert uow.clients.get(client.client_id) == changed

    def test_when_it_was_verified_and_which_logo_it_has_is_kept(self, storage: Storage) -> None:
        client = factories.client(verified_at=NOW - DAY, logo="0123456789abcdef")
        with storage.transaction() as uow:
            uow.clients.add(client)
        assert storage.protocol.read_authorize(client.client_id, None, NOW).client == client
        with storage.transaction() as uow:
            uow.clients.update(replace(client, verified_at=None, logo=""))
        with storage.reading() as uow:
            found = uow.clients.get(client.client_id)
        assert found is not None
        assert (found.verified_at, found.logo) == (None, "")

    def test_what_it_says_of_itself_is_kept(self, storage: Storage) -> None:
        said = SelfRegistration(
            NOW,
            token_id="t-1",
            contacts=("ada@a.example", "Büro"),
            logo_uri="https://a.example/logo.png",
            tos_uri="https://a.example/terms",
            software_id="s",
            software_version="2",
            document_url="https://a.example/app.json",
            document='{"client_name": "„neu“"}' + " " * 10_000,
            kept_at=NOW + 1,
        )
        client = factories.client(self_registered=said)
        with storage.transaction() as uow:
            uow.clients.add(client)
        with storage.reading() as uow:
            assert uow.clients.get(client.client_id) == client
        assert storage.protocol.read_authorize(client.client_id, None, NOW).client == client
        with storage.transaction() as uow:
            uow.clients.update(replace(client, self_registered=None))
        with storage.reading() as uow:
            assert uow.clients.get(client.client_id) == replace(client, self_registered=None)

    def test_client_that_no_grant_names_is_removed(self, storage: Storage, world: Scenario) -> None:
        used, unused = world.client, factories.client()
        transact(storage, lambda uow: uow.clients.add(unused))
        assert transact(storage, lambda uow: uow.clients.remove_unused(unused.client_id))
        assert not transact(storage, lambda uow: uow.clients.remove_unused(unused.client_id))
        assert not transact(storage, lambda uow: uow.clients.remove_unused(used.client_id))
        with storage.reading() as uow:
            assert uow.clients.get(unused.client_id) is None
            assert uow.clients.get(used.client_id) == used
        transact(storage, lambda uow: uow.clients.add(unused))

    def test_logo_is_stored_replaced_and_removed(self, storage: Storage) -> None:
        client, other = factories.client(), factories.client()
        first = factories.logo(client.client_id, content=bytes(range(256)) * 200)
        second = factories.logo(
            client.client_id, content_type="image/webp", content=b"\x00", fetched_at=NOW + 1
        )
        with storage.transaction() as uow:
            uow.clients.add(client)
            uow.clients.add(other)
            uow.clients.set_logo(first)
            uow.clients.set_logo(kept := factories.logo(other.client_id))
        for logo in (first, second):
            with storage.transaction() as uow:
                uow.clients.set_logo(logo)
            with storage.reading() as uow:
                assert uow.clients.logo(client.client_id) == logo
        for _ in range(2):
            with storage.transaction() as uow:
                uow.clients.remove_logo(client.client_id)
        with storage.reading() as uow:
            assert uow.clients.logo(client.client_id) is None
            assert uow.clients.logo(other.client_id) == kept

    def test_client_id_is_taken_once(self, storage: Storage) -> None:
        client = factories.client()
        with storage.transaction() as uow:
            uow.clients.add(client)
        with pytest.raises(StorageConflict), storage.transaction() as uow:
            uow.clients.add(replace(client, name="Impostor"))
        with storage.reading() as uow:
            assert uow.clients.get(client.client_id) == client

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

    def test_several_clients_are_read_at_once(self, storage: Storage) -> None:
        some = [factories.client(client_id=f"client-{number}") for number in range(3)]
        some[1] = replace(some[1], enabled=False)
        with storage.transaction() as uow:
            for client in some:
                uow.clients.add(client)
        with storage.reading() as uow:
            found = uow.clients.several(["client-2", "nobody", "client-1", "client-2"])
            assert sorted(found, key=lambda one: one.client_id) == some[1:]
            assert list(uow.clients.several([])) == []
            many = [f"nobody-{number}" for number in range(990)]
            assert list(uow.clients.several([*many, "client-0"])) == [some[0]]
