"""Clients and their webhook endpoints inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from consentcore.api import Client, ClientLogo, EndpointHealth, WebhookEndpoint
from consentcore_memory.engine import Session


class MemoryClients:
    """:class:`consentcore.api.ClientRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, client_id: str) -> Client | None:
        return self._session.state.clients.get(client_id)

    def several(self, client_ids: Collection[str]) -> Sequence[Client]:
        found = map(self._session.state.clients.get, dict.fromkeys(client_ids))
        return [client for client in found if client is not None]

    def add(self, client: Client) -> None:
        if client.client_id in self._session.draft.clients:
            raise self._session.collision(f"there is a client {client.client_id!r} already")
        self._session.draft.clients.put(client.client_id, client)

    def update(self, client: Client) -> None:
        if client.client_id in self._session.draft.clients:
            self._session.draft.clients.put(client.client_id, client)

    def remove_unused(self, client_id: str) -> bool:
        if any(row.client_id == client_id for row in self._session.state.grants.values()):
            return False
        return self._session.draft.clients.drop([client_id]) == 1

    def list(self, *, after: str = "", limit: int = 100) -> Sequence[Client]:
        rows = (row for row in self._session.state.clients.values() if row.client_id > after)
        return sorted(rows, key=lambda row: row.client_id)[:limit]

    def logo(self, client_id: str) -> ClientLogo | None:
        return self._session.state.logos.get(client_id)

    def set_logo(self, logo: ClientLogo) -> None:
        self._session.draft.logos.put(logo.client_id, logo)

    def remove_logo(self, client_id: str) -> None:
        self._session.draft.logos.drop([client_id])

    def add_endpoint(self, endpoint: WebhookEndpoint) -> None:
        if endpoint.endpoint_id in self._session.draft.endpoints:
            raise self._session.collision(f"there is an endpoint {endpoint.endpoint_id!r} already")
        self._session.draft.endpoints.put(endpoint.endpoint_id, endpoint)

    def update_endpoint(self, endpoint: WebhookEndpoint) -> None:
        before = self._session.draft.endpoints.get(endpoint.endpoint_id)
        if before is not None:
            self._session.draft.endpoints.put(endpoint.endpoint_id, replace(endpoint, health=before.health))

    def set_health(self, endpoint_id: str, health: EndpointHealth) -> None:
        before = self._session.draft.endpoints.get(endpoint_id)
        if before is not None:
            self._session.draft.endpoints.put(endpoint_id, replace(before, health=health))

    def remove_endpoint(self, endpoint_id: str) -> bool:
        return self._session.draft.endpoints.drop([endpoint_id]) == 1

    def failing_endpoints(self, since: int, *, warned: bool, limit: int) -> Sequence[WebhookEndpoint]:
        failing = [
            (row.health.failing_since, row.endpoint_id, row)
            for row in self._session.state.endpoints.values()
            if row.disabled_at is None
            and row.health.failing_since is not None
            and row.health.failing_since <= since
            and (row.health.warned_at is not None) is warned
        ]
        return [row for _, _, row in sorted(failing, key=lambda item: item[:2])][:limit]

    def endpoint(self, endpoint_id: str, *, lock: bool = False) -> WebhookEndpoint | None:
        return self._session.view(lock=lock).endpoints.get(endpoint_id)

    def endpoints(self, client_id: str) -> Sequence[WebhookEndpoint]:
        rows = (row for row in self._session.state.endpoints.values() if row.client_id == client_id)
        return sorted(rows, key=lambda row: (row.created_at, row.endpoint_id))
