"""Clients, owners and interactions inside a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from consentcore.api import (
    Client,
    EndpointHealth,
    Interaction,
    Owner,
    OwnerIdentity,
    OwnerSession,
    OwnerTicket,
    WebhookEndpoint,
)
from consentcore_memory.engine import Session
from consentcore_memory.protocol import live_session


class MemoryClients:
    """:class:`consentcore.api.ClientRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, client_id: str) -> Client | None:
        return self._session.state.clients.get(client_id)

    def add(self, client: Client) -> None:
        if client.client_id in self._session.draft.clients:
            raise self._session.collision(f"there is a client {client.client_id!r} already")
        self._session.draft.clients.put(client.client_id, client)

    def update(self, client: Client) -> None:
        if client.client_id in self._session.draft.clients:
            self._session.draft.clients.put(client.client_id, client)

    def list(self, *, after: str = "", limit: int = 100) -> Sequence[Client]:
        rows = (row for row in self._session.state.clients.values() if row.client_id > after)
        return sorted(rows, key=lambda row: row.client_id)[:limit]

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

    def lock_endpoint(self, endpoint_id: str) -> WebhookEndpoint | None:
        return self._session.draft.endpoints.get(endpoint_id)

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

    def get_endpoint(self, endpoint_id: str) -> WebhookEndpoint | None:
        return self._session.state.endpoints.get(endpoint_id)

    def endpoints(self, client_id: str) -> Sequence[WebhookEndpoint]:
        rows = (row for row in self._session.state.endpoints.values() if row.client_id == client_id)
        return sorted(rows, key=lambda row: (row.created_at, row.endpoint_id))


class MemoryOwners:
    """:class:`consentcore.api.OwnerRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, owner_id: str) -> Owner | None:
        return self._session.state.owners.get(owner_id)

    def by_email(self, email: str) -> Owner | None:
        owner_id = self._session.state.addresses.get(email)
        return None if owner_id is None else self._session.state.owners.get(owner_id)

    def list(self, *, after: str = "", limit: int = 100) -> Sequence[Owner]:
        rows = (row for row in self._session.state.owners.values() if row.owner_id > after)
        return sorted(rows, key=lambda row: row.owner_id)[:limit]

    def lock(self, owner_id: str) -> Owner | None:
        return self._session.draft.owners.get(owner_id)

    def add(self, owner: Owner) -> None:
        if owner.owner_id in self._session.draft.owners:
            raise self._session.collision(f"there is an owner {owner.owner_id!r} already")
        self._claim_address(owner)
        self._session.draft.owners.put(owner.owner_id, owner)

    def update(self, owner: Owner) -> None:
        before = self._session.draft.owners.get(owner.owner_id)
        if before is None:
            return
        if before.email != owner.email:
            self._claim_address(owner)
            self._session.draft.addresses.drop([before.email])
        self._session.draft.owners.put(owner.owner_id, owner)

    def password_hash(self, owner_id: str) -> str | None:
        return self._session.state.passwords.get(owner_id)

    def set_password_hash(self, owner_id: str, encoded: str) -> None:
        self._session.draft.passwords.put(owner_id, encoded)

    def add_session(self, session: OwnerSession) -> None:
        self._session.draft.sessions.put(session.session_hash, session)

    def session(self, session_hash: bytes, now: int) -> OwnerSession | None:
        return live_session(self._session.state, session_hash, now)

    def sessions(self, owner_id: str, now: int) -> Sequence[OwnerSession]:
        rows = self._session.state.sessions.values()
        live = (row for row in rows if row.owner_id == owner_id and row.expires_at > now)
        return sorted(live, key=lambda row: (row.created_at, row.session_hash), reverse=True)

    def touch_session(self, session_hash: bytes, seen_at: int) -> None:
        found = self._session.draft.sessions.get(session_hash)
        if found is not None:
            self._session.draft.sessions.put(session_hash, replace(found, seen_at=seen_at))

    def end_session(self, session_hash: bytes) -> bool:
        return self._session.draft.sessions.drop([session_hash]) == 1

    def end_sessions(self, owner_id: str, *, keep: bytes = b"") -> int:
        sessions = self._session.draft.sessions
        theirs = (row.session_hash for row in sessions.values() if row.owner_id == owner_id)
        return sessions.drop([session_hash for session_hash in theirs if session_hash != keep])

    def _claim_address(self, owner: Owner) -> None:
        if owner.email in self._session.draft.addresses:
            raise self._session.collision("the address belongs to another owner")
        self._session.draft.addresses.put(owner.email, owner.owner_id)


class MemoryTickets:
    """:class:`consentcore.api.TicketRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, ticket: OwnerTicket) -> None:
        if ticket.ticket_hash in self._session.draft.tickets:
            raise self._session.collision("there is a ticket under that hash already")
        self._session.draft.tickets.put(ticket.ticket_hash, ticket)

    def get(self, ticket_hash: bytes, now: int) -> OwnerTicket | None:
        found = self._session.state.tickets.get(ticket_hash)
        return found if found is not None and now < found.expires_at else None

    def use(self, ticket_hash: bytes, purpose: str, now: int) -> OwnerTicket | None:
        found = self._session.draft.tickets.get(ticket_hash)
        if found is None or found.purpose != purpose or found.used_at is not None or now >= found.expires_at:
            return None
        used = replace(found, used_at=now)
        self._session.draft.tickets.put(ticket_hash, used)
        return used

    def drop(self, owner_id: str, purposes: Iterable[str]) -> int:
        tickets, doomed = self._session.draft.tickets, frozenset(purposes)
        theirs = [row for row in tickets.values() if row.owner_id == owner_id and row.purpose in doomed]
        return tickets.drop([row.ticket_hash for row in theirs])


class MemoryIdentities:
    """:class:`consentcore.api.IdentityRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, issuer: str, subject: str) -> OwnerIdentity | None:
        return self._session.state.identities.get((issuer, subject))

    def add(self, identity: OwnerIdentity) -> None:
        key = (identity.issuer, identity.subject)
        if key in self._session.draft.identities:
            raise self._session.collision("issuer and subject are somebody's already")
        self._session.draft.identities.put(key, identity)

    def of_owner(self, owner_id: str) -> Sequence[OwnerIdentity]:
        rows = (row for row in self._session.state.identities.values() if row.owner_id == owner_id)
        return sorted(rows, key=lambda row: (row.created_at, row.issuer, row.subject))


class MemoryInteractions:
    """:class:`consentcore.api.InteractionRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, interaction_hash: bytes) -> Interaction | None:
        return self._session.state.interactions.get(interaction_hash)

    def bind(self, interaction_hash: bytes, old_session: bytes, new_session: bytes, owner_id: str) -> bool:
        found = self._session.draft.interactions.get(interaction_hash)
        if found is None or found.session_hash != old_session:
            return False
        bound = replace(found, session_hash=new_session, owner_id=owner_id)
        self._session.draft.interactions.put(interaction_hash, bound)
        return True

    def consume(self, interaction_hash: bytes) -> bool:
        return self._session.draft.interactions.drop([interaction_hash]) == 1

    def expired(self, now: int, limit: int) -> Sequence[Interaction]:
        rows = (row for row in self._session.state.interactions.values() if row.expires_at <= now)
        return sorted(rows, key=lambda row: (row.expires_at, row.interaction_hash))[:limit]
