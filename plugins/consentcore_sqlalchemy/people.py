"""Clients, owners and interactions inside a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, select, update

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
from consentcore_sqlalchemy.rows.people import (
    client_from,
    client_values,
    endpoint_from,
    endpoint_values,
    health_values,
    identity_from,
    identity_values,
    interaction_from,
    owner_from,
    owner_values,
    session_from,
    session_values,
    ticket_from,
    ticket_values,
)
from consentcore_sqlalchemy.tables import (
    client,
    interaction,
    owner,
    owner_identity,
    owner_session,
    owner_ticket,
    webhook_endpoint,
)
from consentcore_sqlalchemy.work import Work

_UNKNOWN = object()


class SqlClients:
    """:class:`consentcore.api.ClientRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._known: dict[str, Client] = {}

    def get(self, client_id: str) -> Client | None:
        row = self._work.first(select(client).where(client.c.client_id == client_id))
        if not row:
            return None
        found = client_from(row)
        self._known[client_id] = found
        return found

    def add(self, item: Client) -> None:
        self._work.add(client, client_values(item))

    def update(self, item: Client) -> None:
        # Only what differs from what was read: somebody who suspends it meanwhile must not be overwritten.
        known, values = self._known.get(item.client_id), client_values(item)
        before = client_values(known) if known else {}
        changed = {name: value for name, value in values.items() if before.get(name, _UNKNOWN) != value}
        self._known[item.client_id] = item
        if changed:
            self._work.write(update(client).where(client.c.client_id == item.client_id).values(changed))

    def add_endpoint(self, endpoint: WebhookEndpoint) -> None:
        self._work.add(webhook_endpoint, endpoint_values(endpoint) | health_values(endpoint.health))

    def update_endpoint(self, endpoint: WebhookEndpoint) -> None:
        same = webhook_endpoint.c.endpoint_id == endpoint.endpoint_id
        self._work.write(update(webhook_endpoint).where(same).values(endpoint_values(endpoint)))

    def set_health(self, endpoint_id: str, health: EndpointHealth) -> None:
        same = webhook_endpoint.c.endpoint_id == endpoint_id
        self._work.write(update(webhook_endpoint).where(same).values(health_values(health)))

    def remove_endpoint(self, endpoint_id: str) -> bool:
        same = webhook_endpoint.c.endpoint_id == endpoint_id
        return self._work.write(delete(webhook_endpoint).where(same)) > 0

    def get_endpoint(self, endpoint_id: str) -> WebhookEndpoint | None:
        row = self._work.first(select(webhook_endpoint).where(webhook_endpoint.c.endpoint_id == endpoint_id))
        return endpoint_from(row) if row else None

    def lock_endpoint(self, endpoint_id: str) -> WebhookEndpoint | None:
        same = webhook_endpoint.c.endpoint_id == endpoint_id
        row = self._work.locked(select(webhook_endpoint).where(same))
        return endpoint_from(row) if row else None

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
        return [endpoint_from(row) for row in self._work.rows(failing)]

    def endpoints(self, client_id: str) -> Sequence[WebhookEndpoint]:
        theirs = (
            select(webhook_endpoint)
            .where(webhook_endpoint.c.client_id == client_id)
            .order_by(webhook_endpoint.c.created_at, webhook_endpoint.c.endpoint_id)
        )
        return [endpoint_from(row) for row in self._work.rows(theirs)]

    def list(self, *, after: str = "", limit: int = 100) -> Sequence[Client]:
        page = select(client).where(client.c.client_id > after).order_by(client.c.client_id).limit(limit)
        return [client_from(row) for row in self._work.rows(page)]


_OWNER = tuple(column for column in owner.c if column.name != "password_hash")


class SqlOwners:
    """:class:`consentcore.api.OwnerRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, owner_id: str) -> Owner | None:
        row = self._work.first(select(*_OWNER).where(owner.c.owner_id == owner_id))
        return owner_from(row) if row else None

    def by_email(self, email: str) -> Owner | None:
        row = self._work.first(select(*_OWNER).where(owner.c.email == email))
        return owner_from(row) if row else None

    def list(self, *, after: str = "", limit: int = 100) -> Sequence[Owner]:
        page = select(*_OWNER).where(owner.c.owner_id > after).order_by(owner.c.owner_id).limit(limit)
        return [owner_from(row) for row in self._work.rows(page)]

    def lock(self, owner_id: str) -> Owner | None:
        row = self._work.locked(select(*_OWNER).where(owner.c.owner_id == owner_id))
        return owner_from(row) if row else None

    def add(self, item: Owner) -> None:
        self._work.add(owner, owner_values(item))

    def update(self, item: Owner) -> None:
        self._work.write(update(owner).where(owner.c.owner_id == item.owner_id).values(owner_values(item)))

    def password_hash(self, owner_id: str) -> str | None:
        found: str | None = self._work.scalar(
            select(owner.c.password_hash).where(owner.c.owner_id == owner_id)
        )
        return found

    def set_password_hash(self, owner_id: str, encoded: str) -> None:
        self._work.write(update(owner).where(owner.c.owner_id == owner_id).values(password_hash=encoded))

    def add_session(self, session: OwnerSession) -> None:
        self._work.add(owner_session, session_values(session))

    def session(self, session_hash: bytes, now: int) -> OwnerSession | None:
        row = self._work.first(
            select(owner_session).where(
                owner_session.c.session_hash == session_hash, owner_session.c.expires_at > now
            )
        )
        return session_from(row) if row else None

    def sessions(self, owner_id: str, now: int) -> Sequence[OwnerSession]:
        live = (
            select(owner_session)
            .where(owner_session.c.owner_id == owner_id, owner_session.c.expires_at > now)
            .order_by(owner_session.c.created_at.desc(), owner_session.c.session_hash.desc())
        )
        return [session_from(row) for row in self._work.rows(live)]

    def touch_session(self, session_hash: bytes, seen_at: int) -> None:
        same = owner_session.c.session_hash == session_hash
        self._work.write(update(owner_session).where(same).values(seen_at=seen_at))

    def end_session(self, session_hash: bytes) -> bool:
        return self._work.write(delete(owner_session).where(owner_session.c.session_hash == session_hash)) > 0

    def end_sessions(self, owner_id: str, *, keep: bytes = b"") -> int:
        theirs = owner_session.c.owner_id == owner_id
        return self._work.write(delete(owner_session).where(theirs, owner_session.c.session_hash != keep))


