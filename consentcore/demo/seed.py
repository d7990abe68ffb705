"""What the demo begins with: two people and two applications, with secrets of their own at every start."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.clients.form import ClientForm
from consentcore.owners.service import NewOwner

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
    mcp_id: str
    mcp_secret: str
    password: str
    owner_ids: tuple[str, ...]


def seed(runtime: Runtime, isv_url: str, mcp_url: str) -> Seed:
    """Store the people, CoolSite with its webhook endpoint, the demo API and the MCP server, in one transaction.

    :param mcp_url: what tokens for the MCP server have to name.
    """
    forms = (_coolsite(isv_url), _api(), _mcp_server(mcp_url))
    application, api, mcp = (runtime.clients.prepare(form) for form in forms)
    owners = [runtime.owners.prepare(NewOwner(email, name)) for email, name in PEOPLE]
    password = f"demo-{secrets.token_hex(3)}"
    with runtime.storage.transaction() as uow:
        for owner in owners:
            runtime.owners.add(uow, owner, password)
        for new in (application, api, mcp):
            runtime.clients.add(uow, new)
    return Seed(
        client_id=application.client.client_id,
        client_secret=application.client_secret or "",
        webhook_secret=application.webhook_secret or "",
        api_id=api.client.client_id,
        api_secret=api.client_secret or "",
        mcp_id=mcp.client.client_id,
        mcp_secret=mcp.client_secret or "",
        password=password,
        owner_ids=tuple(owner.owner_id for owner in owners),
    )


def _coolsite(isv_url: str) -> ClientForm:
    return ClientForm(
        client_id=f"coolsite-{secrets.token_hex(4)}",
        name="CoolSite",
        redirect_uris=(f"{isv_url}/callback",),
        scopes=("sites.read", "comfort.read", "alarms.read", "offline_access"),
        publisher="Frostline SAS",
        website=isv_url,
        privacy_url=f"{isv_url}/",
        purpose="We look at temperature and humidity in each room and tell you where heating or cooling is wasted.",
        webhook_url=f"{isv_url}/webhooks",
        verified=True,
    )


def _api() -> ClientForm:
    return ClientForm(
        client_id=f"demo-api-{secrets.token_hex(4)}",
        name="Room climate API",
        resource_server=True,
        scopes=("comfort.read",),
    )


def _mcp_server(url: str) -> ClientForm:
    return ClientForm(
        client_id=f"demo-mcp-{secrets.token_hex(4)}",
        name="Room climate for assistants",
        resource_server=True,
        scopes=("sites.read", "comfort.read"),
        audiences=(url,),
    )
