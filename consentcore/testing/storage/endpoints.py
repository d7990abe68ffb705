"""Webhook endpoints of clients."""

from __future__ import annotations

from dataclasses import replace

from consentcore.api import (
    DAY,
    EndpointHealth,
    SealedSecret,
    Storage,
    UnitOfWork,
    WebhookEndpoint,
    transact,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario, populate
from consentcore.testing.threads import insist, together

SICK = EndpointHealth(NOW - DAY, NOW - 1, NOW - 2 * DAY, NOW - 5, NOW + 60_000)


def add_endpoints(storage: Storage, client_id: str, *healths: EndpointHealth) -> list[WebhookEndpoint]:
    """Commit an endpoint for each health, in that order."""
    made = [factories.endpoint(client_id, health=health) for health in healths]

    def work(uow: UnitOfWork) -> None:
        for endpoint in made:
            uow.clients.add_endpoint(endpoint)

    transact(storage, work)
    return made


class EndpointGroup:
    """Webhook endpoints and their health."""

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
            assert uow.clients.endpoint(endpoint.endpoint_id) == changed

    def test_health_is_kept_apart_from_everything_else(self, storage: Storage, world: Scenario) -> None:
        (endpoint,) = add_endpoints(storage, world.client.client_id, EndpointHealth())
        transact(storage, lambda uow: uow.clients.set_health(endpoint.endpoint_id, SICK))
        changed = replace(endpoint, url="https://new.example/", health=EndpointHealth())
        transact(storage, lambda uow: uow.clients.update_endpoint(changed))
        transact(storage, lambda uow: uow.clients.set_health("unknown", SICK))
        with storage.reading() as uow:
            assert uow.clients.endpoint(endpoint.endpoint_id) == replace(changed, health=SICK)

    def test_endpoint_comes_back_with_its_health(self, storage: Storage, world: Scenario) -> None:
        (endpoint,) = add_endpoints(storage, world.client.client_id, SICK)
        with storage.transaction() as uow:
            assert uow.clients.endpoint(endpoint.endpoint_id, lock=True) == endpoint
            assert uow.clients.endpoint("unknown", lock=True) is None

    def test_failing_endpoints_come_longest_first(self, storage: Storage, world: Scenario) -> None:
        client_id = world.client.client_id
        newer, older, warned, _fresh, _well = add_endpoints(
            storage,
            client_id,
            EndpointHealth(failing_since=NOW - 1),
            EndpointHealth(failing_since=NOW - 2),
            EndpointHealth(failing_since=NOW - 3, warned_at=NOW),
            EndpointHealth(failing_since=NOW + 1),
            EndpointHealth(last_success_at=NOW - 9),
        )
        off = factories.endpoint(client_id, disabled_at=NOW, health=EndpointHealth(failing_since=NOW - 9))
        transact(storage, lambda uow: uow.clients.add_endpoint(off))
        with storage.reading() as uow:
            find = uow.clients.failing_endpoints
            assert list(find(NOW, warned=False, limit=9)) == [older, newer]
            assert list(find(NOW, warned=False, limit=1)) == [older]
            assert list(find(NOW, warned=True, limit=9)) == [warned]

    def test_no_change_of_an_endpoint_is_lost_to_another(self, storage: Storage) -> None:
        world = populate(storage)
        (endpoint,) = add_endpoints(storage, world.client.client_id, EndpointHealth())

        def add_type(number: int) -> None:
            def work(uow: UnitOfWork) -> None:
                found = uow.clients.endpoint(endpoint.endpoint_id, lock=True)
                assert found is not None
                uow.clients.update_endpoint(replace(found, events=(*found.events, f"type.{number}")))

            insist(lambda: transact(storage, work))

        together(8, add_type)
        with storage.reading() as uow:
            found = uow.clients.endpoint(endpoint.endpoint_id)
        assert found is not None
        assert sorted(found.events) == [f"type.{number}" for number in range(8)]
