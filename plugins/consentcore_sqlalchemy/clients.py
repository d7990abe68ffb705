"""Clients and their webhook endpoints inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import delete, select, update

from consentcore.api import Client, ClientLogo, EndpointHealth, WebhookEndpoint
from consentcore_sqlalchemy.rows.clients import CLIENTS, ENDPOINTS, HEALTH, LOGOS, client_from
from consentcore_sqlalchemy.tables import client as client_table
from consentcore_sqlalchemy.tables import client_logo, consent_grant, webhook_endpoint
from consentcore_sqlalchemy.work import Work


class SqlClients:
    """:class:`consentcore.api.ClientRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._known: dict[str, Client] = {}

    def get(self, client_id: str) -> Client | None:
        row = self._work.first(select(client_table).where(client_table.c.client_id == client_id))
        if not row:
            return None
        found = client_from(row)
        self._known[client_id] = found
        return found

    def several(self, client_ids: Collection[str]) -> Sequence[Client]:
        if not client_ids:
            return []
        wanted = select(client_table).where(client_table.c.client_id.in_(list(client_ids)))
        return [client_from(row) for row in self._work.rows(wanted)]

    def add(self, client: Client) -> None:
        self._work.add(client_table, CLIENTS.values(client))

    def update(self, client: Client) -> None:
        # Only what differs from what was read: somebody who suspends it meanwhile must not be overwritten.
        known, values = self._known.get(client.client_id), CLIENTS.values(client)
        before = CLIENTS.values(known) if known else {}
        changed = {name: value for name, value in values.items() if before.get(name, _UNKNOWN) != value}
        self._known[client.client_id] = client
        if changed:
            self._work.write(
                update(client_table).where(client_table.c.client_id == client.client_id).values(changed)
            )

    def remove_unused(self, client_id: str) -> bool:
        named = select(consent_grant.c.grant_id).where(consent_grant.c.client_id == client_id).exists()
        unused = delete(client_table).where(client_table.c.client_id == client_id, ~named)
        self._known.pop(client_id, None)
        return self._work.write(unused) > 0

    def logo(self, client_id: str) -> ClientLogo | None:
        row = self._work.first(select(client_logo).where(client_logo.c.client_id == client_id))
        return LOGOS.read(row) if row else None

    def set_logo(self, logo: ClientLogo) -> None:
        new, values = self._work.upsert(client_logo), LOGOS.values(logo)
        kept = {name: new.excluded[name] for name in values if name != "client_id"}
        self._work.write(new.values(values).on_conflict_do_update(index_elements=["client_id"], set_=kept))

    def remove_logo(self, client_id: str) -> None:
        self._work.write(delete(client_logo).where(client_logo.c.client_id == client_id))

    def add_endpoint(self, endpoint: WebhookEndpoint) -> None:
        self._work.add(webhook_endpoint, ENDPOINTS.values(endpoint))

    def update_endpoint(self, endpoint: WebhookEndpoint) -> None:
        same = webhook_endpoint.c.endpoint_id == endpoint.endpoint_id
        health = HEALTH.write(endpoint.health)
        kept = {name: value for name, value in ENDPOINTS.values(endpoint).items() if name not in health}
        self._work.write(update(webhook_endpoint).where(same).values(kept))

    def set_health(self, endpoint_id: str, health: EndpointHealth) -> None:
        same = webhook_endpoint.c.endpoint_id == endpoint_id
        self._work.write(update(webhook_endpoint).where(same).values(HEALTH.write(health)))

    def remove_endpoint(self, endpoint_id: str) -> bool:
        same = webhook_endpoint.c.endpoint_id == endpoint_id
        return self._work.write(delete(webhook_endpoint).where(same)) > 0

    def endpoint(self, endpoint_id: str, *, lock: bool = False) -> WebhookEndpoint | None:
        same = webhook_endpoint.c.endpoint_id == endpoint_id
        row = self._work.first(select(webhook_endpoint).where(same), lock=lock)
        return ENDPOINTS.read(row) if row else None

    def failing_endpoints(self, since: int, *, warned: bool, limit: int) -> Sequence[WebhookEndpoint]:
        told = webhook_endpoint.c.warned_at
        failing = (
            select(webhook_endpoint)
            .where(
                webhook_endpoint.c.disabled_at.is_(None),
                webhook_endpoint.c.failing_since <= since,
                told.is_not(None) if warned else told.is_(None),
            )
            .order_by(webhook_endpoint.c.failing_since, webhook_endpoint.c.endpoint_id)
            .limit(limit)
        )
        return [ENDPOINTS.read(row) for row in self._work.rows(failing)]

    def endpoints(self, client_id: str) -> Sequence[WebhookEndpoint]:
        theirs = (
            select(webhook_endpoint)
            .where(webhook_endpoint.c.client_id == client_id)
            .order_by(webhook_endpoint.c.created_at, webhook_endpoint.c.endpoint_id)
        )
        return [ENDPOINTS.read(row) for row in self._work.rows(theirs)]

    def list(self, *, after: str = "", limit: int = 100) -> Sequence[Client]:
        page = (
            select(client_table)
            .where(client_table.c.client_id > after)
            .order_by(client_table.c.client_id)
            .limit(limit)
        )
        return [client_from(row) for row in self._work.rows(page)]


_UNKNOWN = object()
