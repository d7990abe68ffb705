from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from consentcore.consent.service import Approval, ConsentService, Decision
from consentcore.consent.snapshot import make_snapshot
from consentcore.domain.client import Client
from consentcore.domain.event import Evidence
from consentcore.domain.interaction import Interaction
from consentcore.domain.owner import Owner
from consentcore.domain.scope import Catalog, Scope, ScopeType
from consentcore.testing import factories
from consentcore.testing.fakes import ManualClock, fixed_keys
from consentcore_memory import MemoryStorage

if TYPE_CHECKING:
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage

CATALOG = Catalog.of(
    [
        Scope("sites.read", "Your sites", "Names", data_categories=("sites",)),
        Scope("comfort.read", "Room climate", "Temperature", access_max_days=200),
        Scope("ev.write", "Plan charging", "Plans", type=ScopeType.ACT, access_max_days=90, level=4),
        Scope("offline_access", "Stay connected", "Stays", type=ScopeType.SESSION, access_max_days=30),
    ]
)


@dataclass
class House:
    """A store with one owner and one application, and the service over it."""

    storage: Storage
    keys: KeyRing
    clock: ManualClock
    service: ConsentService
    owner: Owner
    client: Client
    catalog: Catalog = CATALOG

    def asks(self, *scopes: str, client: Client | None = None, owner: Owner | None = None) -> Interaction:
        """A pending request of the client, in the hands of the owner."""
        client, owner, now = client or self.client, owner or self.owner, self.clock.now()
        found = factories.interaction(
            client.client_id,
            request=factories.request(client.client_id, scopes=scopes),
            owner_id=owner.owner_id,
            created_at=now,
            expires_at=now + 600_000,
        )
        self.storage.protocol.open_interaction(found)
        return found

    def snapshot(self, text: str = "May CoolSite see your data?"):
        return make_snapshot({"text": text}, self.clock.now())

    def approve(
        self, *scopes: str, allow: tuple[str, ...] | None = None, resources: tuple[str, ...] = (), **who
    ) -> Approval:
        interaction = self.asks(*scopes, **who)
        with self.storage.transaction() as uow:
            return self.service.approve(
                uow,
                interaction=interaction,
                client=who.get("client", self.client),
                owner=who.get("owner", self.owner),
                decision=Decision(scopes if allow is None else allow, resources),
                evidence=Evidence("button:approve", ip_coarse="192.0.2.0/24"),
                snapshot=self.snapshot(),
            )

    def deny(self, *scopes: str):
        interaction = self.asks(*scopes)
        with self.storage.transaction() as uow:
            return self.service.deny(
                uow,
                interaction=interaction,
                client=self.client,
                owner=self.owner,
                evidence=Evidence("button:deny"),
                snapshot=self.snapshot(),
            )

    def revoke(self, grant_id: str, actor, **more):
        with self.storage.transaction() as uow:
            return self.service.revoke(
                uow, grant_id, actor=actor, evidence=more.pop("evidence", Evidence("test")), **more
            )

    def new_client(self, **fields) -> Client:
        client = factories.client(scopes=tuple(CATALOG.scopes), **fields)
        with self.storage.transaction() as uow:
            uow.clients.add(client)
        return client

    def disable(self, client: Client) -> Client:
        off = replace(client, enabled=False)
        with self.storage.transaction() as uow:
            uow.clients.update(off)
        return off


def furnish(storage: Storage | None = None) -> House:
    """A new house; also for tests that need one per example."""
    storage, keys, clock = storage or MemoryStorage(), fixed_keys(), ManualClock()
    owner = factories.owner()
    service = ConsentService(keys=keys, clock=clock, catalog=CATALOG, code_ttl_ms=60_000, grant_days=365)
    with storage.transaction() as uow:
        uow.owners.add(owner)
    found = House(storage, keys, clock, service, owner, factories.client())
    found.client = found.new_client(name="CoolSite")
    return found


@pytest.fixture
def house() -> House:
    return furnish()


@pytest.fixture(scope="session")
def build():
    return furnish
