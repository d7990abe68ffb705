from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from consentcore.clients.access import ClientAccess
from consentcore.clients.form import ClientForm
from consentcore.clients.service import ClientService, NewClient
from consentcore.consent.service import ConsentService
from consentcore.egress import EgressPolicy
from consentcore.ports.storage import transact
from consentcore.testing import factories
from consentcore.testing.fakes import ManualClock, fixed_keys
from consentcore.testing.scenario import CATALOG
from consentcore_memory import MemoryStorage

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.grant import Grant
    from consentcore.ports.storage import Storage

DAY = 86_400_000


@dataclass
class Registry:
    """A store and the services over it."""

    storage: Storage
    clock: ManualClock
    clients: ClientService
    access: ClientAccess

    def do(self, work):
        return transact(self.storage, work)

    def register(self, **typed) -> NewClient:
        form = ClientForm(**{"name": "App", "scopes": ("sites.read",), "client_id": "app", **typed})
        if not form.resource_server and not form.redirect_uris:
            form = ClientForm(**{**form.__dict__, "redirect_uris": ("https://app.example/cb",)})
        new = self.clients.prepare(form)
        self.do(lambda uow: self.clients.add(uow, new))
        return new

    def get(self, client_id: str = "app") -> Client:
        with self.storage.reading() as uow:
            return self.clients.find(uow, client_id)

    def add_grant(self, client_id: str = "app", **fields) -> Grant:
        now = self.clock.now()
        owner = factories.owner()
        grant = factories.grant(
            owner.owner_id,
            client_id,
            created_at=now,
            changed_at=now,
            expires_at=fields.pop("expires_at", now + DAY),
            **fields,
        )

        def store(uow) -> None:
            uow.owners.add(owner)
            uow.grants.add(grant)

        self.do(store)
        return grant

    def grant(self, grant_id: str) -> Grant:
        with self.storage.reading() as uow:
            return uow.grants.get(grant_id)


@pytest.fixture
def registry() -> Registry:
    clock, keys, storage = ManualClock(), fixed_keys(), MemoryStorage()
    consents = ConsentService(keys=keys, clock=clock, catalog=CATALOG, code_ttl_ms=60_000, grant_days=365)
    egress = EgressPolicy(resolver=lambda _host, _port: ["8.8.8.8"])
    clients = ClientService(keys, clock, CATALOG, lambda: egress)
    access = ClientAccess(storage, clock, consents)
    return Registry(storage, clock, clients, access)
