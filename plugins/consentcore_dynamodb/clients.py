"""Clients and their webhook endpoints inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import islice

from consentcore.api import Client, ClientLogo, EndpointHealth, WebhookEndpoint
from consentcore_dynamodb.grants import of_client
from consentcore_dynamodb.keys import (
    LISTS,
    OTHERS,
    WORK,
    Item,
    Key,
    all_shards,
    client_key,
    indexed,
    name,
    place,
)
from consentcore_dynamodb.records import CLIENTS, ENDPOINTS, LOGOS
from consentcore_dynamodb.work import Work

ALL = "CLIENTS"


class DynamoClients:
    """:class:`consentcore.api.ClientRepository` in DynamoDB."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, client_id: str) -> Client | None:
        return CLIENTS.read_from(self._work.get(client_key(client_id)))

    def several(self, client_ids: Collection[str]) -> Sequence[Client]:
        found = self._work.get_many(map(client_key, client_ids))
        return [CLIENTS.read(item) for item in found.values()]

    def add(self, client: Client) -> None:
        item, said = client_item(client), f"there is a client {client.client_id!r} already"
        self._work.get(client_key(client.client_id))
        self._work.add(item, said)

    def update(self, client: Client) -> None:
        before = self._work.get(client_key(client.client_id), lock=True)
        if before is not None:
            self._work.replace(before, client_item(client))

    def remove_unused(self, client_id: str) -> bool:
        before = self._work.get(client_key(client_id), lock=True)
        named = self._work.find(OTHERS, all_shards(of_client(client_id)), page=1)
        if before is None or next(iter(named), None) is not None:
            return False
        self._work.drop(before)
        return True

    def list(self, *, after: str = "", limit: int = 100) -> Sequence[Client]:
        found = self._work.find(LISTS, [ALL], above=after or None, page=limit)
        return [CLIENTS.read(item) for item in islice(found, limit)]

    def logo(self, client_id: str) -> ClientLogo | None:
        return LOGOS.read_from(self._work.get(logo_key(client_id)))

    def set_logo(self, logo: ClientLogo) -> None:
        key = logo_key(logo.client_id)
        before, item = self._work.get(key, lock=True), {**LOGOS.write(logo), **key.attributes}
        if before is None:
            self._work.add(item, f"there is a logo of {logo.client_id!r} already")
        else:
            self._work.replace(before, item)

    def remove_logo(self, client_id: str) -> None:
        before = self._work.get(logo_key(client_id), lock=True)
        if before is not None:
            self._work.drop(before)

    def add_endpoint(self, endpoint: WebhookEndpoint) -> None:
        said = f"there is an endpoint {endpoint.endpoint_id!r} already"
        self._work.add(endpoint_item(endpoint), said)

    def update_endpoint(self, endpoint: WebhookEndpoint) -> None:
        before = self._work.get(endpoint_key(endpoint.endpoint_id), lock=True)
        if before is not None:
            changed = replace(endpoint, health=ENDPOINTS.read(before).health)
            self._work.replace(before, endpoint_item(changed))

    def set_health(self, endpoint_id: str, health: EndpointHealth) -> None:
        before = self._work.get(endpoint_key(endpoint_id), lock=True)
        if before is not None:
            changed = replace(ENDPOINTS.read(before), health=health)
            self._work.replace(before, endpoint_item(changed))

    def remove_endpoint(self, endpoint_id: str) -> bool:
        before = self._work.get(endpoint_key(endpoint_id), lock=True)
        if before is None:
            return False
        self._work.drop(before)
        return True

    def failing_endpoints(self, since: int, *, warned: bool, limit: int) -> Sequence[WebhookEndpoint]:
        found = self._work.find(WORK, [_failing(warned=warned)], below=place(since + 1), page=limit)
        return [ENDPOINTS.read(item) for item in islice(found, limit)]

    def endpoint(self, endpoint_id: str, *, lock: bool = False) -> WebhookEndpoint | None:
        return ENDPOINTS.read_from(self._work.get(endpoint_key(endpoint_id), lock=lock))

    def endpoints(self, client_id: str) -> Sequence[WebhookEndpoint]:
        found = self._work.find(LISTS, [name("ENDPOINTS", client_id)])
        return [ENDPOINTS.read(item) for item in found]


def client_item(client: Client) -> Item:
    """The item of a client."""
    key = client_key(client.client_id)
    return {**CLIENTS.write(client), **key.attributes, **indexed(LISTS, ALL, client.client_id)}


def logo_key(client_id: str) -> Key:
    """The logo of a client."""
    return Key(name("LOGO", client_id))


def endpoint_key(endpoint_id: str) -> Key:
    """An endpoint."""
    return Key(name("ENDPOINT", endpoint_id))


def endpoint_item(endpoint: WebhookEndpoint) -> Item:
    """The item of an endpoint."""
    of_client = name("ENDPOINTS", endpoint.client_id)
    item = {
        **ENDPOINTS.write(endpoint),
        **endpoint_key(endpoint.endpoint_id).attributes,
        **indexed(LISTS, of_client, place(endpoint.created_at, endpoint.endpoint_id)),
    }
    since = endpoint.health.failing_since
    if endpoint.disabled_at is None and since is not None:
        partition = _failing(warned=endpoint.health.warned_at is not None)
        item.update(indexed(WORK, partition, place(since, endpoint.endpoint_id)))
    return item


def _failing(*, warned: bool) -> str:
    return name("FAILING", "warned" if warned else "new")
