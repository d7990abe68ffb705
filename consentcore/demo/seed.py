"""What the demo begins with: two people and two applications, with secrets of their own at every start."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.clients.service import Form, register
from consentcore.domain.owner import Owner

if TYPE_CHECKING:
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
    application = register(runtime, _coolsite(isv_url))
    api = register(runtime, _api())
    owner_ids = tuple(str(uuid.uuid4()) for _ in PEOPLE)
    password = f"demo-{secrets.token_hex(3)}"
    passwords = runtime.passwords
    assert passwords is not None, "the demo's INI names login_local"
    with runtime.storage.transaction() as uow:
        for owner_id, (email, name) in zip(owner_ids, PEOPLE, strict=True):
            uow.owners.add(Owner(owner_id, email, runtime.clock.now(), name))
            passwords.set_password(uow, owner_id, password)
        for made in (application, api):
            uow.clients.add(made.client)
            if made.endpoint:
                uow.clients.add_endpoint(made.endpoint)
    return Seed(
        client_id=application.client.client_id,
        client_secret=application.client_secret or "",
        webhook_secret=application.webhook_secret or "",
        api_id=api.client.client_id,
        api_secret=api.client_secret or "",
        password=password,
        owner_ids=owner_ids,
    )


def _coolsite(isv_url: str) -> Form:
    return Form(
        client_id=f"coolsite-{secrets.token_hex(4)}",
        name="CoolSite",
        redirect_uris=(f"{isv_url}/callback",),
        scopes=("sites.read", "comfort.read", "alarms.read", "offline_access"),
        publisher="Frostline SAS",
        website=isv_url,
        privacy_url=f"{isv_url}/",
        purpose="We look at temperature and humidity in each room and tell you where heating or cooling is wasted.",
        webhook_url=f"{isv_url}/webhooks",
    )


def _api() -> Form:
    return Form(
        client_id=f"demo-api-{secrets.token_hex(4)}",
        name="Room climate API",
        resource_server=True,
        scopes=("comfort.read",),
    )
