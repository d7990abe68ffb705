"""What the demo begins with: two people and two applications, with secrets of their own at every start."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.domain.client import Client, ClientKind, ClientSecret, SealedSecret, WebhookEndpoint
from consentcore.domain.owner import Owner
from consentcore.domain.secret import CLIENT_SECRET, digest, mint

if TYPE_CHECKING:
    from consentcore.ports.storage import UnitOfWork
    from consentcore.runtime import Runtime

PEOPLE = (("ada@example.org", "Ada Moreau"), ("grace@example.org", "Grace Okafor"))


@dataclass(frozen=True)
class Seed:
    """Credentials of what was made."""

    client_id: str
    client_secret: str
    webhook_secret: str
    api_id: str
    api_secret: str
    password: str
    owner_ids: tuple[str, ...]


def seed(runtime: Runtime, isv_url: str) -> Seed:
    """Store the people, CoolSite with its webhook endpoint, and the demo API, in one transaction."""
    found = Seed(
        client_id=f"coolsite-{secrets.token_hex(4)}",
        client_secret=mint(CLIENT_SECRET),
        webhook_secret=_webhook_secret(),
        api_id=f"demo-api-{secrets.token_hex(4)}",
        api_secret=mint(CLIENT_SECRET),
        password=f"demo-{secrets.token_hex(3)}",
        owner_ids=tuple(str(uuid.uuid4()) for _ in PEOPLE),
    )
    with runtime.storage.transaction() as uow:
        _add_people(runtime, uow, found)
        _add_clients(runtime, uow, found, isv_url)
    return found


def _add_people(runtime: Runtime, uow: UnitOfWork, found: Seed) -> None:
    for owner_id, (email, name) in zip(found.owner_ids, PEOPLE, strict=True):
        uow.owners.add(Owner(owner_id, email, runtime.clock.now(), name))
        runtime.login.set_password(uow, owner_id, found.password)


def _add_clients(runtime: Runtime, uow: UnitOfWork, found: Seed, isv_url: str) -> None:
    now = runtime.clock.now()
    uow.clients.add(
        Client(
            client_id=found.client_id,
            name="CoolSite",
            created_at=now,
            secrets=(ClientSecret(digest(found.client_secret), now),),
            redirect_uris=(f"{isv_url}/callback",),
            scopes=("sites.read", "comfort.read", "alarms.read", "offline_access"),
            publisher="Frostline SAS",
            website=isv_url,
            privacy_url=f"{isv_url}/",
            purpose="We look at temperature and humidity in each room and tell you where heating or cooling is wasted.",
        )
    )
    endpoint_id = f"ep_{uuid.uuid4().hex}"
    sealed = runtime.keys.seal("webhook", found.webhook_secret.encode(), endpoint_id)
    uow.clients.add_endpoint(
        WebhookEndpoint(
            endpoint_id, found.client_id, f"{isv_url}/webhooks", now, secrets=(SealedSecret(sealed, now),)
        )
    )
    uow.clients.add(
        Client(
            client_id=found.api_id,
            name="Room climate API",
            created_at=now,
            kind=ClientKind.RESOURCE_SERVER,
            secrets=(ClientSecret(digest(found.api_secret), now),),
            scopes=("comfort.read",),
        )
    )


def _webhook_secret() -> str:
    from base64 import b64encode

    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()