class SqlTickets:
    """:class:`consentcore.api.TicketRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, ticket: OwnerTicket) -> None:
        self._work.add(owner_ticket, ticket_values(ticket))

    def get(self, ticket_hash: bytes, now: int) -> OwnerTicket | None:
        live = owner_ticket.c.ticket_hash == ticket_hash, owner_ticket.c.expires_at > now
        row = self._work.first(select(owner_ticket).where(*live))
        return ticket_from(row) if row else None

    def use(self, ticket_hash: bytes, purpose: str, now: int) -> OwnerTicket | None:
        unused = (
            update(owner_ticket)
            .where(
                owner_ticket.c.ticket_hash == ticket_hash,
                owner_ticket.c.purpose == purpose,
                owner_ticket.c.expires_at > now,
                owner_ticket.c.used_at.is_(None),
            )
            .values(used_at=now)
            .returning(*owner_ticket.c)
        )
        rows = self._work.returning(unused)
        return ticket_from(rows[0]) if rows else None

    def drop(self, owner_id: str, purposes: Iterable[str]) -> int:
        theirs = owner_ticket.c.owner_id == owner_id, owner_ticket.c.purpose.in_(list(purposes))
        return self._work.write(delete(owner_ticket).where(*theirs))


class SqlIdentities:
    """:class:`consentcore.api.IdentityRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, issuer: str, subject: str) -> OwnerIdentity | None:
        same = owner_identity.c.issuer == issuer, owner_identity.c.subject == subject
        row = self._work.first(select(owner_identity).where(*same))
        return identity_from(row) if row else None

    def add(self, identity: OwnerIdentity) -> None:
        self._work.add(owner_identity, identity_values(identity))

    def of_owner(self, owner_id: str) -> Sequence[OwnerIdentity]:
        theirs = (
            select(owner_identity)
            .where(owner_identity.c.owner_id == owner_id)
            .order_by(owner_identity.c.created_at, owner_identity.c.issuer, owner_identity.c.subject)
        )
        return [identity_from(row) for row in self._work.rows(theirs)]


class SqlInteractions:
    """:class:`consentcore.api.InteractionRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def get(self, interaction_hash: bytes) -> Interaction | None:
        row = self._work.first(select(interaction).where(interaction.c.interaction_hash == interaction_hash))
        return interaction_from(row) if row else None

    def bind(self, interaction_hash: bytes, old_session: bytes, new_session: bytes, owner_id: str) -> bool:
        theirs = (
            update(interaction)
            .where(
                interaction.c.interaction_hash == interaction_hash, interaction.c.session_hash == old_session
            )
            .values(session_hash=new_session, owner_id=owner_id)
        )
        return self._work.write(theirs) > 0

    def consume(self, interaction_hash: bytes) -> bool:
        taken = delete(interaction).where(interaction.c.interaction_hash == interaction_hash)
        return self._work.write(taken) > 0

    def expired(self, now: int, limit: int) -> Sequence[Interaction]:
        over = (
            select(interaction)
            .where(interaction.c.expires_at <= now)
            .order_by(interaction.c.expires_at, interaction.c.interaction_hash)
            .limit(limit)
        )
        return [interaction_from(row) for row in self._work.rows(over)]
