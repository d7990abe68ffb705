"""Applications and where they are told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.client import Client, ClientLogo, EndpointHealth, WebhookEndpoint


class ClientRepository(Protocol):
    """Registered clients and their webhook endpoints. Purge leaves both."""

    def get(self, client_id: str) -> Client | None:
        """The client of that id, enabled or not."""
        ...

    def several(self, client_ids: Collection[str]) -> Sequence[Client]:
        """The clients of these ids, enabled or not, in any order; ids without one are left out.

        :param client_ids: at most 1000.
        """
        ...

    def add(self, client: Client) -> None:
        """Store a new client.

        :raises StorageConflict: when the id is taken.
        """
        ...

    def update(self, client: Client) -> None:
        """Replace the client of that id; nothing happens when there is none."""
        ...

    def remove_unused(self, client_id: str) -> bool:
        """Remove a client for good that no grant has ever named, whatever became of that; False, and nothing happens,
        where one has, or there is no such client. Its endpoints and its logo have to be removed before."""
        ...

    def list(self, *, after: str = "", limit: int = 100) -> Sequence[Client]:
        """Clients with an id greater than ``after``, by id; at most ``limit`` (1 to 1000)."""
        ...

    def logo(self, client_id: str) -> ClientLogo | None:
        """The logo of a client; None when there is none."""
        ...

    def set_logo(self, logo: ClientLogo) -> None:
        """Store the logo of a client that there is, or put it in the place of the one before."""
        ...

    def remove_logo(self, client_id: str) -> None:
        """Remove the logo of a client for good; nothing happens when there is none."""
        ...

    def add_endpoint(self, endpoint: WebhookEndpoint) -> None:
        """Store a new endpoint of a client that there is, with its health.

        :raises StorageConflict: when the id is taken.
        """
        ...

    def update_endpoint(self, endpoint: WebhookEndpoint) -> None:
        """Replace the endpoint of that id, all but its health; nothing happens when there is none. Lock it before it is
        read, or a change made at the same time is lost."""
        ...

    def set_health(self, endpoint_id: str, health: EndpointHealth) -> None:
        """Replace the health of an endpoint and nothing else; nothing happens when there is none."""
        ...

    def remove_endpoint(self, endpoint_id: str) -> bool:
        """Remove an endpoint for good; False when there was none. Its deliveries stay in the log."""
        ...

    def endpoint(self, endpoint_id: str, *, lock: bool = False) -> WebhookEndpoint | None:
        """The endpoint of that id.

        :param lock: nobody else changes it before this transaction ends (or this one conflicts).
        """
        ...

    def failing_endpoints(self, since: int, *, warned: bool, limit: int) -> Sequence[WebhookEndpoint]:
        """Enabled endpoints with ``failing_since`` at or before ``since``, longest first, then by id.

        :param warned: those with ``warned_at``, or those without.
        :param limit: at most so many.
        """
        ...

    def endpoints(self, client_id: str) -> Sequence[WebhookEndpoint]:
        """Every endpoint of a client, disabled ones included, oldest first, then by id; an application has a few."""
        ...
